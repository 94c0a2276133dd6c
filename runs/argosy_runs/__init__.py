"""What became of a run, from the pipeline, the nodes of its workflow and its records."""

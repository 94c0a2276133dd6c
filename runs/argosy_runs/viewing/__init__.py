"""What became of a run and its tasks, from its pipeline, its nodes and its records."""

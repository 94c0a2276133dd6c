"""Create Workflows: the first one of a run, and one that goes on with it."""

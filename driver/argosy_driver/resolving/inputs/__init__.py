"""The inputs of tasks: parameters, artifacts, and the items of loops."""

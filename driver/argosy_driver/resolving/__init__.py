"""Inputs, outputs, conditions and item counts of tasks, from the IR and the records."""

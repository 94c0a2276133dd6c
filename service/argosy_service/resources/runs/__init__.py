"""Runs, their tasks and logs."""

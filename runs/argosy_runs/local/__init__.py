"""Runs of this machine: where they are, and how they are read, listed, shown and deleted."""

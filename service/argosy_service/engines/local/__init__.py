"""The embedded engine: each run in a process of its own, so that a crash takes one run."""

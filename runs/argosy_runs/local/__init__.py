"""Runs of this machine: where they are, and how they are read, listed, shown and deleted."""

from typing import Final

DEFAULT_HOME: Final = ".argosy"
"""Where runs live, in the working directory."""

"""What the service needs to know of the journal of a run, beyond its result."""

from __future__ import annotations

from pathlib import Path

from argosy_runs.journal import EngineStarted, JournalReader, RunEnded, StopRequested


def count_ends(journal: Path) -> int:
    """Return how many engines have worked on a run to its end."""
    return sum(isinstance(entry, RunEnded) for entry in JournalReader(journal).read())


def is_stopping(journal: Path) -> bool:
    """Return whether the engine that works on a run has taken note that it is to stop."""
    stopping = False
    for entry in JournalReader(journal).read():
        if isinstance(entry, EngineStarted | StopRequested):
            stopping = isinstance(entry, StopRequested)
    return stopping

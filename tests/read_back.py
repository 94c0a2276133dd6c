"""Every run that a test makes is read back from its home: it must be what the run returned."""

from __future__ import annotations

from pathlib import Path

from argosy_runs.reading import read_run
from argosy_runs.results import RunResult


def read_back(home: Path, result: RunResult) -> RunResult:
    """Return the result of a run, after reading the same from its home."""
    assert read_run(home, result.run_id).to_json() == result.to_json()
    return result

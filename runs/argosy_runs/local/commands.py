"""Commands of ``argosy`` on the runs of a home."""

from __future__ import annotations

from pathlib import Path

from argosy_runs.local import DEFAULT_HOME
from argosy_runs.places import RunReference, write_command


def write_local_command(verb: str, run: RunReference | None, home: Path) -> str:
    """Return a command as :meth:`argosy_runs.places.RunPlace.command` has it."""
    options = () if home == Path(DEFAULT_HOME) else ("--home", str(home))
    return write_command(verb, run, options)

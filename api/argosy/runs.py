"""The runs of this machine: ``argosy.runs.list()`` and ``argosy.runs.get("@latest")``."""

from __future__ import annotations

import os
from pathlib import Path

from argosy_runs.local.listing import list_runs
from argosy_runs.local.reading import read_run
from argosy_runs.local.selecting import select_run
from argosy_runs.places import RunEntry
from argosy_runs.results import RunResult

__all__ = ["get", "list"]


def get(run: str, *, home: str | os.PathLike[str] = ".argosy") -> RunResult:
    """Return what became of a run, also while it lasts and after its process was killed.

    Args:
        run: Its id, the first characters of it if no other run has the same, ``@latest``, or
            ``@latest-failed``.
        home: Where the run was started.

    Raises:
        InvalidArgumentError: There is no such run, more than one, or it cannot be read.
        StoreError: The home cannot be read.
    """
    directory = Path(home)
    return read_run(directory, select_run(directory, run))


def list(*, home: str | os.PathLike[str] = ".argosy") -> tuple[RunEntry, ...]:
    """Return the runs of a home, newest first; empty if there is no such directory.

    A run whose files cannot be read is left out; :func:`get` says what is wrong with it.
    """
    return list_runs(Path(home))

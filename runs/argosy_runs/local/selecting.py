"""Which run of a home a person means."""

from __future__ import annotations

from pathlib import Path

from argosy_runs.local.home import find_run
from argosy_runs.local.listing import list_runs
from argosy_runs.places import select_latest
from argosy_schemas.names import RunId


def select_run(home: Path, text: str) -> RunId:
    """Return the id of the run that ``text`` names.

    Args:
        home: Where the runs are.
        text: An id, as many of its first characters as no other run shares, ``@latest`` for the
            run that was created last, or ``@latest-failed`` for the last one that failed.

    Raises:
        InvalidArgumentError: There is no such run, or more than one.
    """
    if not text.startswith("@"):
        return find_run(home, text)
    label = f"'{home / 'runs'}'; give the --home that it was started with"
    return select_latest(text, lambda: list_runs(home), label=label).run_id

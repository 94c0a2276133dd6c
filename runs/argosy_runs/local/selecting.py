"""Which run a person means: an id, the first characters of one, or a word for the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from argosy_runs.local.home import find_run
from argosy_runs.local.listing import list_runs
from argosy_runs.states import RunState
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.names import RunId

LATEST: Final = "@latest"
LATEST_FAILED: Final = "@latest-failed"


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
    if text not in (LATEST, LATEST_FAILED):
        raise InvalidArgumentError(
            f"'{text}' names no run; write '{LATEST}', '{LATEST_FAILED}', or an id"
        )
    states = {RunState.FAILED} if text == LATEST_FAILED else set(RunState)
    for entry in list_runs(home):
        if entry.state in states:
            return entry.run_id
    what = "failed run" if text == LATEST_FAILED else "run"
    raise InvalidArgumentError(
        f"there is no {what} in '{home / 'runs'}'; give the --home that it was started with"
    )

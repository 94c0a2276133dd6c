"""The states of a run, and the history of them."""

from __future__ import annotations

import json
from typing import Any, Final

from argosy_schemas.values import to_json

UNFINISHED: Final = ("PENDING", "RUNNING", "CANCELING")
"""Those of a run that has not ended; KFP's PAUSED is never written."""

TERMINABLE: Final = ("PENDING", "RUNNING")
"""Those in which a run can be asked to stop."""


def add_state(history: str, state: str, at: int) -> str:
    """Return the history of a run with one more state.

    Args:
        history: As the database has it: JSON, the oldest state first.
        state: The new one.
        at: When the run got it, in microseconds. Times in a history never go back, though Argo's
            are whole seconds, by the clock of another machine: an earlier one becomes that of the
            state before.
    """
    states: list[dict[str, Any]] = json.loads(history)
    latest = max((each["at"] for each in states), default=at)
    return to_json([*states, {"at": max(at, latest), "state": state}])

"""What the Workflows of a run are called, so that none is made twice.

A name follows from the run and from how often it was begun: who creates the same Workflow again, at
whatever moment it was interrupted, finds its name taken by its own.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from argosy_schemas.errors import InvalidArgumentError

_UUID: Final = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LABEL_VALUE: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_PREFIX: Final = 44
"""With the rest it stays below the limit of labels, which have names of workflows: 63."""


def check_run_id(run_id: str) -> None:
    """Refuse an id that the pods of a run could not have as a label.

    Raises:
        InvalidArgumentError: It cannot be one.
    """
    if _LABEL_VALUE.fullmatch(run_id) is None:
        raise InvalidArgumentError(
            f"the id '{run_id}' cannot be a label of pods; create the run with an id of up to 63 "
            "characters that ends with a letter or digit, or without one"
        )


def make_workflow_name(prefix: str, run_id: str, attempt: int) -> str:
    """Return the name of the Workflow that begins a run after it ended ``attempt`` times.

    Args:
        prefix: What the compiler calls workflows of the pipeline.
        run_id: Of the run; most often a UUID, whose first characters are in the name.
        attempt: From 0.
    """
    match = _UUID.fullmatch(run_id)
    key = hashlib.sha256(run_id.encode()).hexdigest()[:13] if match is None else match[1]
    name = f"{prefix[:_LONGEST_PREFIX].rstrip('-')}-{key}"
    return f"{name}-{attempt}" if attempt else name

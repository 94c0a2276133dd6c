"""Whether what an earlier attempt of a task finished still holds.

A run that goes on decides everything anew. A task whose upstream has come to something else since
has other inputs, or is told something else, and what it made of the old ones is no result of this
run any more. So a record keeps a digest of both, its *basis*.

The twin of an exit task, which runs when a run was stopped (``add_exit_twins`` in the compiler), is
told that it is one. It is wanted only if the task has not come to its end in its own place: for a
twin, every record holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from argosy_driver.resolving.final_status import state_told
from argosy_schemas.formats.records import Values
from argosy_schemas.formats.records_json import values_to_json
from argosy_schemas.values import to_json


def basis(inputs: Values, told: Mapping[str, str]) -> str:
    """Return the digest of what a task is given.

    Args:
        inputs: As resolved, before anything is told that is new in each attempt, e.g. paths.
        told: Path of a task before to its phase. Phases that a task cannot tell apart count as one.
    """
    states = {path: state_told(phase) or phase for path, phase in told.items()}
    text = to_json({"inputs": values_to_json(inputs), "told": states})
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

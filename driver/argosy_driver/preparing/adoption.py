"""The basis of a task: whether the result of an earlier attempt still holds.

A resumed run decides everything anew. If an upstream task ends differently this time, a task may
get other inputs or other upstream statuses. Then its earlier result no longer holds. So a record
keeps the *basis* of the attempt: a digest of inputs and upstream statuses.

The exit handler of a stopped workflow runs a copy of each exit task (``add_exit_twins`` in the
compiler). A copy has work to do only if the task itself did not end before the stop, so it adopts
any record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from argosy_driver.resolving.final_status import get_final_state
from argosy_schemas.formats.dataclass_json import to_members
from argosy_schemas.formats.records import Values
from argosy_schemas.values import to_json


def compute_basis(inputs: Values, phases: Mapping[str, str]) -> str:
    """Return a digest of the inputs and upstream statuses of a task.

    Args:
        inputs: The resolved inputs, without values that differ between attempts, e.g. paths.
        phases: Path of an upstream task to its phase. Phases that have the same state in a final
            status count as equal.
    """
    states = {path: get_final_state(phase) or phase for path, phase in phases.items()}
    text = to_json({"inputs": to_members(inputs), "upstream": states})
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""What the workflow tells a pod of the tasks that it follows whatever became of them.

A pod is told what its own task follows, or what the DAG that it lies in does, and within that what
is told to the next one further out. The keys of tasks are unique in one DAG only, so the IR has to
say which DAGs those are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import cast

from argosy_driver.nodes import Node
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.names import child_path
from argosy_schemas.pod import UPSTREAM_OUTER
from argosy_schemas.records import Reason


def phases_told(told: Mapping[str, str], node: Node) -> dict[str, str]:
    """Return task path to node phase.

    Args:
        told: Task key to node phase, and :data:`UPSTREAM_OUTER`.
        node: The task whose pod was told.

    Raises:
        FinalTaskError: It is not what a compiler writes.
    """
    found: dict[str, str] = {}
    each: Node | None = node
    while told and each is not None:
        if each.runs_in_any_case:
            inner = {key: phase for key, phase in told.items() if key != UPSTREAM_OUTER}
            frame = each.frame_above
            found |= {child_path(frame.path, key): phase for key, phase in inner.items()}
            told = _decoded(told.get(UPSTREAM_OUTER, ""))
        each = each.frame
    return found


def _decoded(text: str) -> Mapping[str, str]:
    if not text:
        return {}
    try:
        value: object = json.loads(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise _wrong(text) from error
    if not isinstance(value, dict):
        raise _wrong(text)
    members = cast("dict[str, object]", value)
    return {key: member for key, member in members.items() if isinstance(member, str)}


def _wrong(text: str) -> FinalTaskError:
    return FinalTaskError(
        f"what was told of the tasks before is '{text[:60]}', not base64 of a JSON object; look for"
        " a failed expression in the workflow, and compile the pipeline again",
        reason=Reason.INTERNAL,
    )

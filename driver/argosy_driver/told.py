"""What the workflow tells a pod of the tasks that it follows whatever became of them.

A pod is told what its own task follows, or what the DAG that it lies in does, and within that what
is told to the next one further out. The keys of tasks are unique in one DAG only, so the IR has to
say which DAGs those are.

What runs because the workflow was stopped is told of the workflow alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from argosy_driver.nodes import Node
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.names import child_path
from argosy_schemas.pod import UPSTREAM_AT_EXIT, UPSTREAM_OUTER
from argosy_schemas.records import Reason


@dataclass(slots=True, kw_only=True)
class Told:
    """What a pod was told."""

    phases: dict[str, str] = field(default_factory=dict[str, str])
    """Task path to node phase."""
    at_exit: str | None = None
    """The status of the workflow, if it was stopped and this is what runs all the same."""


def read_told(told: Mapping[str, str], node: Node) -> Told:
    """Return what a pod was told, by paths.

    Args:
        told: Task key to node phase, :data:`UPSTREAM_OUTER` and :data:`UPSTREAM_AT_EXIT`.
        node: The task whose pod was told.

    Raises:
        FinalTaskError: It is not what a compiler writes.
    """
    found = Told()
    each: Node | None = node
    while told and each is not None:
        if each.runs_in_any_case:
            found.at_exit = told.get(UPSTREAM_AT_EXIT)
            frame = each.frame_above
            found.phases |= {
                child_path(frame.path, key): phase
                for key, phase in told.items()
                if key not in (UPSTREAM_OUTER, UPSTREAM_AT_EXIT)
            }
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
    if not all(member is None or isinstance(member, str) for member in members.values()):
        raise _wrong(text)
    return {key: member for key, member in members.items() if isinstance(member, str)}


def _wrong(text: str) -> FinalTaskError:
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    return FinalTaskError(
        f"what was told of the tasks before is '{shown}', not base64 of a JSON object of texts;"
        " look for a failed expression in the workflow, and compile the pipeline again",
        reason=Reason.INTERNAL,
    )

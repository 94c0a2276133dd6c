"""Which run a workflow belongs to: one of its own, or one that it goes on with.

A retried run keeps its id and name, and so its place in the store, though its workflow is another
one. A workflow that Argo makes from that again, by ``argo resubmit``, has a name of its own, and
is a run of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from argosy_schemas.formats.dataclass_json import time_to_json
from argosy_schemas.names import RunId
from argosy_schemas.values import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriedRun:
    """A run that goes on in another workflow."""

    id: RunId
    name: str
    """Of its first workflow: what the SDK calls the job's name."""
    created_at: datetime
    """When its first workflow was created."""
    workflow: str
    """The name of the workflow that goes on with it."""

    def to_json(self) -> str:
        """Return the value of the annotation that tells readers of the workflow."""
        return to_json(
            {
                "workflow": self.workflow,
                "run": self.id,
                "name": self.name,
                "createdAt": time_to_json(self.created_at),
            }
        )


def write_run_id(retried: RetriedRun | None) -> str:
    """Return the field that becomes the id of the run."""
    return "{{workflow.uid}}" if retried is None else _choose(retried, retried.id, "workflow.uid")


def write_run_name(retried: RetriedRun | None) -> str:
    """Return the field that becomes the name of the run."""
    if retried is None:
        return "{{workflow.name}}"
    return _choose(retried, retried.name, "workflow.name")


def write_first_creation(retried: RetriedRun) -> str:
    """Return the field that becomes the time when the run was created; empty: the workflow was.

    Argo's expressions have no time of creation: its names hide one another.
    """
    return _choose(retried, retried.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"), "''")


def _choose(retried: RetriedRun, text: str, other: str) -> str:
    # Options name this module, and only a retried run needs expressions.
    from argosy_compiler.argo.expressions import make_tag
    from argosy_expressions.terms import quote

    return make_tag(f"workflow.name == {quote(retried.workflow)} ? {quote(text)} : {other}")

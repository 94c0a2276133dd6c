"""What Argo shows of a task: whether its command ran, and its outputs."""

from __future__ import annotations

from argosy_schemas.formats.records import AttemptRecord
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.message_text import truncate
from argosy_schemas.values import JsonValue, escape_tags, to_json

_LONGEST = 200
_ALL = 2000
"""Of one task's outputs: Argo keeps the summaries of all tasks in one object of limited size."""

_STATES = {
    Decision.RUN: "succeeded",
    Decision.CACHED: "cached",
    Decision.ADOPTED: "adopted",
    Decision.FAILED: "failed",
}


def summarize(step: Step, record: AttemptRecord) -> str:
    """Return the summary of a task that succeeded, as JSON in which no tag of Argo begins."""
    summary: dict[str, JsonValue] = {"state": _STATES[step.decision]}
    if step.cached_from is not None:
        summary["run"] = step.cached_from.run_id
    parameters, large = record.outputs.parameters, record.outputs.large
    names = sorted({*parameters, *large})
    most = min(_LONGEST, _ALL // max(1, len(names)))
    summary["outputs"] = {
        name: truncate(_to_text(parameters[name]), most=most)
        if name in parameters
        else "(long: see the record)"
        for name in names
    }
    return escape_tags(to_json(summary))


def _to_text(value: JsonValue) -> str:
    """Return a text as it is and other values as JSON, as parameters of a workflow are written."""
    return value if isinstance(value, str) else to_json(value)

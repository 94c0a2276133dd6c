"""Encode control values: the small outputs that conditions and loops downstream need.

Argo reads them as one output parameter of the pod. One function computes them from the outputs,
whether these are fresh, cached or adopted, so that a decision never depends on how a task
succeeded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, assert_never

from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason, Values
from argosy_schemas.ir.model import ControlEntry, ControlForm
from argosy_schemas.ir.parameters import to_text
from argosy_schemas.pod import encode_object
from argosy_schemas.values import JsonValue, to_json

MAX_CONTROL_BYTES: Final = 64 * 1024
"""The limit of the base64 text. Argo keeps it in the workflow's status, which has to stay below
1 MiB."""


def encode_control(entries: Iterable[ControlEntry], outputs: Values) -> str:
    """Return the base64 JSON object of ``entries``; empty when there are none.

    Args:
        entries: The values that downstream tasks need.
        outputs: The outputs of the task, with the values of large parameters.

    Raises:
        TaskError: An output is missing, or the text is too long for a workflow.
    """
    values = {entry.key: _compute_value(entry, outputs) for entry in entries}
    if not values:
        return ""
    text = encode_object(values)
    if len(text) > MAX_CONTROL_BYTES:
        raise _make_length_error(values, len(text))
    return text


def _compute_value(entry: ControlEntry, outputs: Values) -> JsonValue:
    if entry.output in outputs.artifacts:
        # Of an artifact list, only the length is ever needed.
        return len(outputs.artifacts[entry.output])
    if entry.output not in outputs.parameters:
        raise TaskError(
            f"a condition or loop needs the output '{entry.output}', which this task did not "
            "produce; run it with '--no-cache'",
            reason=Reason.INTERNAL,
        )
    value = outputs.parameters[entry.output]
    match entry.form:
        case ControlForm.VALUE:
            return value
        case ControlForm.TEXT:
            # Null has no text form: conditions compare it as null.
            return None if value is None else to_text(value)
        case ControlForm.LENGTH:
            return _compute_length(value)
        case _:
            assert_never(entry.form)


def _compute_length(value: JsonValue) -> int | None:
    """Return the number of items of a list, or of the JSON of one.

    ``None`` for anything else: then the loop over it fails, and not the task that produced it.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return len(value) if isinstance(value, Sequence) and not isinstance(value, str) else None


def _make_length_error(values: Mapping[str, JsonValue], length: int) -> TaskError:
    largest = max(values, key=lambda key: len(to_json(values[key])))
    value = values[largest]
    if isinstance(value, Sequence) and not isinstance(value, str):
        what = (
            f"let the component return fewer or shorter items than these {len(value)}, e.g. ids "
            "that tasks in the loop make paths of, or let no condition read the items"
        )
    else:
        what = "let the component return the part that conditions read as a separate output"
    return TaskError(
        f"output '{largest.partition('@')[0]}' is too long for a condition or loop to decide by: "
        f"{length} of {MAX_CONTROL_BYTES} bytes in the workflow; {what}",
        reason=Reason.INVALID_OUTPUT,
    )

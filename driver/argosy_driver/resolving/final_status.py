"""``PipelineTaskFinalStatus``: the outcome of an upstream task, as an input parameter.

States are spelt as in ML Metadata, because the reference does so and the SDK's own samples assert
it (``ir-semantics`` 4.5). A cached task is ``COMPLETE`` like any other that succeeded.
"""

from __future__ import annotations

from collections.abc import Callable

from argosy_driver.resolving.phases import OMITTED, SUCCEEDED
from argosy_schemas.values import JsonValue

_STATES = {
    SUCCEEDED: "COMPLETE",
    "Failed": "FAILED",
    "Error": "FAILED",
    "Skipped": "CANCELED",
    OMITTED: "CANCELED",
}
# gRPC codes: FAILED_PRECONDITION and CANCELLED.
_FAILED_CODE = 9
_CANCELED_CODE = 1


def make_final_status(
    task_key: str, phase: str, *, job: str, find_error: Callable[[], str | None]
) -> dict[str, JsonValue] | None:
    """Return the value of a ``TASK_FINAL_STATUS`` input; ``None`` for an unknown phase.

    Args:
        task_key: The task that ended.
        phase: The phase of its node in the workflow.
        job: The name of the workflow.
        find_error: Returns why the task failed, or ``None`` if that is not known.
    """
    state = get_final_state(phase)
    if state is None:
        return None
    error: dict[str, JsonValue] = {}
    if state == "FAILED":
        why = find_error()
        message = f"task {task_key} failed" + ("" if why is None else f": {why}")
        error = {"code": _FAILED_CODE, "message": message}
    elif state == "CANCELED":
        error = {"code": _CANCELED_CODE, "message": f"task {task_key} did not run"}
    return {
        "state": state,
        "pipelineTaskName": task_key,
        "pipelineJobResourceName": job,
        "error": error,
    }


def get_final_state(phase: str) -> str | None:
    """Return the ``state`` of a final status for a node phase; ``None`` for an unknown phase."""
    return _STATES.get(phase)

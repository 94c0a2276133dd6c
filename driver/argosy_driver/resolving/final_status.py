"""``PipelineTaskFinalStatus``: what a task that runs in any case is told of the one before it.

States are spelt as in ML Metadata, since the reference does so and the SDK's own samples assert it
(``ir-semantics`` 4.5). A cached task is ``COMPLETE``: where a result came from is no outcome.
"""

from __future__ import annotations

from collections.abc import Callable

from argosy_schemas.values import JsonValue

SUCCEEDED = "Succeeded"
OMITTED = "Omitted"

_STATES = {
    SUCCEEDED: "COMPLETE",
    "Failed": "FAILED",
    "Error": "FAILED",
    "Skipped": "CANCELED",
    OMITTED: "CANCELED",
}
# Of gRPC's codes: a precondition failed, and cancelled.
_FAILED_CODE = 9
_CANCELED_CODE = 1


def final_status(
    task_key: str, phase: str, *, job: str, why_failed: Callable[[], str | None]
) -> dict[str, JsonValue] | None:
    """Return the value for a ``TASK_FINAL_STATUS`` input; ``None`` for an unknown phase.

    Args:
        task_key: The task that ended.
        phase: The phase of its node in the workflow.
        job: The name of the workflow.
        why_failed: Returns the error of the task, or ``None`` if it is not known.
    """
    state = state_told(phase)
    if state is None:
        return None
    error: dict[str, JsonValue] = {}
    if state == "FAILED":
        why = why_failed()
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


def state_told(phase: str) -> str | None:
    """Return what a task is told of the phase of another; ``None`` for an unknown phase."""
    return _STATES.get(phase)

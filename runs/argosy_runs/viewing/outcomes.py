"""From the phase of a node to the state of its task: only this module converts them.

Phases are Argo's, states are ours. A phase alone is not enough: a pod that the stop of the run
ended has failed for Argo, and is canceled here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from argosy_runs.nodes import NodePhase, NodeStatus, ShutdownMessage
from argosy_runs.states import TaskState
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.names import TaskPath

RUN_STOPPED = Failure(reason=Reason.CANCELED, message="the run was stopped")
CONDITION_FALSE = "its condition was false"
STOPPED = "the run was stopped before it could start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task."""

    state: TaskState
    reason: str | None = None
    """Why it was skipped, did not run or was canceled; names the upstream task."""
    error: str | None = None
    """Why it failed."""
    failed_path: TaskPath | None = None
    """The task whose failure made it fail: itself, or one in it."""


def derive_task_state(
    phase: NodePhase, *, message: str = "", failure: Failure | None = None
) -> TaskState:
    """Return the state of a task whose node is in a phase.

    Args:
        phase: Of the node.
        message: Of the node.
        failure: Of its last attempt, if that failed.
    """
    match phase:
        case NodePhase.PENDING:
            return TaskState.PENDING
        case NodePhase.RUNNING:
            return TaskState.RUNNING
        case NodePhase.SUCCEEDED:
            return TaskState.SUCCEEDED
        case NodePhase.SKIPPED:
            return TaskState.SKIPPED
        case NodePhase.OMITTED:
            return TaskState.NOT_RUN
        case NodePhase.FAILED | NodePhase.ERROR:
            if failure is not None:
                stopped = failure.reason is Reason.CANCELED
                return TaskState.CANCELED if stopped else TaskState.FAILED
            if message == ShutdownMessage.STOP:
                return TaskState.CANCELED
            if message == ShutdownMessage.DEADLINE:
                return TaskState.NOT_RUN
            return TaskState.FAILED
        case _:
            assert_never(phase)


def derive_node_outcome(
    node: NodeStatus, *, failure: Failure | None, stop: Failure | None, error: str | None
) -> Outcome:
    """Return what became of a task by its node, which has ended and was not omitted.

    Args:
        node: The node.
        failure: Of its last attempt, if that failed.
        stop: Why the run was stopped, if it was.
        error: Why the node failed, in words for people, where no attempt says it.
    """
    state = derive_task_state(node.phase, message=node.message, failure=failure)
    match state:
        case TaskState.FAILED:
            message = error if failure is None else failure.message
            return Outcome(state=state, error=message, failed_path=node.path)
        case TaskState.CANCELED if failure is not None:
            return Outcome(state=state, reason=failure.message)
        case TaskState.CANCELED:
            return Outcome(state=state, reason=STOPPED)
        case TaskState.NOT_RUN:
            return Outcome(state=state, reason=None if stop is None else stop.message)
        case TaskState.SKIPPED:
            return Outcome(state=state, reason=CONDITION_FALSE)
        case TaskState.PENDING | TaskState.RUNNING | TaskState.SUCCEEDED:
            return Outcome(state=state)
        case _:
            assert_never(state)


def make_stopped_outcome(stop: Failure) -> Outcome:
    """Return what became of a task that had not begun when the run was stopped."""
    if stop.reason is Reason.CANCELED:
        return Outcome(state=TaskState.CANCELED, reason=STOPPED)
    return Outcome(state=TaskState.NOT_RUN, reason=stop.message)


def derive_group_outcome(
    own: Outcome, inner: Iterable[Outcome], *, stop: Failure | None
) -> Outcome:
    """Return what became of a DAG, loop or iteration that began and has ended.

    Args:
        own: By its node.
        inner: Of the tasks in it, in the order of the DAG, or of the iterations.
        stop: Why the run was stopped, if it was.
    """
    canceled: Outcome | None = None
    nothing_ran = True
    for each in inner:
        if each.state is TaskState.FAILED:
            return Outcome(
                state=TaskState.FAILED,
                error=f"'{each.failed_path}' failed",
                failed_path=each.failed_path,
            )
        if each.state is TaskState.CANCELED and canceled is None:
            canceled = each
        nothing_ran = nothing_ran and each.state in (TaskState.NOT_RUN, TaskState.SKIPPED)
    if canceled is not None:
        return Outcome(state=TaskState.CANCELED, reason=canceled.reason)
    if own.state is TaskState.FAILED and own.error is None and stop is not None:
        # Nothing in it failed: the run was ended before all of it could begin.
        if nothing_ran:
            return Outcome(state=TaskState.NOT_RUN, reason=stop.message)
        return Outcome(state=TaskState.FAILED, error=stop.message, failed_path=own.failed_path)
    return own


def make_deadline_failure(seconds: float) -> Failure:
    """Return the failure of a run that passed its deadline."""
    return Failure(
        reason=Reason.DEADLINE_EXCEEDED, message=f"the run did not end within {seconds:g} s"
    )


def make_upstream_reason(key: str, state: TaskState) -> str:
    """Return why a task did not run whose upstream task or group ``key`` has a state."""
    match state:
        case TaskState.FAILED:
            return f"'{key}' failed"
        case TaskState.SKIPPED:
            return f"'{key}' was skipped"
        case TaskState.CANCELED:
            return f"'{key}' was canceled"
        case TaskState.NOT_RUN:
            return f"'{key}' did not run"
        case TaskState.SUCCEEDED:
            return f"'{key}' ended without it"
        case TaskState.PENDING | TaskState.RUNNING:
            return f"'{key}' has not ended"
        case _:
            assert_never(state)

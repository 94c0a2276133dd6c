"""Make the result of a run: what became of it and of each task, with all that is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from argosy_runs.input_sources import find_input_sources
from argosy_runs.nodes import NodePhase
from argosy_runs.results import (
    ENDED_AS,
    RunResult,
    TaskResult,
    find_own_failures,
    format_failure,
    make_path_key,
)
from argosy_runs.states import RunState, TaskState
from argosy_runs.viewing.outcomes import Outcome
from argosy_runs.viewing.run_spec import RunSpec
from argosy_runs.viewing.task_nodes import TaskAttempts, TaskNodes
from argosy_runs.viewing.values import TaskValues
from argosy_runs.viewing.view import RunView
from argosy_schemas.formats.records import Reason, Values
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import TaskPath

_NO_NODES = TaskNodes()
_NO_ATTEMPTS = TaskAttempts()
_NO_VALUES = (Values(), Values())


def make_run_result(
    spec: RunSpec,
    view: RunView,
    values: TaskValues,
    *,
    log_root: str,
    ended_at: datetime | None,
    with_values: bool = True,
) -> RunResult:
    """Return what became of a run so far.

    Args:
        spec: What the run was started with.
        view: Of its nodes.
        values: Of the same nodes.
        log_root: The root of its store, as it stands before the keys of logs.
        ended_at: When it ended; ``None`` while it lasts.
        with_values: Whether the inputs and outputs of tasks are needed.
    """
    found = (
        _task_result(
            *each,
            spec=spec,
            view=view,
            values=values,
            log_root=log_root,
            with_values=with_values,
        )
        for each in view.tasks()
    )
    tasks = tuple(sorted(found, key=lambda task: make_path_key(task.path)))
    state, error = _run_state(view, tasks)
    return RunResult(
        run_id=spec.run_id,
        pipeline=spec.pipeline,
        state=state,
        started_at=view.started_at or spec.created_at,
        finished_at=ended_at if state.is_final else None,
        error=error,
        outputs=values.run_outputs() if state is RunState.SUCCEEDED else Values(),
        tasks=tasks,
    )


def _task_result(
    position: TaskPosition,
    outcome: Outcome,
    *,
    spec: RunSpec,
    view: RunView,
    values: TaskValues,
    log_root: str,
    with_values: bool,
) -> TaskResult:
    path = position.path
    node = view.nodes.tasks.get(path, _NO_NODES).node
    attempts = view.nodes.attempts.get(path, _NO_ATTEMPTS)
    inputs, outputs = _NO_VALUES
    if with_values:
        inputs, outputs = values.of_task(position, outcome.state, attempts.last)
    log = attempts.last.log
    started_at = None if node is None else node.started_at
    known = view.known.records.get(path)
    return TaskResult(
        path=path,
        kind=position.kind,
        name=path.rpartition("/")[2],
        display_name=position.display_name,
        item=values.item(position),
        state=outcome.state,
        reason=outcome.reason,
        cached=attempts.last.cached or (known is not None and known.run_id != spec.run_id),
        attempts=attempts.count,
        inputs=inputs,
        outputs=outputs,
        error=outcome.error,
        failure=attempts.last.failure if outcome.state is TaskState.FAILED else None,
        log=None if log is None else f"{log_root}/{log}",
        pod=attempts.pod,
        sources=find_input_sources(position) if with_values else {},
        started_at=started_at,
        finished_at=None if node is None or started_at is None else node.finished_at,
    )


def _run_state(view: RunView, tasks: Sequence[TaskResult]) -> tuple[RunState, str | None]:
    """Return the state of a run and its error."""
    if not view.is_over:
        return (RunState.PENDING if view.started_at is None else RunState.RUNNING), None
    if view.stop is not None:
        canceled = view.stop.reason is Reason.CANCELED
        return RunState.CANCELED if canceled else RunState.FAILED, view.stop.message
    failures = find_own_failures(tasks)
    if failures:
        return RunState.FAILED, format_failure(failures[0].path, failures[0].error)
    if view.abandonment is not None:
        return RunState.FAILED, view.abandonment.error
    root = view.nodes.phase(TaskPath(""))
    at_exit = view.nodes.exit_root
    phase = at_exit.phase if root is NodePhase.SUCCEEDED and at_exit is not None else root
    helper = view.nodes.tasks.get(TaskPath(""), _NO_NODES).failed_helper
    if helper is not None and helper.message:
        return RunState.FAILED, helper.message
    if phase is not NodePhase.SUCCEEDED:
        return RunState.FAILED, f"{ENDED_AS} {phase}"
    return RunState.SUCCEEDED, None

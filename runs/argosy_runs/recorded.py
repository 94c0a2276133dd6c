"""What the records of a run still say of it when nothing else is left.

States come from nodes, which went with the workflow. A record says how one attempt ended; it knows
neither the pipeline nor what did not run. So the result has the tasks with records, flat, and a
notice that says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from argosy_runs.results import (
    RunResult,
    TaskResult,
    find_own_failures,
    format_failure,
    make_path_key,
)
from argosy_runs.states import RunState, TaskState
from argosy_schemas.formats.records import AttemptRecord, AttemptState, Values
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import RunId, TaskPath
from argosy_store.objects import ObjectStore
from argosy_store.parallel import for_each
from argosy_store.run_records import RunRecords

_WIDTH: Final = 16
_NOTICE: Final = (
    "the workflow of this run is gone; this is what its records say, without the tasks that have "
    "none"
)
_NO_WORD: Final = "its pod ended without a word"


def read_recorded_run(
    store: ObjectStore, run_id: RunId, *, log_root: str, with_values: bool
) -> RunResult | None:
    """Return what the records of a run say; ``None``: it has none.

    Args:
        store: Holds the records.
        run_id: Of the run.
        log_root: The root of the store, as it stands before the keys of logs.
        with_values: Whether the inputs and outputs of tasks are needed.

    Raises:
        StoreError: A record cannot be read.
    """
    records = RunRecords(store, run_id)
    found = _read_attempts(records)
    if not found:
        return None
    tasks = _make_tasks(found, records, log_root=log_root, with_values=with_values, is_over=True)
    state, error = _derive_state(tasks)
    times = [attempt for attempts in found.values() for attempt in attempts]
    ends = [attempt.finished_at for attempt in times if attempt.finished_at is not None]
    return RunResult(
        run_id=run_id,
        pipeline=times[0].pipeline,
        state=state,
        started_at=min(attempt.started_at for attempt in times),
        finished_at=max(ends, default=None),
        error=error,
        tasks=tasks,
        notices=(_NOTICE,),
    )


def read_recorded_tasks(
    records: RunRecords, *, log_root: str, with_values: bool, is_over: bool
) -> tuple[TaskResult, ...]:
    """Return what the records of a run say of its tasks; those without a record are left out.

    Args:
        records: Of the run.
        log_root: As for :func:`read_recorded_run`.
        with_values: Likewise.
        is_over: Whether the run is, so that no attempt goes on.

    Raises:
        StoreError: A record cannot be read.
    """
    return _make_tasks(
        _read_attempts(records),
        records,
        log_root=log_root,
        with_values=with_values,
        is_over=is_over,
    )


def _read_attempts(records: RunRecords) -> dict[TaskPath, Sequence[AttemptRecord]]:
    """Return the attempts at each task that has a record, the last one last."""
    found: dict[TaskPath, Sequence[AttemptRecord]] = {}

    def read(path: TaskPath) -> None:
        found[path] = list(records.read_attempts(path))

    traces = records.find_traces(TaskPath(""))
    paths = traces.succeeded.union(path for path, _ in traces.unfinished)
    for_each(read, paths, width=_WIDTH)
    return {path: attempts for path, attempts in found.items() if attempts}


def _make_tasks(
    found: Mapping[TaskPath, Sequence[AttemptRecord]],
    records: RunRecords,
    *,
    log_root: str,
    with_values: bool,
    is_over: bool,
) -> tuple[TaskResult, ...]:
    results = (
        _make_task(
            path,
            attempts,
            records,
            log_root=log_root,
            with_values=with_values,
            is_over=is_over,
        )
        for path, attempts in found.items()
    )
    return tuple(sorted(results, key=lambda task: make_path_key(task.path)))


def _make_task(
    path: TaskPath,
    attempts: Sequence[AttemptRecord],
    records: RunRecords,
    *,
    log_root: str,
    with_values: bool,
    is_over: bool,
) -> TaskResult:
    done = (AttemptState.SUCCEEDED, AttemptState.CACHED)
    last = next((each for each in attempts if each.state in done), attempts[-1])
    goes_on = last.state is AttemptState.RUNNING and not is_over
    state = TaskState.RUNNING if goes_on else _STATES[last.state]
    inputs, outputs = Values(), Values()
    if with_values:
        inputs = records.load_large_values(last.inputs)
        outputs = records.load_large_values(last.outputs)
    return TaskResult(
        path=path,
        kind=TaskKind.CONTAINER,
        name=path.rpartition("/")[2],
        display_name=path,
        state=state,
        reason=_NO_WORD if last.state is AttemptState.RUNNING and is_over else None,
        cached=last.state is AttemptState.CACHED,
        attempts=len(attempts),
        inputs=inputs,
        outputs=outputs,
        error=last.failure.message if state is TaskState.FAILED and last.failure else None,
        failure=last.failure,
        log=None if last.log is None else f"{log_root}/{last.log}",
        started_at=last.started_at,
        finished_at=last.finished_at,
    )


_STATES: Final[Mapping[AttemptState, TaskState]] = {
    AttemptState.RUNNING: TaskState.CANCELED,
    AttemptState.SUCCEEDED: TaskState.SUCCEEDED,
    AttemptState.CACHED: TaskState.SUCCEEDED,
    AttemptState.FAILED: TaskState.FAILED,
    AttemptState.CANCELED: TaskState.CANCELED,
}


def _derive_state(tasks: Sequence[TaskResult]) -> tuple[RunState, str | None]:
    failures = find_own_failures(tasks)
    if failures:
        return RunState.FAILED, format_failure(failures[0].path, failures[0].error)
    if any(task.state is TaskState.CANCELED for task in tasks):
        return RunState.CANCELED, None
    return RunState.SUCCEEDED, None

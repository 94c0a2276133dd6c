"""Events of a run that is looked at again and again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from argosy_runs.events import Event, RunFinished, RunStarted, TaskFinished, TaskStarted
from argosy_runs.result_events import ResultEvents
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import RunState, TaskState
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import RunId, TaskPath

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def task(
    path: str,
    state: TaskState,
    *,
    kind: TaskKind = TaskKind.CONTAINER,
    second: int = 0,
    attempts: int = 1,
    item: str | None = None,
    error: str | None = None,
) -> TaskResult:
    at = NOW + timedelta(seconds=second)
    return TaskResult(
        path=TaskPath(path),
        kind=kind,
        name=path,
        display_name=path,
        state=state,
        attempts=attempts,
        item=item,
        error=error,
        started_at=NOW,
        finished_at=at if state.is_final else None,
    )


def run(state: RunState, *tasks: TaskResult) -> RunResult:
    return RunResult(
        run_id=RunId("r"),
        pipeline="p",
        state=state,
        started_at=NOW,
        finished_at=NOW if state.is_final else None,
        tasks=tasks,
    )


def told(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Return the kind and the task of each event."""
    return [(type(event).__name__, getattr(event, "path", "")) for event in events]


def look(seen: ResultEvents, result: RunResult) -> list[tuple[str, str]]:
    return told(list(seen.take(result)))


def test_each_change_is_told_once() -> None:
    seen = ResultEvents()
    running = run(RunState.RUNNING, task("a", TaskState.RUNNING), task("b", TaskState.PENDING))
    over = run(RunState.SUCCEEDED, task("a", TaskState.SUCCEEDED), task("b", TaskState.SUCCEEDED))

    assert look(seen, running) == [("RunStarted", ""), ("TaskStarted", "a")]
    assert look(seen, running) == []
    assert look(seen, over) == [("TaskFinished", "a"), ("TaskFinished", "b"), ("RunFinished", "")]
    assert look(seen, over) == []


def test_another_attempt_is_told() -> None:
    seen = ResultEvents()
    look(seen, run(RunState.RUNNING, task("a", TaskState.RUNNING)))

    (event,) = seen.take(run(RunState.RUNNING, task("a", TaskState.RUNNING, attempts=2)))

    assert isinstance(event, TaskStarted)
    assert event.attempt == 2


def test_what_is_in_a_group_ends_before_it_and_has_the_error() -> None:
    seen = ResultEvents()
    group = task("g", TaskState.FAILED, kind=TaskKind.DAG, second=3, error="'g/a' failed")
    events = list(
        seen.take(
            run(RunState.FAILED, group, task("g/a", TaskState.FAILED, second=3, error="exit 7"))
        )
    )

    finished = [event for event in events if isinstance(event, TaskFinished)]
    assert [(event.path, event.error) for event in finished] == [("g/a", "exit 7"), ("g", None)]


def test_tasks_in_iterations_have_the_labels_of_their_items() -> None:
    seen = ResultEvents()
    result = run(
        RunState.RUNNING,
        task("loop", TaskState.RUNNING, kind=TaskKind.LOOP),
        task("loop/0", TaskState.RUNNING, kind=TaskKind.ITERATION, item="red"),
        task("loop/0/show", TaskState.RUNNING),
    )

    events = [event for event in seen.take(result) if isinstance(event, TaskStarted)]

    assert [(event.path, event.items) for event in events] == [("loop/0/show", ("red",))]


def test_a_run_that_was_over_before_the_first_look_is_told_whole() -> None:
    events = list(ResultEvents().take(run(RunState.CANCELED, task("a", TaskState.CANCELED))))

    assert [type(event) for event in events] == [RunStarted, TaskFinished, RunFinished]

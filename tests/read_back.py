"""Every run that a test makes is read back from its home: it must be what the run returned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from argosy_runs.events import Event, TaskFinished
from argosy_runs.local.reading import read_run
from argosy_runs.results import RunResult, TaskResult
from argosy_schemas.names import TaskPath


def read_back(home: Path, result: RunResult, events: Iterable[Event] = ()) -> RunResult:
    """Return the result of a run, after reading the same from its home.

    Args:
        home: Where it ran.
        result: What it returned.
        events: What it emitted; the states in them must be those of the result.
    """
    assert read_run(home, result.run_id).to_json() == result.to_json()
    finished = {event.path: event for event in events if isinstance(event, TaskFinished)}
    tasks = {task.path: task for task in result.tasks}
    assert {path: emitted(event) for path, event in finished.items()} == {
        path: (
            tasks[path].display_name,
            tasks[path].kind,
            tasks[path].state,
            tasks[path].reason,
            tasks[path].cached,
            tasks[path].attempts,
            tasks[path].log,
            tasks[path].started_at,
            tasks[path].finished_at,
            tuple(items(tasks, path)),
        )
        for path in finished
    }
    return result


def emitted(event: TaskFinished) -> object:
    return (
        event.name,
        event.kind,
        event.state,
        event.reason,
        event.cached,
        event.attempts,
        event.log,
        event.started_at,
        None if event.started_at is None else event.at,
        event.items,
    )


def items(tasks: Mapping[TaskPath, TaskResult], path: TaskPath) -> Iterator[str]:
    """Yield the items of the iterations that a task is in, or is, the outermost first."""
    segments = path.split("/")
    for count in range(1, len(segments) + 1):
        item = tasks[TaskPath("/".join(segments[:count]))].item
        if item is not None:
            yield item

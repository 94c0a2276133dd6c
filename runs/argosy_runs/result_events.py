"""Events of a run that is only looked at: what changed from one look to the next.

An engine knows each moment of its run. Who reads a run again and again, from a cluster or a
journal, sees some of them: a task that began and ended between two looks has one event.
"""

from __future__ import annotations

from collections.abc import Iterator

from argosy_runs.events import Event, RunFinished, RunStarted, TaskFinished, TaskStarted
from argosy_runs.results import RunResult, TaskResult, find_own_failures
from argosy_runs.states import TaskState
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import TaskPath


class ResultEvents:
    """The events of one run. For one thread."""

    def __init__(self) -> None:
        self._is_started = False
        self._is_finished = False
        self._attempts: dict[TaskPath, int] = {}
        """Of tasks that were seen to run."""
        self._finished: set[TaskPath] = set()

    def take(self, result: RunResult) -> Iterator[Event]:
        """Yield what happened since the last look, in the order of its time."""
        if not self._is_started:
            self._is_started = True
            yield RunStarted(run_id=result.run_id, pipeline=result.pipeline, at=result.started_at)
        own_failures = {task.path for task in find_own_failures(result.tasks)}
        items = _label_iterations(result)
        ended: list[TaskResult] = []
        for task in result.tasks:
            if task.state.is_final:
                if task.path not in self._finished:
                    self._finished.add(task.path)
                    ended.append(task)
            elif task.state is TaskState.RUNNING and task.kind is TaskKind.CONTAINER:
                attempt = max(1, task.attempts)
                if self._attempts.get(task.path, 0) < attempt:
                    self._attempts[task.path] = attempt
                    yield TaskStarted(
                        path=task.path,
                        name=task.display_name,
                        at=task.started_at or result.started_at,
                        items=_items(task.path, items),
                        attempt=attempt,
                    )
        # What is in a group ends before it.
        ended.sort(key=lambda task: (task.finished_at or result.started_at, -task.path.count("/")))
        for task in ended:
            yield TaskFinished(
                path=task.path,
                name=task.display_name,
                kind=task.kind,
                state=task.state,
                at=task.finished_at or result.finished_at or result.started_at,
                items=_items(task.path, items),
                started_at=task.started_at,
                attempts=task.attempts,
                cached=task.cached,
                error=task.error if task.path in own_failures else None,
                reason=task.reason,
                log=task.log,
            )
        if result.state.is_final and not self._is_finished:
            self._is_finished = True
            yield RunFinished(
                run_id=result.run_id,
                state=result.state,
                at=result.finished_at or result.started_at,
                error=result.error,
            )


def _label_iterations(result: RunResult) -> dict[str, str]:
    return {task.path: task.item for task in result.tasks if task.item is not None}


def _items(path: TaskPath, labels: dict[str, str]) -> tuple[str, ...]:
    """Return the labels of the iterations that a task is in, or is; the outermost first."""
    if not labels:
        return ()
    segments = path.split("/")
    paths = ("/".join(segments[:length]) for length in range(1, len(segments) + 1))
    return tuple(labels[each] for each in paths if each in labels)

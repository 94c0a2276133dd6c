"""What a planned run comes to on Argo: what its values make of loops that compile cannot count."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from argosy_driver.planning.foreseen import Foreseen, Verdict
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Pipeline, Task
from argosy_schemas.ir.task_kind import TaskKind

_LEFT_OUT = (Verdict.SKIPPED, Verdict.NOT_RUN, Verdict.FAIL)


class PlannedNodes:
    """The nodes that the tasks of a plan would be on Argo.

    As many as there may be: conditions that are not known are true, and of loops that cannot be
    counted there is one iteration.
    """

    def __init__(self, pipeline: Pipeline, tasks: Sequence[Foreseen]) -> None:
        self._pipeline = pipeline
        self._tasks = tasks
        self._loops = {str(task.path) for task in tasks if task.kind is TaskKind.LOOP}
        self._iterations: dict[str, set[str]] = {}
        for task in tasks:
            for loop, index in self._around(task.path):
                self._iterations.setdefault(loop, set()).add(index)

    def count(self) -> int:
        """Return their number, that of the run itself included."""
        closed = {str(task.path) for task in self._tasks if task.verdict in _LEFT_OUT}
        number = 1
        for task in self._tasks:
            if any(outer in closed for outer in _outer(task.path)):
                continue
            number += self._of(task, is_closed=task.path in closed)
        return number

    def too_long(self, limits: Mapping[tuple[str, str], int]) -> Iterator[str]:
        """Yield why Argo would stop a loop before its first iteration, for each of them.

        Args:
            limits: Of all iterations of a loop in a run, by the DAG component and key of its task.
        """
        for task in self._tasks:
            if task.kind is not TaskKind.LOOP or task.verdict in _LEFT_OUT:
                continue
            place = self._place(task.path)
            limit = None if place is None else limits.get(place)
            items = len(self._iterations.get(task.path, ()))
            around = math.prod(len(self._iterations[loop]) for loop, _ in self._around(task.path))
            if limit is None or items * around <= limit:
                continue
            many = f"{items:,} items" + (f" in each of {around:,} iterations" * (around > 1))
            yield (
                f"'{task.path}' has {many}, and Argo would stop it: --max-nodes allows {limit:,}"
                f"{' in all' if around > 1 else ''}"
            )

    def _of(self, task: Foreseen, *, is_closed: bool) -> int:
        if task.kind is TaskKind.IMPORTER:
            return 0
        found = self._found(task.path)
        if is_closed or found is None:
            return 1
        retry, body_is_dag = found
        if task.kind is TaskKind.LOOP:
            # Its DAG, and the group of its items.
            return 2 + (len(self._iterations.get(task.path, ())) if body_is_dag else 0)
        return 2 if retry and task.kind is TaskKind.CONTAINER else 1

    def _around(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield the loops around a task, each with which of its iterations holds the task."""
        segments = path.split("/")
        for at, segment in enumerate(segments):
            loop = "/".join(segments[:at])
            if loop in self._loops:
                yield loop, segment

    def _walk(self, path: str) -> Iterator[tuple[str, Task]]:
        """Yield the tasks along a path, each with the component whose DAG holds it."""
        holder, at = ROOT, ""
        for segment in path.split("/"):
            is_iteration = at in self._loops
            at = f"{at}/{segment}" if at else segment
            if is_iteration:
                continue
            component = self._pipeline.root if holder == ROOT else self._pipeline.components[holder]
            if component.dag is None or segment not in component.dag.tasks:
                return
            task = component.dag.tasks[segment]
            yield holder, task
            holder = task.component

    def _found(self, path: str) -> tuple[bool, bool] | None:
        """Return whether a task is retried, and whether its component is a DAG."""
        tasks = [task for _, task in self._walk(path)]
        if not tasks:
            return None
        policy = next((task.retry for task in reversed(tasks) if task.retry is not None), None)
        component = self._pipeline.components[tasks[-1].component]
        return policy is not None and policy.max_count > 0, component.dag is not None

    def _place(self, path: str) -> tuple[str, str] | None:
        return next(((holder, task.key) for holder, task in reversed(list(self._walk(path)))), None)


def _outer(path: str) -> Iterator[str]:
    """Yield the paths of what is around a task."""
    segments = path.split("/")
    for length in range(1, len(segments)):
        yield "/".join(segments[:length])

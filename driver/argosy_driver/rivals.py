"""Tasks of one run that do the same work, of which the first to succeed serves the others.

Which one that is depends on the machine, unless all others wait for it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace

from argosy_driver.foreseen import ANY_ITERATION, Foreseen, Verdict
from argosy_driver.nodes import Node, Nodes
from argosy_schemas.ir import Dag
from argosy_schemas.names import TaskPath
from argosy_schemas.task_kind import TaskKind

_GROUPS = (TaskKind.DAG, TaskKind.LOOP)


class Rivals:
    """The tasks of a plan that may serve each other, by what they do."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._by_fingerprint: dict[str, list[TaskPath]] = {}
        # Each behind those that it waits for, as the plan comes to them.
        self._by_work: dict[Hashable, list[TaskPath]] = {}
        self._needing_rivals: dict[TaskPath, Hashable] = {}
        self._followers: dict[tuple[int, str], set[str]] = {}

    def add_known(self, path: TaskPath, fingerprint: str) -> None:
        """Take in a task that would run, by what the cache knows its work by."""
        self._by_fingerprint.setdefault(fingerprint, []).append(path)

    def add(self, path: TaskPath, node: Node, *, needs_rival: bool = False) -> None:
        """Take in a task whose fingerprint is not known yet, or is another one in each run.

        Args:
            path: Of the task.
            node: The same task, or an iteration that stands for all.
            needs_rival: Whether it would run but for another one that does the same.
        """
        container = node.container
        assert container is not None, path
        # What two tasks have in common if they do the same, whatever their inputs are.
        work = (container.command, container.args, tuple(node.component.outputs.parameters))
        self._by_work.setdefault(work, []).append(path)
        if needs_rival:
            self._needing_rivals[path] = work

    def settled(self, found: Iterable[Foreseen]) -> Iterator[Foreseen]:
        """Yield each task, those that another one may serve as such, and the groups likewise."""
        tasks = list(found)
        reasons = dict(self._reasons())
        settled = [
            replace(one, verdict=Verdict.RUN_OR_CACHED, reason=reasons[one.path])
            if one.path in reasons
            else one
            for one in tasks
        ]
        has_running = {
            outer
            for one in settled
            if one.verdict is Verdict.RUN and one.kind not in _GROUPS
            for outer in _outer(one.path)
        }
        for one in settled:
            is_running_group = one.verdict is Verdict.RUN and one.kind in _GROUPS
            if is_running_group and one.path not in has_running:
                yield replace(one, verdict=Verdict.RUN_OR_CACHED)
            else:
                yield one

    def _reasons(self) -> Iterator[tuple[TaskPath, str]]:
        """Yield the tasks that another one may serve, and why."""
        for paths in self._by_fingerprint.values():
            for path, other in self._served(paths):
                yield path, f"'{other}' does the same"
        for work in set(self._needing_rivals.values()):
            for path, other in self._served(self._by_work[work]):
                if path in self._needing_rivals:
                    yield path, f"'{other}' may do the same"

    def _served(self, paths: Sequence[TaskPath]) -> Iterator[tuple[TaskPath, TaskPath]]:
        """Yield the tasks that another one may serve, and that one."""
        first, *others = paths
        if not all(self._comes_before(first, other) for other in others):
            yield first, others[0]
        for other in others:
            yield other, first

    def _comes_before(self, first: TaskPath, second: TaskPath) -> bool:
        """Return whether one task has ended in any run before the other begins."""
        node = self._nodes.root
        for key, other in zip(first.split("/"), second.split("/"), strict=False):
            if key == other and node.is_loop:
                node = self._nodes.iteration(node, 0 if key == ANY_ITERATION else int(key))
            elif key == other:
                node = self._nodes.child(node, key)
            else:
                dag = node.component.dag
                # Iterations come in any order.
                return not node.is_loop and dag is not None and other in self._after(dag, key)
        return False

    def _after(self, dag: Dag, key: str) -> set[str]:
        """Return the tasks of a DAG that wait for one of them, be it through others."""
        found = self._followers.get((id(dag), key))
        if found is not None:
            return found
        found = set[str]()
        waiting = [key]
        following: dict[str, list[str]] = {}
        for name, task in dag.tasks.items():
            for before in task.dependencies:
                following.setdefault(before, []).append(name)
        while waiting:
            new = set(following.get(waiting.pop(), ())) - found
            found |= new
            waiting.extend(new)
        return self._followers.setdefault((id(dag), key), found)


def _outer(path: str) -> Iterator[TaskPath]:
    """Yield the paths of what is around a task."""
    segments = path.split("/")
    for length in range(1, len(segments)):
        yield TaskPath("/".join(segments[:length]))

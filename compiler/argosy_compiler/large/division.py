"""Divide the graph of a DAG into parts, so that no DAG template has too many tasks.

For all other tasks a part is one task: they wait for all of it, and run only if all of it
succeeded. Two kinds of parts keep the outcome of every task:

* *Groups* cost nothing. All first tasks of a group require the same tasks, which the part requires
  in their place, and every task after the group requires all of it, as in a fan-out. To find them,
  leave out the *hubs*: tasks that many others require, or that require many others.
* The part after a *cut* waits until every task before it has ended, and then checks their statuses.
  The only cost is that some of its tasks might have started earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeAlias

from argosy_compiler.large.task_graph import TaskGraph

FEWEST = 3
"""The fewest tasks of a DAG: a task, the stand-in for what that requires, a part with the rest."""

_DEEPEST = 80
"""Argo nests at most 100 templates, and some stand around the divided DAG."""


_Part: TypeAlias = tuple[Sequence[str], frozenset[str] | None]
"""Members, and what all its first tasks require; ``None``: the part waits and checks statuses."""


class CannotDivideError(Exception):
    """The DAG cannot be divided; the message completes "since"."""


class Division:
    """A graph divided into parts.

    Attributes:
        graph: With no more than ``most`` tasks in it and in each part, at any depth.
        late: The tasks that may wait for others without need.

    Raises:
        CannotDivideError: On construction.
    """

    def __init__(self, graph: TaskGraph, most: int, published: frozenset[str]) -> None:
        """Divide a graph.

        Args:
            graph: Without parts.
            most: How many tasks there may be.
            published: The tasks that the outputs of the DAG read.
        """
        self._most = most
        self._published = published
        self._names = (
            name for number in count(1) if (name := f"part-{number}") not in graph.members
        )
        self.late = set[str]()
        self.graph = self._divide(graph, 0)
        if not published <= self.graph.members.keys():
            raise CannotDivideError("conditions or loops outside read values of its last tasks")

    def _divide(self, graph: TaskGraph, depth: int) -> TaskGraph:
        if depth > _DEEPEST:
            raise CannotDivideError("Argo nests DAGs no deeper than 100")
        for find_parts in (self._find_groups, self._cut):
            if graph.size > self._most:
                graph = self._move(graph, find_parts(graph))
        members = {
            name: self._divide(member, depth + 1) if isinstance(member, TaskGraph) else member
            for name, member in graph.members.items()
        }
        return replace(graph, members=members)

    def _find_groups(self, graph: TaskGraph) -> Iterator[_Part]:
        """Yield groups, which cost nothing, until the graph is small enough."""
        neighbours = graph.neighbours()
        hubs = {name for name, near in neighbours.items() if len(near) > self._most // 10 + 2}
        hubs |= self._published
        alike: dict[tuple[frozenset[str], frozenset[str]], list[Sequence[str]]] = {}
        for component in graph.components(without=hubs):
            required = _find_shared_requirement(graph, component)
            dependants = _find_shared_dependants(graph, component, neighbours)
            if required is not None and dependants is not None:
                alike.setdefault((required, dependants), []).append(component)
        surplus = graph.size - self._most
        for (required, _), group in sorted(alike.items(), key=lambda one: -sum(map(len, one[1]))):
            for names in self._pack(group, len):
                if surplus > 0 and 1 < len(names) < len(graph.members):
                    yield names, required
                    surplus -= len(names) - 1

    def _cut(self, graph: TaskGraph) -> Iterator[_Part]:
        """Yield the tasks that do not fit into the graph, in one part or several."""
        order, end, required = graph.levels(), 0, {frozenset[str]()}
        room = self._most - max(1, min(2 * graph.size // self._most, self._most // 4))
        while end + len(required | {graph.required_outside(order[end])}) <= room:
            required.add(graph.required_outside(order[end]))
            end += 1
        behind = graph.among(order[end:])
        parts = self._pack(behind.components(), lambda names: behind.among(names).size)
        has_room = end + len(required) - 1 + len(parts) <= self._most
        for names in parts if has_room else [order[end:]]:
            shared = _find_shared_requirement(graph, names)
            # A part that requires something outside would take one more task, a stand-in.
            yield names, None if shared is None or shared - graph.members.keys() else shared

    def _pack(
        self, components: Iterable[Sequence[str]], size: Callable[[Sequence[str]], int]
    ) -> list[list[str]]:
        """Join components as long as they fit into one part; one that is too large stays alone."""
        packed: list[list[str]] = []
        free = 0
        for component in components:
            needed = size(component)
            if needed > free:
                packed.append([])
                free = self._most
            packed[-1] += component
            free -= needed
        return packed

    def _move(self, graph: TaskGraph, parts: Iterable[_Part]) -> TaskGraph:
        """Return the graph with parts in place of some of its members."""
        moved = {next(self._names): part for part in parts}
        part_of = {name: part for part, (names, _) in moved.items() for name in names}
        rest = graph.among([name for name in graph.members if name not in part_of])
        members, follows, reads = dict(rest.members), dict(rest.follows), dict(rest.reads)
        requires = {
            name: frozenset(part_of.get(one, one) for one in required)
            for name, required in rest.requires.items()
        }
        for part, (names, shared) in moved.items():
            inner, inside = graph.among(names), frozenset(names)
            requires[part] = follows[part] = reads[part] = frozenset()
            if shared is None:
                before = frozenset[str]().union(*map(graph.before, names))
                follows[part] = (before - inside) & graph.members.keys()
                self.late.update(inner.tasks())
            else:
                requires[part] = shared
                inner = replace(inner, requires={n: graph.requires[n] & inside for n in names})
            members[part] = inner
        return replace(rest, members=members, requires=requires, follows=follows, reads=reads)


def _find_shared_requirement(graph: TaskGraph, names: Sequence[str]) -> frozenset[str] | None:
    """Return what the first tasks of ``names`` require, if it is the same for all; else ``None``.

    An exit task must not be left out together with a part.
    """
    inside = frozenset(names)
    required = {graph.requires[name] for name in names if not graph.requires[name] & inside}
    if len(required) != 1 or any(graph.follows[name] - inside for name in names):
        return None
    (shared,) = required
    others_required = any(graph.requires[name] - inside - shared for name in names)
    has_to_run = any(graph.follows[name] for name in names)
    return None if others_required or (shared and has_to_run) else shared


def _find_shared_dependants(
    graph: TaskGraph, names: Sequence[str], neighbours: Mapping[str, set[str]]
) -> frozenset[str] | None:
    """Return the others that require any of ``names``, if each requires all; else ``None``.

    For Argo a DAG with a skipped task has succeeded, so no task may be skippable.
    """
    inside = frozenset(names)
    others = frozenset[str]().union(*(neighbours[name] for name in names)) - inside
    dependants = frozenset(name for name in others if graph.requires[name] & inside)
    last = inside.difference(*(graph.requires[name] for name in names))
    may_lack = graph.skippable & inside or any(graph.follows[name] for name in names)
    is_read = any((graph.follows[name] | graph.reads[name]) & inside for name in others)
    is_missed = any(may_lack or last - graph.requires[name] for name in dependants)
    return None if is_read or is_missed else dependants

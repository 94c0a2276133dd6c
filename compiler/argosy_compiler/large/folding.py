"""Fold tasks of a graph into parts so that nothing changes: no outcome, and no moment of starting.

A part counts as one task for all others: they wait for all of it, and run only if all of it
succeeded. So tasks may share a part only where that is what the others want anyway:

* whole components: nothing waits for them, and they wait for nothing;
* twins: tasks with the same requirements, required by the same tasks;
* rows: tasks of which each requires only the one before, and only the next requires it.

A part that others require may hold no task that can be skipped: Argo counts a DAG as succeeded
where a task in it was skipped. A task that is read, or that follows another whatever becomes of it,
stays beside that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from argosy_compiler.large.task_graph import Json, Part, TaskGraph

NewName = Callable[[], str]
"""Gives a name that nothing in the DAG has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fold:
    """Members that move into a part."""

    names: Sequence[str]
    gate: str | None = None
    """What all that begin the part wait for; the part does so in their place."""


def folded(graph: TaskGraph, most: int, pinned: Collection[str], new_name: NewName) -> TaskGraph:
    """Return the graph with as many parts as bring it to ``most`` members, if folding can.

    Args:
        graph: With more members than ``most``.
        most: Members of the result, and of each part.
        pinned: Members that have to stay where they are.
        new_name: Names new parts.
    """
    graph = _with_parts(graph, _components(graph, most, pinned), new_name)
    related = frozenset(pinned) | _related(graph)
    while graph.size > most:
        groups = [*_twins(graph, related), *_rows(graph, related)]
        folds = list(_folds(graph, groups, most))
        if not folds:
            return graph
        graph = _with_parts(graph, folds, new_name)
    return graph


def _folds(graph: TaskGraph, groups: Iterable[Sequence[str]], most: int) -> Iterator[_Fold]:
    """Yield parts of up to ``most`` members of a group, no more than bring down the surplus."""
    surplus = graph.size - most
    for group in sorted(groups, key=len, reverse=True):
        for start in range(0, len(group), most):
            names = group[start : start + most]
            if surplus <= 0 or len(names) < 2:
                break
            names = names[: max(2, surplus + 1)]
            yield _Fold(names=names, gate=graph.gates.get(names[0]))
            surplus -= len(names) - 1


def _components(graph: TaskGraph, most: int, pinned: Collection[str]) -> list[_Fold]:
    """Put whole components together, the smallest first; one that is too large has a part alone."""
    components = sorted(graph.components(), key=len)
    if len(components) == 1:
        return []
    left = _Size(graph)
    left.add(graph.members)
    batches: list[list[str]] = []
    batch, size = list[str](), _Size(graph)
    for component in components:
        if left.total + len(batches) + bool(batch) <= most:
            break
        if left.members == len(component) and not batches:
            break
        if any(member in pinned for member in component):
            continue
        size.add(component)
        if batch and size.total > most:
            batches.append(batch)
            batch, size = [], _Size(graph)
            size.add(component)
        batch += component
        left.remove(component)
    return [_Fold(names=names) for names in (*batches, batch) if len(names) > 1]


class _Size:
    """Counts what some members of a graph need: tasks, and stand-ins for their gates."""

    def __init__(self, graph: TaskGraph) -> None:
        self._gate = graph.gates
        self._gates: Counter[str] = Counter()
        self.members = 0

    @property
    def total(self) -> int:
        return self.members + len(self._gates)

    def add(self, names: Collection[str]) -> None:
        self.members += len(names)
        self._gates.update(self._gate[name] for name in names if name in self._gate)

    def remove(self, names: Collection[str]) -> None:
        self.members -= len(names)
        self._gates.subtract(self._gate[name] for name in names if name in self._gate)
        self._gates = +self._gates


def _related(graph: TaskGraph) -> frozenset[str]:
    """Return the members that read or follow others among them, and those others."""
    found: set[str] = set()
    for name in graph.members:
        others = (graph.reads[name] & graph.members.keys()) | graph.follows[name]
        if others:
            found |= {name, *others}
    return frozenset(found)


def _twins(graph: TaskGraph, pinned: Collection[str]) -> list[list[str]]:
    dependants = graph.dependants()
    groups: dict[tuple[frozenset[str], frozenset[str], str | None], list[str]] = {}
    for name in graph.members:
        if name not in pinned and not (dependants[name] and name in graph.uncertain):
            key = (graph.requires[name], dependants[name], graph.gates.get(name))
            groups.setdefault(key, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _rows(graph: TaskGraph, pinned: Collection[str]) -> list[list[str]]:
    dependants = graph.dependants()

    def following(name: str) -> str | None:
        below = dependants[name]
        if len(below) != 1 or name in pinned or name in graph.uncertain:
            return None
        (only,) = below
        if only in pinned or only in graph.gates or len(graph.requires[only]) != 1:
            return None
        return None if dependants[only] and only in graph.uncertain else only

    inner = {below for name in graph.members if (below := following(name)) is not None}
    rows: list[list[str]] = []
    for first in graph.members:
        if first in inner:
            continue
        row, name = [first], following(first)
        while name is not None:
            row.append(name)
            name = following(name)
        if len(row) > 1:
            rows.append(row)
    return rows


def _with_parts(graph: TaskGraph, folds: Iterable[_Fold], new_name: NewName) -> TaskGraph:
    """Return the graph with parts in the place of some of its members."""
    parts = {new_name(): fold for fold in folds}
    if not parts:
        return graph
    holder = {name: part for part, fold in parts.items() for name in fold.names}

    def seen(names: Iterable[str]) -> frozenset[str]:
        return frozenset(holder.get(name, name) for name in names)

    kept = [name for name in graph.members if name not in holder]
    members: dict[str, Json | Part] = {name: graph.members[name] for name in kept}
    requires = {name: seen(graph.requires[name]) for name in kept}
    gates = {name: gate for name, gate in graph.gates.items() if name not in holder}
    for part, fold in parts.items():
        inner = graph.among(fold.names)
        if fold.gate is not None:
            inner = replace(inner, gates={})
            gates[part] = fold.gate
        members[part] = Part(graph=inner)
        required = seen(above for name in fold.names for above in graph.requires[name])
        requires[part] = required - {part}
    none = dict.fromkeys(parts, frozenset[str]())
    return TaskGraph(
        members=members,
        requires=requires,
        follows={name: graph.follows[name] for name in kept} | none,
        reads={name: graph.reads[name] for name in kept} | none,
        uncertain=seen(graph.uncertain),
        gates=gates,
    )

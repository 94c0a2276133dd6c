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

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from argosy_compiler.task_graph import Part, TaskGraph

Names = Callable[[], str]
"""Yields a name for each new part."""


def folded(graph: TaskGraph, most: int, pinned: Collection[str], name: Names) -> TaskGraph:
    """Return the graph with as many parts as bring it to ``most`` members, if folding can.

    Args:
        graph: With more members than ``most``.
        most: Members of the result, and of each part.
        pinned: Members that have to stay where they are.
        name: Names new parts.
    """
    graph = _components(graph, most, pinned, name)
    related = frozenset(pinned) | _related(graph)
    while graph.size > most:
        groups = [*_twins(graph, related), *_rows(graph, related)]
        before = len(graph.members)
        for group in sorted(groups, key=len, reverse=True):
            surplus = graph.size - most
            if surplus <= 0:
                break
            for names in _sliced(group, most, surplus):
                graph = _with_part(graph, names, name(), gate=graph.gates.get(names[0]))
        if len(graph.members) == before:
            return graph
    return graph


def _sliced(group: Sequence[str], most: int, surplus: int) -> Iterator[Sequence[str]]:
    """Yield pieces of a group of up to ``most`` names, no more than bring down the surplus."""
    for start in range(0, len(group), most):
        names = group[start : start + most]
        if surplus <= 0 or len(names) < 2:
            return
        names = names[: max(2, surplus + 1)] if len(names) > surplus + 1 else names
        yield names
        surplus -= len(names) - 1


def _components(graph: TaskGraph, most: int, pinned: Collection[str], name: Names) -> TaskGraph:
    """Put whole components together, the smallest first; one that is too large has a part alone."""
    components = sorted(graph.components(), key=len)
    if len(components) == 1:
        return graph
    batch: list[str] = []
    for component in components:
        left = graph.among(graph.members.keys() - set(batch))
        if left.size + bool(batch) <= most or len(left.members) == len(component):
            break
        if any(member in pinned for member in component):
            continue
        if batch and graph.among([*batch, *component]).size > most:
            graph = _with_part(graph, batch, name()) if len(batch) > 1 else graph
            batch = []
        batch += component
    return _with_part(graph, batch, name()) if len(batch) > 1 else graph


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


def _with_part(
    graph: TaskGraph, names: Sequence[str], part: str, *, gate: str | None = None
) -> TaskGraph:
    """Return the graph with a part in the place of some of its members.

    Args:
        graph: With these members.
        names: The members.
        part: Name of the part.
        gate: What all that begin the part wait for; the part does so in their place.
    """
    inside = frozenset(names)
    inner = graph.among(names)
    if gate is not None:
        inner = replace(inner, gates={})

    def seen(others: frozenset[str]) -> frozenset[str]:
        return others - inside | {part} if others & inside else others

    kept = [name for name in graph.members if name not in inside]
    required = frozenset[str]().union(*(graph.requires[name] for name in names)) - inside
    return replace(
        graph,
        members={
            **{name: graph.members[name] for name in kept},
            part: Part(graph=inner),
        },
        requires={**{name: seen(graph.requires[name]) for name in kept}, part: required},
        follows={**{name: graph.follows[name] for name in kept}, part: frozenset()},
        reads={**{name: graph.reads[name] for name in kept}, part: frozenset()},
        uncertain=graph.uncertain - inside | ({part} if inside & graph.uncertain else frozenset()),
        gates={
            **{name: own for name, own in graph.gates.items() if name not in inside},
            **({} if gate is None else {part: gate}),
        },
    )

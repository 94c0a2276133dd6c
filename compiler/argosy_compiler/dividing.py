"""Divide a graph that no folding makes small enough: a front, and parts that come after it.

A part waits until all that it needs of the front has come to its end, and then looks at what became
of it. In it stand-ins take the place of the front: a *gate* for each set of requirements, which
succeeds if that set did and is skipped if not, so that outcomes are those of the whole. What is
lost is that a task of the part might have begun while the front still ran.

Where all that begins a part requires the same tasks, the part requires them itself and nothing is
lost at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from argosy_compiler.expression_text import member, tag
from argosy_compiler.folding import NewName
from argosy_compiler.task_graph import Part, TaskGraph
from argosy_schemas.pod import PATH_INPUT

_BORDER = 10
"""What one more border weighs, in members that others wait for; found by trying random graphs
(``benchmarks/split_parallelism.py``)."""

OUTER_INPUT = "outer"
"""Input of a part: base64 of a JSON object of what it reads of the tasks around it."""
MET_TEMPLATE = "met"

MET: dict[str, Any] = {
    "name": MET_TEMPLATE,
    "inputs": {"parameters": [{"name": PATH_INPUT}]},
    "dag": {
        "failFast": False,
        "tasks": [
            {
                "name": "nothing",
                "template": MET_TEMPLATE,
                "arguments": {"parameters": [{"name": PATH_INPUT, "value": ""}]},
                "when": "false",
            }
        ],
    },
}
"""Succeeds without a pod: a DAG whose only task is skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided:
    """A graph that is small enough."""

    graph: TaskGraph
    has_gates: bool = False
    waiting: frozenset[str] = frozenset()
    """Tasks that wait for more than they require."""
    awaited: frozenset[str] = frozenset()
    """What those wait for: tasks, and parts of them."""


def divided(graph: TaskGraph, most: int, part_name: NewName, gate_name: NewName) -> Divided:
    """Return the graph as a front and parts, ``most`` tasks in all; parts may be larger."""
    order = graph.in_levels()
    front, groups = _cut(graph, order, most)
    kept = frozenset(order[:front])
    result = graph.among(order[:front])
    has_gates = False
    waiting, awaited = set[str](), set[str]()
    for names in groups:
        part = part_name()
        required = frozenset[str]().union(*(graph.requires[one] for one in names)) & kept
        followed = frozenset[str]().union(*(graph.follows[one] for one in names)) & kept
        # What runs in any case must not be left out with what it follows.
        is_strict = not any(graph.follows[one] for one in names)
        if is_strict and _begins_together(graph, names, required):
            inner = Part(graph=graph.among(names))
            result = _with(result, part, inner, requires=required)
            continue
        inner = _gated(graph, names, kept, gate_name)
        result = _with(result, part, inner, follows=required | followed)
        has_gates |= bool(inner.made_here)
        late = _late(graph, names, required | followed)
        if late:
            waiting.update(graph.among(late).tasks())
            awaited |= required | followed
    return Divided(
        graph=result,
        has_gates=has_gates,
        waiting=frozenset(waiting),
        awaited=frozenset(awaited),
    )


def _late(graph: TaskGraph, names: Sequence[str], awaited: frozenset[str]) -> list[str]:
    """Return those of a part's members that would not have to wait for all of ``awaited``.

    Args:
        graph: The whole.
        names: The members, none before one that it comes after.
        awaited: What the part waits for.
    """
    bits = {name: 1 << number for number, name in enumerate(awaited)}
    needs: dict[str, int] = {}
    for name in names:
        needs[name] = 0
        for above in graph.before(name):
            needs[name] |= bits.get(above, 0) | needs.get(above, 0)
    everything = (1 << len(awaited)) - 1
    return [name for name in names if needs[name] != everything]


def _cut(graph: TaskGraph, order: Sequence[str], most: int) -> tuple[int, list[tuple[str, ...]]]:
    """Return how many members stay, and how the others part.

    A front is good if others wait for few of its members: where a pipeline has a narrow place,
    nothing is lost there. It is also good if it is large, since there are fewer borders then.
    """
    place = {name: number for number, name in enumerate(order)}
    sizes = _front_sizes(graph, order, most)
    groups = _numbers_of_groups(graph, order, place)
    fitting = [f for f in range(1, len(sizes)) if sizes[f] + groups[f] <= most]
    if not fitting:
        front = max(f for f in range(1, len(sizes)) if sizes[f] < most)
        return front, [tuple(order[front:])]
    awaited = _numbers_awaited(graph, order, place)
    front = min(fitting, key=lambda size: ((awaited[size] + _BORDER) / size, -size))
    return front, list(graph.among(order[front:]).components())


def _front_sizes(graph: TaskGraph, order: Sequence[str], most: int) -> list[int]:
    """Return how many tasks the first 0, 1, 2, ... members need, up to all but one."""
    sizes, gates = [0], set[str]()
    for number, name in enumerate(order[: min(most, len(order)) - 1], start=1):
        if name in graph.gates:
            gates.add(graph.gates[name])
        sizes.append(number + len(gates))
    return sizes


def _numbers_of_groups(
    graph: TaskGraph, order: Sequence[str], place: Mapping[str, int]
) -> list[int]:
    """Return, for each front, how many groups have nothing to do with each other behind it."""
    joined = list(range(len(order)))

    def root(number: int) -> int:
        while joined[number] != number:
            joined[number] = number = joined[joined[number]]
        return number

    later: dict[int, set[int]] = {}
    for name in order:
        for other in graph.before(name) | graph.reads[name]:
            if other in place:
                one, two = sorted((place[name], place[other]))
                later.setdefault(one, set()).add(two)
    found = [0] * (len(order) + 1)
    for front in range(len(order) - 1, -1, -1):
        neighbours = {root(number) for number in later.get(front, ())}
        found[front] = found[front + 1] + 1 - len(neighbours)
        for number in neighbours:
            joined[number] = front
    return found


def _numbers_awaited(graph: TaskGraph, order: Sequence[str], place: Mapping[str, int]) -> list[int]:
    """Return, for each front, how many of its members others behind it come after."""
    last = list(range(len(order)))
    for number, name in enumerate(order):
        for above in graph.before(name):
            last[place[above]] = max(last[place[above]], number)
    changes = [0] * (len(order) + 1)
    for number, until in enumerate(last):
        if until > number:
            changes[number + 1] += 1
            changes[until + 1] -= 1
    return list(accumulate(changes))


def _begins_together(graph: TaskGraph, names: Sequence[str], required: frozenset[str]) -> bool:
    inside = frozenset(names)
    return all(
        graph.requires[name] == required for name in names if not graph.before(name) & inside
    )


def _gated(
    graph: TaskGraph, names: Sequence[str], kept: frozenset[str], gate_name: NewName
) -> Part:
    inner = graph.among(names)
    known: dict[tuple[frozenset[str], str | None], str] = {}
    gates = dict(inner.gates)
    made: dict[str, str] = {}
    for name in names:
        outside = graph.requires[name] & kept
        if not outside:
            continue
        gate = graph.gates.get(name)
        if (outside, gate) not in known:
            known[outside, gate] = key = gate_name()
            made[key] = _condition(outside, gate)
        gates[name] = known[outside, gate]
    return Part(graph=replace(inner, gates=gates), made_here=made)


def _condition(required: Iterable[str], gate: str | None) -> str:
    conditions = [f"tasks['{name}'].status == 'Succeeded'" for name in sorted(required)]
    if gate is not None:
        conditions.append(f"{member(f'inputs.parameters.{OUTER_INPUT}', gate)} == true")
    return " && ".join(conditions)


def stand_in(gate: str, path: str) -> dict[str, Any]:
    """Return the task that succeeds if what is behind a gate did, and else is skipped."""
    condition = member(f"inputs.parameters.{OUTER_INPUT}", gate)
    return {
        "name": gate,
        "template": MET_TEMPLATE,
        "arguments": {"parameters": [{"name": PATH_INPUT, "value": path}]},
        "when": tag(f"{condition} == true"),
    }


def _with(
    graph: TaskGraph,
    name: str,
    part: Part,
    *,
    requires: frozenset[str] = frozenset(),
    follows: frozenset[str] = frozenset(),
) -> TaskGraph:
    return replace(
        graph,
        members={**graph.members, name: part},
        requires={**graph.requires, name: requires},
        follows={**graph.follows, name: follows},
        reads={**graph.reads, name: frozenset[str]()},
    )

"""Divide a graph that no folding makes small enough: a front, and parts that come after it.

A part waits until all that it needs of the front has come to its end, and then looks at what became
of it. In it stand-ins take the place of the front: a *gate* for each set of requirements, which
succeeds if that set did and is skipped if not, so that outcomes are those of the whole. What is
lost is that a task of the part might have begun while the front still ran.

Where all that begins a part requires the same tasks, the part requires them itself and nothing is
lost at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from argosy_compiler.expression_text import member, tag
from argosy_compiler.folding import Names
from argosy_compiler.task_graph import Part, TaskGraph
from argosy_schemas.pod import PATH_INPUT

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
    waiting: int = 0
    """Tasks that wait for more than they require."""
    awaited: int = 0
    """What those wait for."""


def divided(graph: TaskGraph, most: int, part_name: Names, gate_name: Names) -> Divided:
    """Return the graph as a front and parts, ``most`` tasks in all; parts may be larger."""
    order = graph.in_levels()
    front, groups = _cut(graph, order, most)
    kept = frozenset(order[:front])
    result = graph.among(kept)
    waiting, awaited = 0, set[str]()
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
        waiting += inner.graph.count()
        awaited |= required | followed
    return Divided(graph=result, waiting=waiting, awaited=len(awaited))


def _cut(graph: TaskGraph, order: Sequence[str], most: int) -> tuple[int, list[tuple[str, ...]]]:
    """Return how many members stay, as many as can, and how the others part."""
    possible = [
        front
        for front in range(min(most, len(order)) - 1, 0, -1)
        if graph.among(order[:front]).size < most
    ]
    for front in possible[: most // 2 + 1]:
        groups = list(graph.among(order[front:]).components())
        if graph.among(order[:front]).size + len(groups) <= most:
            return front, groups
    return possible[0], [tuple(order[possible[0] :])]


def _begins_together(graph: TaskGraph, names: Sequence[str], required: frozenset[str]) -> bool:
    inside = frozenset(names)
    return all(
        graph.requires[name] == required for name in names if not graph.before(name) & inside
    )


def _gated(graph: TaskGraph, names: Sequence[str], kept: frozenset[str], gate_name: Names) -> Part:
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

"""Divide a graph that no folding makes small enough: a front, and parts that come after it.

A part waits until all that it needs of the front has come to its end, and then looks at what became
of it. In it stand-ins take the place of the front: a *gate* for each set of requirements, which
succeeds if that set did and is skipped if not, so that outcomes are those of the whole. What is
lost is that a task of the part might have begun while the front still ran.

Where all that begins a part requires the same tasks, the part requires them itself and nothing is
lost at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from argosy_compiler.argo.expressions import member, tag
from argosy_compiler.argo.template_names import MET_TEMPLATE
from argosy_compiler.closure import closure
from argosy_compiler.large.folding import NewName
from argosy_compiler.large.fronts import Fronts
from argosy_compiler.large.task_graph import Edges, Part, TaskGraph
from argosy_schemas.pod import PATH_INPUT

OUTER_INPUT = "outer"
"""Input of a part: base64 of a JSON object of what it reads of the tasks around it."""

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
    """A graph whose own template is small enough."""

    graph: TaskGraph
    waiting: frozenset[str]
    """Tasks that wait for more than they come after."""
    awaited: frozenset[str]
    """What those wait for: tasks, and parts of them."""


def divided(
    graph: TaskGraph,
    most: int,
    pinned: Collection[str],
    *,
    part_name: NewName,
    gate_name: NewName,
) -> Divided:
    """Return the graph as a front and parts, ``most`` tasks in all; parts may be larger.

    A part is divided too, and the part in that one, for as long as there is no other and no more of
    it can be folded than before. That is quicker than to divide each by itself, which looks anew at
    all that is left.

    Args:
        graph: Which no folding makes small enough.
        most: Tasks of the result.
        pinned: Members that could not be folded for what is outside of the graph.
        part_name: Names new parts.
        gate_name: Names new gates.
    """
    return _Division(graph, most, pinned, part_name, gate_name).divided()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """Members behind a front, which become a part."""

    part: str
    names: Sequence[str]
    requires: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()
    made_here: Mapping[str, str] = field(default_factory=dict[str, str])


class _Division:
    """One graph, divided from front to front."""

    def __init__(
        self,
        graph: TaskGraph,
        most: int,
        pinned: Collection[str],
        part_name: NewName,
        gate_name: NewName,
    ) -> None:
        self._graph = graph
        self._most = most
        self._part_name = part_name
        self._gate_name = gate_name
        self._fronts = Fronts(graph)
        self._order = self._fronts.order
        self._place = self._fronts.place
        self._gates = dict(graph.gates)
        self._may_fold = self._ends_that_free(pinned)
        self._dependants = graph.dependants()
        self._above = closure({name: tuple(graph.before(name)) for name in self._order})
        self._last_before = {name: self._last(graph.before(name)) for name in self._order}
        self._last_followed = {
            name: self._last(graph.follows[name]) for name in self._order if graph.follows[name]
        }
        self._waiting: set[str] = set()
        self._awaited: set[str] = set()

    def divided(self) -> Divided:
        """Return the graph, divided for as long as that is to be done here."""
        outer: list[tuple[tuple[str, ...], _Rest]] = []
        start = 0
        while True:
            end, fits = self._fronts.end(start, self._most, self._gates)
            front = self._order[start:end]
            rests = self._rests(start, end, self._groups(end) if fits else [self._order[end:]])
            if not self._is_to_be_divided(end):
                break
            outer.append((front, rests[0]))
            start = end
        graph = self._joined(front, [(rest, self._among(rest.names)) for rest in rests])
        for front, rest in reversed(outer):
            graph = self._joined(front, [(rest, graph)])
        return Divided(
            graph=graph,
            waiting=frozenset(self._graph.among(tuple(self._waiting)).tasks()),
            awaited=frozenset(self._awaited),
        )

    def _groups(self, end: int) -> Sequence[Sequence[str]]:
        """Return the members behind a front, those together that have to do with each other."""
        names = self._order[end:]
        if self._fronts.is_whole_behind(end):
            return [names]
        return list(self._graph.among(names).components())

    def _is_to_be_divided(self, end: int) -> bool:
        """Return whether what is behind a front is one part, too large, that cannot be folded."""
        names = self._order[end:]
        gates = {self._gates[name] for name in names if name in self._gates}
        return (
            self._fronts.is_whole_behind(end)
            and not self._may_fold[end]
            and len(names) + len(gates) > self._most
        )

    def _rests(self, start: int, end: int, groups: Iterable[Sequence[str]]) -> list[_Rest]:
        """Return the parts behind a front."""
        required: dict[str, set[str]] = {}
        for one in self._order[start:end]:
            for name in self._dependants[one]:
                if self._place[name] >= end:
                    required.setdefault(name, set()).add(one)
        needed = {name: frozenset(names) for name, names in required.items()}
        return [self._rest(start, end, names, needed) for names in groups]

    def _rest(self, start: int, end: int, names: Sequence[str], required: Edges) -> _Rest:
        """Return one part behind a front.

        Args:
            start: Where the front begins.
            end: Where it ends.
            names: The members of the part.
            required: Members behind the front to what they require of it.
        """
        part = self._part_name()
        requires = frozenset[str]().union(*(required[name] for name in names if name in required))
        following = [name for name in names if self._last_followed.get(name, -1) >= start]
        first = [name for name in names if self._last_before[name] < end]
        # What runs in any case must not be left out with what it follows.
        if not following and all(required.get(name, frozenset()) == requires for name in first):
            return _Rest(part=part, names=names, requires=requires)
        front = frozenset(self._order[start:end])
        follows = requires.union(*(self._graph.follows[name] & front for name in following))
        made_here = self._make_gates({one: required[one] for one in names if one in required})
        everything = sum(1 << self._place[one] for one in follows)
        late = [name for name in names if self._above[name] & everything != everything]
        if late:
            self._waiting.update(late)
            self._awaited |= follows
        return _Rest(part=part, names=names, follows=follows, made_here=made_here)

    def _make_gates(self, required: Edges) -> Mapping[str, str]:
        """Put gates before members of a part; return what to hand to it."""
        known: dict[tuple[frozenset[str], str | None], str] = {}
        made: dict[str, str] = {}
        for name, names in required.items():
            behind = names, self._gates.get(name)
            if behind not in known:
                known[behind] = gate = self._gate_name()
                made[gate] = _condition(*behind)
            self._gates[name] = known[behind]
        return made

    def _among(self, names: Sequence[str]) -> TaskGraph:
        gates = {name: self._gates[name] for name in names if name in self._gates}
        return replace(self._graph.among(names), gates=gates)

    def _joined(self, front: Sequence[str], parts: Sequence[tuple[_Rest, TaskGraph]]) -> TaskGraph:
        """Return a front with the parts behind it."""
        graph = self._among(front)
        none = {rest.part: frozenset[str]() for rest, _ in parts}
        return replace(
            graph,
            members=dict(graph.members)
            | {rest.part: Part(graph=inner, made_here=rest.made_here) for rest, inner in parts},
            requires=dict(graph.requires) | {rest.part: rest.requires for rest, _ in parts},
            follows=dict(graph.follows) | {rest.part: rest.follows for rest, _ in parts},
            reads=dict(graph.reads) | none,
        )

    def _last(self, names: Iterable[str]) -> int:
        """Return the place of the last of some members, -1 if there are none."""
        return max((self._place[name] for name in names), default=-1)

    def _ends_that_free(self, pinned: Collection[str]) -> Sequence[bool]:
        """Return, for each end of a front, whether more can be folded behind it than before.

        That is so where a member behind it was tied to one that is not: it reads or follows that
        one, or is read by what is outside.
        """
        changes = [0] * (len(self._order) + 2)
        for number, name in enumerate(self._order):
            tied = self._graph.reads[name] | self._graph.follows[name]
            for other in tied & self._place.keys():
                first, last = sorted((number, self._place[other]))
                changes[first + 1] += 1
                changes[last + 1] -= 1
            if name in pinned:
                changes[0] += 1
                changes[number + 1] -= 1
        return [count > 0 for count in accumulate(changes)]


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

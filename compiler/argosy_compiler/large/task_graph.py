"""The tasks of a DAG template as a graph, for taking a large one apart.

Three relations hold between tasks. One *requires* another to have succeeded, *follows* it whatever
became of it, or *reads* its status or control value, which needs both in one template or a value
handed over. ``requires`` is kept without edges that others imply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from argosy_compiler.closure import closure
from argosy_expressions.argo import parse_depends
from argosy_schemas.values import to_json

Json: TypeAlias = Mapping[str, Any]
Edges: TypeAlias = Mapping[str, frozenset[str]]

READ_TASK = re.compile(r"tasks\['([^']+)'\]\.(status|outputs\.parameters\.control)")
_FOLLOWED = re.compile(r"([\w-]+)\.Failed\b")

_GUARD = r"fromJSON\(sprig\.b64dec\([a-z]+(?:\['[^']+'\])?[a-z.]+\)\) != nil"
_ONLY_GUARDS = re.compile(rf"\{{\{{={_GUARD}(?: && {_GUARD})*\}}\}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Tasks that move into a DAG template of their own."""

    graph: TaskGraph
    made_here: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values that are handed to the part beside what its tasks read: key to expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGraph:
    """Tasks, and parts that hold others, by name in the order of the template."""

    members: Mapping[str, Json | Part]
    requires: Edges
    follows: Edges
    reads: Edges
    uncertain: frozenset[str]
    """Members that may be skipped although nothing failed, or hold one that may."""
    gates: Mapping[str, str] = field(default_factory=dict[str, str])
    """Members that require something outside: the key of a value that is true if that succeeded."""

    @property
    def size(self) -> int:
        """The tasks of its template: its members, and a stand-in for each gate."""
        return len(self.members) + len(set(self.gates.values()))

    def among(self, names: Sequence[str]) -> TaskGraph:
        """Return these members alone, in this order, without relations that lead out of them.

        Reads stay: what is read has to be handed over.
        """
        kept = frozenset(names)
        return TaskGraph(
            members={name: self.members[name] for name in names},
            requires={name: self.requires[name] & kept for name in names},
            follows={name: self.follows[name] & kept for name in names},
            reads={name: self.reads[name] for name in names},
            uncertain=self.uncertain & kept,
            gates={name: self.gates[name] for name in names if name in self.gates},
        )

    def tasks(self) -> Iterator[str]:
        """Yield the names of the tasks, those in parts included."""
        for name, member in self.members.items():
            if isinstance(member, Part):
                yield from member.graph.tasks()
            else:
                yield name

    def before(self, name: str) -> frozenset[str]:
        """Return the members that ``name`` comes after, for whatever reason."""
        return self.requires[name] | self.follows[name]

    def dependants(self) -> Mapping[str, frozenset[str]]:
        """Return each member with those that require it."""
        found: dict[str, set[str]] = {name: set() for name in self.members}
        for name in self.members:
            for above in self.requires[name]:
                found[above].add(name)
        return {name: frozenset(below) for name, below in found.items()}

    def components(self) -> Iterator[tuple[str, ...]]:
        """Yield the members that have nothing to do with others, set by set, in order."""
        neighbours: dict[str, set[str]] = {name: set() for name in self.members}
        for name in self.members:
            for other in (self.before(name) | self.reads[name]) & self.members.keys():
                neighbours[name].add(other)
                neighbours[other].add(name)
        position = {name: number for number, name in enumerate(self.members)}
        seen: set[str] = set()
        for first in self.members:
            if first in seen:
                continue
            seen.add(first)
            waiting, component = [first], {first}
            while waiting:
                for other in neighbours[waiting.pop()] - seen:
                    seen.add(other)
                    component.add(other)
                    waiting.append(other)
            yield tuple(sorted(component, key=position.__getitem__))

    def in_levels(self) -> tuple[str, ...]:
        """Return the members by the longest way to them, those of one length in order."""
        level: dict[str, int] = {}
        for first in self.members:
            waiting = [first]
            while waiting:
                name = waiting[-1]
                missing = [above for above in sorted(self.before(name)) if above not in level]
                if missing:
                    waiting += missing
                    continue
                level[name] = 1 + max((level[one] for one in self.before(name)), default=-1)
                waiting.pop()
        return tuple(sorted(self.members, key=lambda name: level[name]))


def read_graph(tasks: Iterable[Json]) -> TaskGraph:
    """Return the graph of the tasks of a template."""
    members = {str(task["name"]): task for task in tasks}
    requires: dict[str, frozenset[str]] = {}
    follows: dict[str, frozenset[str]] = {}
    for name, task in members.items():
        text = task.get("depends", "")
        above = frozenset(parse_depends(text).tasks) if text else frozenset[str]()
        follows[name] = frozenset(_FOLLOWED.findall(text))
        requires[name] = above - follows[name]
    return TaskGraph(
        members=members,
        requires=_without_implied(requires),
        follows=follows,
        reads={name: frozenset(read_names(task)) for name, task in members.items()},
        uncertain=frozenset(
            name
            for name, task in members.items()
            if "when" in task and not _ONLY_GUARDS.fullmatch(task["when"])
        ),
    )


def read_names(task: object) -> Iterator[str]:
    """Yield the tasks whose status or control value is read anywhere in a JSON value."""
    for match in READ_TASK.finditer(to_json(task)):
        yield match[1]


def _without_implied(requires: Edges) -> Edges:
    """Return the edges without those that others imply: who succeeded had what it required."""
    bits = {name: 1 << number for number, name in enumerate(requires)}
    above = closure({name: sorted(names) for name, names in requires.items()})
    kept: dict[str, frozenset[str]] = {}
    for name, names in requires.items():
        implied = 0
        for one in names:
            implied |= above[one]
        kept[name] = frozenset(one for one in names if not bits[one] & implied)
    return kept

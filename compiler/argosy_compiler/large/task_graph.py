"""The tasks of a DAG template as a graph, to divide a large one.

A task *requires* another to have succeeded, *follows* it whatever became of it, or *reads* its
status or control value. A *part* is a graph that moves into a DAG template of its own; in the
outer graph it is one task.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from argosy_expressions.argo import parse_depends
from argosy_schemas.values import to_json

Json: TypeAlias = Mapping[str, Any]
Edges: TypeAlias = Mapping[str, frozenset[str]]

READ_TASK = re.compile(r"tasks\['([^']+)'\]\.(status|outputs\.parameters\.control)")
_FOLLOWED = re.compile(r"([\w-]+)\.Failed\b")

_GUARD = r"fromJSON\(sprig\.b64dec\([a-z]+(?:\['[^']+'\])?[a-z.]+\)\) != nil"
_ONLY_GUARDS = re.compile(rf"\{{\{{={_GUARD}(?: && {_GUARD})*\}}\}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGraph:
    """Tasks and parts, by name in the order of the template."""

    members: Mapping[str, Json | TaskGraph]
    requires: Edges
    """In the graph of a part, these may be members of outer graphs."""
    follows: Edges
    reads: Edges
    skippable: frozenset[str]
    """Members that a condition may leave out although nothing failed."""

    @property
    def size(self) -> int:
        """The tasks of its template: its members, and a stand-in for each set of others outside."""
        outside = {self.required_outside(name) for name in self.members}
        return len(self.members) + len(outside - {frozenset()})

    def required_outside(self, name: str) -> frozenset[str]:
        """Return what ``name`` requires of outer graphs."""
        return self.requires[name].difference(self.members)

    def before(self, name: str) -> frozenset[str]:
        """Return the tasks that ``name`` waits for, required or followed."""
        return self.requires[name] | self.follows[name]

    def among(self, names: Collection[str]) -> TaskGraph:
        """Return these members alone, in this order; they may require and read others."""
        kept = frozenset(names)
        return TaskGraph(
            members={name: self.members[name] for name in names},
            requires={name: self.requires[name] for name in names},
            follows={name: self.follows[name] & kept for name in names},
            reads={name: self.reads[name] for name in names},
            skippable=self.skippable & kept,
        )

    def tasks(self) -> Iterator[str]:
        """Yield the names of the tasks, those in parts included."""
        for name, member in self.members.items():
            if isinstance(member, TaskGraph):
                yield from member.tasks()
            else:
                yield name

    def neighbours(self) -> Mapping[str, set[str]]:
        """Return each member with the members that wait for it or read it, and the reverse."""
        found: dict[str, set[str]] = {name: set() for name in self.members}
        for name in self.members:
            for other in (self.before(name) | self.reads[name]) & self.members.keys():
                found[name].add(other)
                found[other].add(name)
        return found

    def components(self, *, without: Collection[str] = ()) -> Iterator[Sequence[str]]:
        """Yield the connected components of the graph without the tasks in ``without``."""
        neighbours = self.neighbours()
        position = {name: number for number, name in enumerate(self.members)}
        seen = set(without)
        for first in self.members:
            if first not in seen:
                seen.add(first)
                component = [first]
                for name in component:
                    component += (new := neighbours[name] - seen)
                    seen |= new
                yield sorted(component, key=position.__getitem__)

    def levels(self) -> Sequence[str]:
        """Return the members in topological order, by the length of the longest path to each."""
        level: dict[str, int] = {}
        for first in self.members:
            waiting = [first]
            while waiting:
                before = self.before(waiting[-1]) & self.members.keys()
                missing = [name for name in before if name not in level]
                waiting += missing
                if not missing:
                    level[waiting.pop()] = 1 + max((level[name] for name in before), default=-1)
        return sorted(self.members, key=level.__getitem__)


def read_graph(template: Json) -> TaskGraph:
    """Return the graph of the tasks of a DAG template."""
    members = {str(task["name"]): task for task in template["dag"]["tasks"]}
    requires: dict[str, frozenset[str]] = {}
    follows: dict[str, frozenset[str]] = {}
    for name, task in members.items():
        text = task.get("depends", "")
        follows[name] = frozenset(_FOLLOWED.findall(text))
        requires[name] = frozenset(parse_depends(text).tasks if text else ()) - follows[name]
    return TaskGraph(
        members=members,
        requires=requires,
        follows=follows,
        reads={name: find_read_tasks(task) for name, task in members.items()},
        skippable=frozenset(
            name
            for name, task in members.items()
            if "when" in task and not _ONLY_GUARDS.fullmatch(task["when"])
        ),
    )


def find_read_tasks(value: object) -> frozenset[str]:
    """Return the tasks whose status or control value is read anywhere in a JSON value."""
    return frozenset(match[1] for match in READ_TASK.finditer(to_json(value)))

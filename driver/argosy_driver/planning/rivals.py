"""Tasks of one run that do the same work, of which the first to succeed serves the others.

Which one that is depends on the machine, unless all others wait for it. Of tasks with inputs that
are not known yet, those that are known tell which others may do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from argosy_driver.planning.foreseen import ANY_ITERATION, Foreseen, Verdict
from argosy_driver.planning.foreseen_records import NotYetKnownError
from argosy_driver.preparing.fingerprint import Work, canonical, custom_fingerprint, fingerprint
from argosy_driver.resolving.nodes import Node, Nodes
from argosy_driver.resolving.placeholders import has_placeholder
from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.ir.model import Dag
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import TaskPath
from argosy_schemas.values import UNSET

_GROUPS = (TaskKind.DAG, TaskKind.LOOP)

_Name: TypeAlias = tuple[str, str]
_IMAGE: Final[_Name] = ("image", "")
_IS_NEW: Final[_Name] = ("is new in each run", "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rival:
    path: TaskPath
    node: Node
    """The task, or an iteration that stands for all."""
    fingerprint: str | None
    is_new: bool | None
    """Whether the fingerprint is another one in each run; ``None``: it may be."""

    @property
    def runs(self) -> bool:
        """Whether the task would run but for another one that does the same."""
        return self.fingerprint is not None or self.is_new is True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """What tells a task from others with the same work."""

    known: Mapping[_Name, Hashable]
    open: frozenset[_Name]
    """Those that may turn out to be anything, or to be absent."""

    def without(self, names: frozenset[_Name]) -> Hashable:
        return frozenset(pair for pair in self.known.items() if pair[0] not in names)


class Rivals:
    """The tasks of a plan that may serve each other, by what they do."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        # Each behind those that it waits for, as the plan comes to them.
        self._by_work: dict[str, list[_Rival]] = {}
        self._works: dict[tuple[str, str], str] = {}
        self._order = _Order(resolver.nodes)

    def add_known(self, node: Node, fingerprint: str, *, is_new: bool) -> None:
        """Take in a task that would run.

        Args:
            node: The task.
            fingerprint: What the cache knows its work by.
            is_new: Whether that is another one in each run.
        """
        self._add(_Rival(path=node.path, node=node, fingerprint=fingerprint, is_new=is_new))

    def add(self, path: TaskPath, node: Node, *, is_new: bool = False) -> None:
        """Take in a task whose fingerprint is not known yet.

        Args:
            path: Of the task.
            node: The same task, or an iteration that stands for all.
            is_new: Whether it is known to be another one in each run; such a task would run but for
                another one that does the same.
        """
        self._add(_Rival(path=path, node=node, fingerprint=None, is_new=is_new or None))

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

    def _add(self, rival: _Rival) -> None:
        self._by_work.setdefault(self._work(rival.node), []).append(rival)

    def _work(self, node: Node) -> str:
        """Return what two tasks have in common if they do the same, whatever their inputs are."""
        container, component = node.container, node.component
        assert container is not None, node.path
        key = _key(node)
        found = self._works.get((component.name, key))
        if found is None:
            arguments = (*container.command, *container.args)
            # What is not known of each task is told apart later, or taken to be the same.
            work = Work(image="", arguments=arguments, outputs=component.outputs)
            found = custom_fingerprint("", component.name, key) if key else fingerprint("", work)
            self._works[component.name, key] = found
        return found

    def _reasons(self) -> Iterator[tuple[TaskPath, str]]:
        """Yield the tasks that another one may serve, and why."""
        for rivals in self._by_work.values():
            by_fingerprint: dict[str, _Paths] = {}
            for one in rivals:
                if one.fingerprint is not None:
                    by_fingerprint.setdefault(one.fingerprint, _Paths()).add(one.path)
            alone: list[_Rival] = []
            for one in rivals:
                other = None
                if one.fingerprint is not None:
                    other = self._order.may_precede(one.path, by_fingerprint[one.fingerprint])
                if other is not None:
                    yield one.path, f"'{other}' does the same"
                elif one.runs:
                    alone.append(one)
            if alone and any(one.fingerprint is None for one in rivals):
                for path, other in self._served(alone, rivals):
                    yield path, f"'{other}' may do the same"

    def _served(
        self, tasks: Iterable[_Rival], rivals: Iterable[_Rival]
    ) -> Iterator[tuple[TaskPath, TaskPath]]:
        """Yield the tasks that a rival may turn out to serve, and that one."""
        inputs: dict[TaskPath, _Inputs] = {}
        # Those of which the same is known can be looked up by what that is.
        alike: dict[tuple[bool, frozenset[_Name]], list[_Rival]] = {}
        for one in rivals:
            found = self._inputs(one)
            if found is not None:
                inputs[one.path] = found
                is_known = one.fingerprint is not None
                alike.setdefault((is_known, found.open), []).append(one)
        lookups: dict[Hashable, dict[Hashable, _Paths]] = {}
        for one in tasks:
            own = inputs.get(one.path)
            for (is_known, open_ones), others in () if own is None else alike.items():
                assert own is not None
                if is_known and one.fingerprint is not None:
                    continue
                left_out = own.open | open_ones
                lookup = lookups.get((is_known, open_ones, left_out))
                if lookup is None:
                    lookup = lookups[is_known, open_ones, left_out] = {}
                    for other in others:
                        shared = inputs[other.path].without(left_out)
                        lookup.setdefault(shared, _Paths()).add(other.path)
                same = lookup.get(own.without(left_out))
                path = None if same is None else self._order.may_precede(one.path, same)
                if path is not None:
                    yield one.path, path
                    break

    def _inputs(self, rival: _Rival) -> _Inputs | None:
        """Return what is known of a task, now that the plan is through; ``None``: it fails."""
        node, resolver = rival.node, self._resolver
        container = node.container
        assert container is not None, rival.path
        if _key(node):
            return _Inputs(known={}, open=frozenset())
        known: dict[_Name, Hashable] = {}
        unknown: set[_Name] = set()

        def note(name: _Name, look: Callable[[], Hashable]) -> None:
            try:
                value = look()
            except NotYetKnownError:
                unknown.add(name)
            else:
                if value is not None:
                    known[name] = value

        def parameter(name: str) -> str | None:
            value = resolver.parameter(node, name)
            return None if value is UNSET else canonical(value)

        def artifacts(name: str) -> Hashable:
            found = resolver.artifacts(node, name)
            return None if found is None else tuple((one.uri, one.type) for one in found)

        try:
            for name in node.parameter_names:
                note(("parameter", name), partial(parameter, name))
            for name in node.artifact_names:
                note(("artifact", name), partial(artifacts, name))
        except FinalTaskError:
            return None
        if has_placeholder(container.image):
            unknown.add(_IMAGE)
        else:
            known[_IMAGE] = container.image
        if rival.is_new is None:
            unknown.add(_IS_NEW)
        else:
            known[_IS_NEW] = rival.is_new
        return _Inputs(known=known, open=frozenset(unknown))


class _Paths:
    """Paths of tasks by what they lie in."""

    def __init__(self) -> None:
        self._first: dict[TaskPath, dict[str, TaskPath]] = {}

    def add(self, path: TaskPath) -> None:
        outer = TaskPath("")
        for key, inner in _steps(path):
            self._first.setdefault(outer, {}).setdefault(key, path)
            outer = inner

    def below(self, path: TaskPath) -> Mapping[str, TaskPath]:
        """Return the keys of what lies in a group, with the first path of each."""
        return self._first.get(path, {})


class _Order:
    """Which tasks wait for which."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._followers: dict[tuple[int, str], set[str]] = {}

    def may_precede(self, path: TaskPath, others: _Paths) -> TaskPath | None:
        """Return another task that does not wait for one in each run, if there is one."""
        node, outer = self._nodes.root, TaskPath("")
        for key, inner in _steps(path):
            dag = node.component.dag
            # Iterations come in any order.
            after = set[str]() if node.is_loop or dag is None else self._after(dag, key)
            for other, first in others.below(outer).items():
                if other != key and other not in after:
                    return first
            if node.is_loop:
                node = self._nodes.iteration(node, 0 if key == ANY_ITERATION else int(key))
            else:
                node = self._nodes.child(node, key)
            outer = inner
        return None

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


def _key(node: Node) -> str:
    """Return on what alone it depends whether a task does the same, if there is such a key."""
    return "" if node.task is None else node.task.caching.key


def _steps(path: TaskPath) -> Iterator[tuple[str, TaskPath]]:
    """Yield the segments of a path, and the path up to each."""
    segments = path.split("/")
    for length, segment in enumerate(segments, 1):
        yield segment, TaskPath("/".join(segments[:length]))


def _outer(path: TaskPath) -> Iterator[TaskPath]:
    """Yield the paths of what is around a task."""
    for _, outer in _steps(path):
        if outer != path:
            yield outer

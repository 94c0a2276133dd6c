"""Say what each task of a run would do, without running anything.

The pipeline is walked as the run would walk it. What a task that is in the cache puts out is known,
and what follows from it, too; what comes from a task that would run is not, and neither is whatever
is decided by it. Tasks that would run are taken to succeed.

Every task is told of, also those in groups that are left out or cannot be known yet. Iterations
that cannot be counted yet stand for each other: ``for-loop-1/*/train``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from argosy_driver.planning.foreseen import ANY_ITERATION, Foreseen, Verdict
from argosy_driver.planning.foreseen_records import (
    ForeseenPhases,
    ForeseenRecords,
    NotYetKnownError,
)
from argosy_driver.resolving.claims import is_claim
from argosy_driver.resolving.final_status import OMITTED
from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.ir.model import FinalStatus
from argosy_schemas.ir.order import order_tasks
from argosy_schemas.ir.task_kind import get_task_kind
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import TaskPath, join_task_path

Look = Callable[[TaskPath], Step]
"""Returns the step of a container task as far as the cache decides it, without writing."""

_PHASES: Final[Mapping[Verdict, str | None]] = {
    Verdict.SKIPPED: "Skipped",
    Verdict.NOT_RUN: OMITTED,
    Verdict.CACHED: None,
    Verdict.REGISTER: None,
    Verdict.EMPTY: None,
}
"""Verdicts from which it follows how the task ends, see :meth:`ForeseenPhases.of`."""

_OF_GROUPS: Final = (
    Verdict.FAIL,
    Verdict.RUN,
    Verdict.RUN_OR_CACHED,
    Verdict.UNKNOWN,
    Verdict.CACHED,
    Verdict.REGISTER,
)
"""The first that something in a group has is that of the group."""


def foresee(
    resolver: Resolver,
    records: ForeseenRecords,
    phases: ForeseenPhases,
    *,
    look: Look,
    look_again: Look,
) -> Iterator[Foreseen]:
    """Yield every task, those inside a DAG or an iteration behind it.

    Args:
        resolver: Of the run, on ``records`` and ``phases``.
        records: Empty.
        phases: Empty.
        look: For the run.
        look_again: For another run, on the same records: what is not the same there is new in each
            run.

    Raises:
        StoreError: A store did not answer.
    """
    walk = _Walk(resolver, records, phases, look, look_again)
    yield from walk.dag(resolver.tree.at(TaskPath("")))


class _Walk:
    def __init__(
        self,
        resolver: Resolver,
        records: ForeseenRecords,
        phases: ForeseenPhases,
        look: Look,
        look_again: Look,
    ) -> None:
        self._resolver = resolver
        self._records = records
        self._phases = phases
        self._look = look
        self._look_again = look_again
        self._uncounted: set[TaskPath] = set()
        """Loops that come to their end, with a number of items that is not known yet."""

    def dag(self, frame: TaskPosition) -> Iterator[Foreseen]:
        dag = frame.component.dag
        assert dag is not None, frame.path
        verdicts: dict[str, Verdict] = {}
        for key in order_tasks(dag):
            node = self._resolver.tree.child(frame, key)
            assert node.task is not None
            before = {one: verdicts[one] for one in node.task.dependencies if one in verdicts}
            found = self._task(node, before)
            # What comes after a loop does not care how many items it has.
            is_uncounted = node.path in self._uncounted
            verdicts[key] = Verdict.RUN_OR_CACHED if is_uncounted else found[0].verdict
            yield from found

    def _task(self, node: TaskPosition, before: Mapping[str, Verdict]) -> list[Foreseen]:
        """Return a task, and behind it what is in it."""
        decided = self._decided_before(node, before)
        if decided is None:
            try:
                if not self._resolver.holds(node):
                    decided = _foreseen(node, Verdict.SKIPPED)
                elif node.is_loop:
                    return self._group(node, self._iterations(node))
                elif node.has_dag:
                    return self._group(node, [node])
                else:
                    return [self._leaf(node)]
            except NotYetKnownError as error:
                decided = _foreseen(node, Verdict.UNKNOWN, self._open_input(node, error))
            except FinalTaskError as error:
                decided = _foreseen(node, Verdict.FAIL, str(error))
        self._take(node, decided.verdict)
        is_open = decided.verdict is Verdict.UNKNOWN
        inner = Verdict.UNKNOWN if is_open else Verdict.NOT_RUN
        return [decided, *self._closed(node, node.path, inner)]

    def _decided_before(self, node: TaskPosition, before: Mapping[str, Verdict]) -> Foreseen | None:
        """Return what follows from the tasks before this one alone, if anything does."""
        if node.ignores_upstream_failure:
            return None
        for key, verdict in before.items():
            if verdict in (Verdict.SKIPPED, Verdict.NOT_RUN, Verdict.FAIL):
                return _foreseen(node, Verdict.NOT_RUN, f"'{key}' would be '{verdict}'")
        for key, verdict in before.items():
            if verdict is Verdict.UNKNOWN:
                return _foreseen(node, Verdict.UNKNOWN, f"whether '{key}' runs is not known")
        return None

    def _take(self, node: TaskPosition, verdict: Verdict) -> None:
        """Let the tasks after this one see what became of it."""
        if verdict in _PHASES:
            self._phases.ends(node.path, _PHASES[verdict])
        else:
            self._records.leave_open(node.path)

    # Groups.

    def _iterations(self, node: TaskPosition) -> list[TaskPosition]:
        try:
            count = self._resolver.count(node)
        except NotYetKnownError:
            self._uncounted.add(node.path)
            raise
        return [self._resolver.tree.iteration(node, index) for index in range(count)]

    def _group(self, node: TaskPosition, frames: Iterable[TaskPosition]) -> list[Foreseen]:
        """Return a DAG or a loop that comes to run, and what is in its frames."""
        inside: list[Foreseen] = []
        for frame in frames:
            inside += self.dag(frame) if frame.has_dag else [self._leaf(frame)]
        verdicts = {one.verdict for one in inside}
        kind = next((one for one in _OF_GROUPS if one in verdicts), Verdict.EMPTY)
        if kind is Verdict.UNKNOWN:
            # The group comes to its end in any case.
            kind = Verdict.RUN_OR_CACHED
        if kind in _PHASES:
            self._take(node, kind)
        return [_foreseen(node, kind), *inside]

    def _closed(self, node: TaskPosition, path: TaskPath, verdict: Verdict) -> Iterator[Foreseen]:
        """Yield what is in a group that is not walked, all with one verdict.

        A loop that does not run has no iterations: its tasks are told of once, without a number.
        """
        if not node.is_loop:
            if node.has_dag:
                yield from self._closed_dag(node, path, verdict)
            return
        if verdict is not Verdict.UNKNOWN:
            frame = self._resolver.tree.iteration(node, 0)
            if frame.has_dag:
                yield from self._closed_dag(frame, path, verdict)
            return
        count = self._count(node)
        for index in (0,) if count is None else range(count):
            frame = self._resolver.tree.iteration(node, index)
            below = join_task_path(path, ANY_ITERATION if count is None else index)
            if frame.has_dag:
                yield from self._closed_dag(frame, below, verdict)
            else:
                yield _foreseen(frame, verdict, path=below)

    def _closed_dag(
        self, frame: TaskPosition, path: TaskPath, verdict: Verdict
    ) -> Iterator[Foreseen]:
        dag = frame.component.dag
        assert dag is not None, path
        for key in order_tasks(dag):
            node = self._resolver.tree.child(frame, key)
            below = join_task_path(path, key)
            yield _foreseen(node, verdict, path=below)
            yield from self._closed(node, below, verdict)

    def _count(self, node: TaskPosition) -> int | None:
        """Return the number of items of a loop that may not come to run, if it is known."""
        try:
            return self._resolver.count(node)
        except (NotYetKnownError, FinalTaskError):
            return None

    # Tasks.

    def _leaf(self, node: TaskPosition) -> Foreseen:
        found = self._looked(node)
        self._take(node, found.verdict)
        return found

    def _looked(self, node: TaskPosition) -> Foreseen:
        if node.container is None:
            return _foreseen(node, Verdict.REGISTER)
        if is_claim(node.component):
            return _foreseen(node, Verdict.RUN, "makes or removes a volume claim")
        try:
            step = self._look(node.path)
        except NotYetKnownError as error:
            if not self._is_cached(node) or self._is_new_in_each_run(node):
                return _foreseen(node, Verdict.RUN)
            return _foreseen(node, Verdict.RUN_OR_CACHED, self._open_input(node, error))
        if step.decision is Decision.FAILED:
            message = step.failure.message if step.failure is not None else None
            return _foreseen(node, Verdict.FAIL, message)
        if step.decision is Decision.CACHED:
            self._records.keep(step)
            return _foreseen(node, Verdict.CACHED, step=step)
        if step.fingerprint is None:
            return _foreseen(node, Verdict.RUN)
        if step.fingerprint != self._look_again(node.path).fingerprint:
            return _foreseen(node, Verdict.RUN, "it is told what is new in each run")
        return _foreseen(node, Verdict.RUN, step=step)

    def _is_cached(self, node: TaskPosition) -> bool:
        """Return whether what a task puts out goes into the cache."""
        return self._resolver.run.cache and node.task is not None and node.task.caching.enabled

    def _is_new_in_each_run(self, node: TaskPosition) -> bool:
        """Return whether a task is told a final status, which holds the name of the run."""
        if node.task is None or node.task.caching.key:
            return False
        return any(isinstance(given.source, FinalStatus) for given in node.task.parameters.values())

    def _open_input(self, node: TaskPosition, error: NotYetKnownError) -> str:
        """Return which input of a node comes from the task that is not known."""
        for name in node.parameter_names:
            if self._comes_from(error.path, partial(self._resolver.parameter, node, name)):
                return f"input '{name}' depends on '{error.path}'"
        for name in node.artifact_names:
            if self._comes_from(error.path, partial(self._resolver.artifacts, node, name)):
                return f"input '{name}' depends on '{error.path}'"
        return f"'{error.path}' decides it"

    def _comes_from(self, path: TaskPath, resolve: Callable[[], object]) -> bool:
        try:
            resolve()
        except NotYetKnownError as error:
            return error.path == path
        except FinalTaskError:
            return False
        return False


def _foreseen(
    node: TaskPosition,
    verdict: Verdict,
    reason: str | None = None,
    *,
    path: TaskPath | None = None,
    step: Step | None = None,
) -> Foreseen:
    return Foreseen(
        path=node.path if path is None else path,
        kind=get_task_kind(node.component, node.task if node.loop is None else None),
        verdict=verdict,
        reason=reason,
        fingerprint=None if step is None else step.fingerprint,
        cached_from=None if step is None else step.cached_from,
    )

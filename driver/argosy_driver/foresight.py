"""Say what each task of a run would do, without running anything.

The pipeline is walked as the run would walk it. What a task that is in the cache puts out is known,
and what follows from it, too; what comes from a task that would run is not, and neither is whatever
is decided by it. Tasks that would run are taken to succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from argosy_driver.nodes import Node
from argosy_driver.resolver import Resolver
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.ir import Dag
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.records import AttemptRecord, AttemptState, RecordReference, Values
from argosy_schemas.step import Decision, Step
from argosy_schemas.values import UNSET, JsonValue, Unset


class Verdict(StrEnum):
    """What would become of a task."""

    RUN = "run"
    CACHED = "cached"
    RUN_OR_CACHED = "run or cached"
    """It depends on what a task before it puts out."""
    REGISTER = "register"
    """An importer: nothing runs."""
    SKIPPED = "skipped"
    """Its own condition is false."""
    NOT_RUN = "not run"
    """What it depends on would not come to pass."""
    UNKNOWN = "unknown"
    """Whether it runs, or how often, is decided by what a task before it puts out."""
    FAIL = "fail"
    """It could not even start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One task and what would become of it."""

    path: TaskPath
    verdict: Verdict
    reason: str | None = None
    """Why, where the verdict does not say it."""
    fingerprint: str | None = None
    """``None``: not cached, or not known yet."""
    cached_from: RecordReference | None = None


class NotYetKnownError(Exception):
    """A value comes from a task that would run.

    Attributes:
        path: The task.
    """

    def __init__(self, path: TaskPath) -> None:
        super().__init__(path)
        self.path = path


class ValueReader(Protocol):
    """Reads large parameters, see :class:`argosy_store.run_records.RunRecords`."""

    def with_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters read and in place."""
        ...


class ForeseenRecords:
    """The records that there would be: those of tasks in the cache.

    To ask for that of a task that would run is a :class:`NotYetKnownError`.
    """

    def __init__(self, reader: ValueReader) -> None:
        self._reader = reader
        self._known: dict[TaskPath, AttemptRecord] = {}
        self._open: set[TaskPath] = set()

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Return the record of a task in the cache; ``None``: the task does not run."""
        segments = path.split("/")
        for length in range(1, len(segments) + 1):
            prefix = TaskPath("/".join(segments[:length]))
            if prefix in self._open:
                raise NotYetKnownError(prefix)
        return self._known.get(path)

    def with_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters read and in place."""
        return self._reader.with_values(values)

    def read_collected(self, path: TaskPath, name: str) -> JsonValue | Unset:
        """Return ``UNSET``: nothing was collected before the run."""
        return UNSET

    def write_collected(self, path: TaskPath, name: str, value: JsonValue) -> None:
        """Refuse: a resolver that looks ahead keeps nothing."""
        raise AssertionError(f"nothing is collected for '{path}' before the run")

    def keep(self, step: Step) -> None:
        """Take the outputs of a cached step for those of its task."""
        self._known[step.task_path] = AttemptRecord(
            run_id=step.run_id,
            pipeline=step.pipeline,
            task_path=step.task_path,
            attempt_id=AttemptId("foreseen"),
            state=AttemptState.CACHED,
            started_at=datetime(1970, 1, 1, tzinfo=UTC),
            inputs=step.inputs,
            outputs=step.outputs,
        )

    def leave_open(self, path: TaskPath) -> None:
        """Take the outputs of a task, and of all below it, for not known yet."""
        self._open.add(path)


def foresee(
    resolver: Resolver, records: ForeseenRecords, look: Callable[[TaskPath], Step]
) -> Iterator[Foreseen]:
    """Yield every task, those inside a DAG or an iteration behind it.

    Args:
        resolver: Of the run, on ``records``.
        records: Empty.
        look: Returns the step of a container task as far as the cache decides it, without writing.

    Raises:
        StoreError: A store did not answer.
    """
    yield from _Walk(resolver, records, look).dag(resolver.node(TaskPath("")))


class _Walk:
    def __init__(
        self, resolver: Resolver, records: ForeseenRecords, look: Callable[[TaskPath], Step]
    ) -> None:
        self._resolver = resolver
        self._records = records
        self._look = look

    def dag(self, frame: Node) -> Iterator[Foreseen]:
        dag = frame.component.dag
        assert dag is not None, frame.path
        verdicts: dict[str, Verdict] = {}
        for key in _in_order(dag):
            node = self._resolver.nodes.child(frame, key)
            assert node.task is not None
            before = {one: verdicts[one] for one in node.task.dependencies if one in verdicts}
            first, *below = self._task(node, before)
            verdicts[key] = first.verdict
            yield first
            yield from below

    def _task(self, node: Node, before: dict[str, Verdict]) -> Iterator[Foreseen]:
        decided = self._decided_before(node, before)
        if decided is None:
            try:
                if not self._resolver.holds(node):
                    yield Foreseen(path=node.path, verdict=Verdict.SKIPPED)
                    return
                if node.is_loop or node.is_dag:
                    yield from self._group(node)
                    return
                decided = self._leaf(node)
            except NotYetKnownError as error:
                reason = f"'{error.path}' decides it"
                decided = Foreseen(path=node.path, verdict=Verdict.UNKNOWN, reason=reason)
            except FinalTaskError as error:
                decided = Foreseen(path=node.path, verdict=Verdict.FAIL, reason=str(error))
        if decided.verdict not in (Verdict.CACHED, Verdict.NOT_RUN, Verdict.REGISTER):
            self._records.leave_open(node.path)
        yield decided

    def _decided_before(self, node: Node, before: dict[str, Verdict]) -> Foreseen | None:
        """Return what follows from the tasks before this one alone, if anything does."""
        if node.runs_in_any_case:
            for key, verdict in before.items():
                if verdict is not Verdict.CACHED:
                    reason = f"it is told what becomes of '{key}'"
                    kind = Verdict.UNKNOWN if node.is_dag else Verdict.RUN_OR_CACHED
                    return Foreseen(path=node.path, verdict=kind, reason=reason)
            return None
        for key, verdict in before.items():
            if verdict in (Verdict.SKIPPED, Verdict.NOT_RUN, Verdict.FAIL):
                reason = f"'{key}' would be '{verdict}'"
                return Foreseen(path=node.path, verdict=Verdict.NOT_RUN, reason=reason)
        for key, verdict in before.items():
            if verdict is Verdict.UNKNOWN:
                reason = f"whether '{key}' runs is not known"
                return Foreseen(path=node.path, verdict=Verdict.UNKNOWN, reason=reason)
        return None

    def _group(self, node: Node) -> Iterator[Foreseen]:
        """Yield a DAG or a loop, and what is in it."""
        inside: list[Foreseen] = []
        if node.is_loop:
            count = self._resolver.count(node)
            for index in range(count):
                frame = self._resolver.nodes.iteration(node, index)
                inside += self.dag(frame) if frame.is_dag else [self._leaf(frame)]
        else:
            inside += self.dag(node)
        verdicts = {one.verdict for one in inside}
        kind = next(
            (one for one in (Verdict.FAIL, Verdict.RUN, Verdict.RUN_OR_CACHED) if one in verdicts),
            Verdict.CACHED,
        )
        if kind is Verdict.CACHED and Verdict.UNKNOWN in verdicts:
            kind = Verdict.RUN_OR_CACHED
        yield Foreseen(path=node.path, verdict=kind)
        yield from inside

    def _leaf(self, node: Node) -> Foreseen:
        if node.container is None:
            return Foreseen(path=node.path, verdict=Verdict.REGISTER)
        try:
            step = self._look(node.path)
        except NotYetKnownError as error:
            task = node.task
            if task is None or not task.caching.enabled or not self._resolver.run.cache:
                return Foreseen(path=node.path, verdict=Verdict.RUN)
            reason = f"its input comes from '{error.path}'"
            return Foreseen(path=node.path, verdict=Verdict.RUN_OR_CACHED, reason=reason)
        if step.decision is Decision.FAILED:
            message = step.failure.message if step.failure is not None else None
            return Foreseen(path=node.path, verdict=Verdict.FAIL, reason=message)
        if step.decision is not Decision.CACHED:
            return Foreseen(path=node.path, verdict=Verdict.RUN, fingerprint=step.fingerprint)
        self._records.keep(step)
        return Foreseen(
            path=node.path,
            verdict=Verdict.CACHED,
            fingerprint=step.fingerprint,
            cached_from=step.cached_from,
        )


def _in_order(dag: Dag) -> Sequence[str]:
    """Return the task keys, each behind those that it depends on."""
    order: dict[str, None] = {}
    waiting = sorted(dag.tasks, reverse=True)
    while waiting:
        key = waiting[-1]
        open_ones = [one for one in dag.tasks[key].dependencies if one not in order]
        if open_ones and key not in order:
            waiting.extend(sorted(open_ones, reverse=True))
            continue
        order[waiting.pop()] = None
    return list(order)

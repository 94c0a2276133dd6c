"""Plan what each task of a run would do, without running anything.

The planner walks the pipeline as a run does. The outputs of a cached task are known, and so is all
that follows from them. The outputs of a task that would run are not known, nor is anything that
depends on them; the task is assumed to succeed.

Each task has a verdict, also inside a group that does not run or is not known. The iterations of a
loop whose items are not known share one path: ``for-loop-1/*/train``.

Tasks that do the same work in one run are all planned to run: which one comes first, and serves the
others from the cache, depends on the machine.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from argosy_driver.planning.planned_task import ANY_ITERATION, PlannedTask, Verdict
from argosy_driver.planning.records import NotYetKnownError, PlannedPhases, PlannedRecords
from argosy_driver.preparing.adoption import compute_basis
from argosy_driver.preparing.paths import ComponentPaths
from argosy_driver.preparing.prepare import preview_task
from argosy_driver.resolving.claims import is_claim
from argosy_driver.resolving.phases import OMITTED
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run_context import RunContext
from argosy_schemas.errors import FinalTaskError, StoreError
from argosy_schemas.formats.records import AttemptRecord, RecordReference
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.ir.model import FinalStatus, Pipeline
from argosy_schemas.ir.order import order_tasks
from argosy_schemas.ir.task_kind import get_task_kind
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import RunId, TaskPath, join_task_path
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

_PHASES: Final[Mapping[Verdict, str | None]] = {
    Verdict.SKIPPED: "Skipped",
    Verdict.NOT_RUN: OMITTED,
    Verdict.CACHED: None,
    Verdict.REGISTER: None,
    Verdict.EMPTY: None,
}
"""The phase of a task by its verdict, where it is known; see :meth:`PlannedPhases.of`."""

_GROUP_VERDICTS: Final = (
    Verdict.FAIL,
    Verdict.RUN,
    Verdict.RUN_OR_CACHED,
    Verdict.UNKNOWN,
    Verdict.CACHED,
    Verdict.REGISTER,
)
"""A group has the first of these verdicts that one of its tasks has."""


def plan_tasks(
    pipeline: Pipeline,
    run: RunContext,
    *,
    store: ObjectStore,
    stores: Stores,
    make_paths: Callable[[RunContext], ComponentPaths],
) -> Iterator[PlannedTask]:
    """Yield every task; the tasks of a group follow the group.

    Args:
        pipeline: The pipeline of the run.
        run: The run, which has not started.
        store: Holds the records and the cache.
        stores: Opens artifacts by URI.
        make_paths: Returns the paths that components of a run see.

    Raises:
        StoreError: A store did not answer.
    """
    planner = make_planner(pipeline, run, store=store, stores=stores, make_paths=make_paths)
    yield from planner.plan()


def make_planner(
    pipeline: Pipeline,
    run: RunContext,
    *,
    store: ObjectStore,
    stores: Stores,
    make_paths: Callable[[RunContext], ComponentPaths],
    earlier: RunRecords | None = None,
    has_claim: Callable[[TaskPath], bool] = lambda _: False,
) -> Planner:
    """Return the planner of a run.

    Args:
        pipeline: As for :func:`plan_tasks`.
        run: Likewise.
        store: Likewise.
        stores: Likewise.
        make_paths: Likewise.
        earlier: What an earlier attempt at the same run left; ``None``: there was none.
        has_claim: Whether a task has made its volume claim in such an attempt.
    """
    records = PlannedRecords(RunRecords(store, run.id))
    phases = PlannedPhases()

    def preview(resolver: Resolver, path: TaskPath) -> Step:
        return preview_task(
            path,
            resolver=resolver,
            store=store,
            stores=stores,
            paths=make_paths(resolver.run),
            now=lambda: run.created_at,
        )

    resolver = Resolver(pipeline, run, records, phases=phases)
    other = Resolver(pipeline, _other_run(run), records, phases=phases)
    return Planner(
        resolver,
        records,
        phases,
        preview=partial(preview, resolver),
        preview_in_other_run=partial(preview, other),
        earlier=earlier,
        has_claim=has_claim,
    )


def _other_run(run: RunContext) -> RunContext:
    """Return another run of the same pipeline with the same parameters.

    What differs between the fingerprints of a task in both is new in each run.
    """
    objects = run.objects
    return replace(
        run,
        id=RunId(str(uuid.uuid4())),
        name=f"{run.name}-other",
        created_at=run.created_at + timedelta(days=1),
        workspace=f"{run.workspace}-other",
        objects=objects and replace(objects, claims=f"{objects.claims}-other"),
    )


class Planner:
    """Plans one run, once."""

    def __init__(
        self,
        resolver: Resolver,
        records: PlannedRecords,
        phases: PlannedPhases,
        *,
        preview: Callable[[TaskPath], Step],
        preview_in_other_run: Callable[[TaskPath], Step],
        earlier: RunRecords | None,
        has_claim: Callable[[TaskPath], bool],
    ) -> None:
        """Make a planner, see :func:`make_planner`."""
        self._resolver = resolver
        self._earlier = earlier
        self._has_claim = has_claim
        self._records = records
        self._phases = phases
        self._preview = preview
        self._preview_in_other_run = preview_in_other_run
        self._uncounted: set[TaskPath] = set()
        """Loops that run, but whose number of items is not known."""

    def plan(self) -> Iterator[PlannedTask]:
        """Yield every task; the tasks of a group follow the group."""
        yield from self.plan_dag(self._resolver.tree.root)

    @property
    def resolver(self) -> Resolver:
        """Resolves what is known of the run, as far as it has been planned."""
        return self._resolver

    def find_record(self, path: TaskPath) -> AttemptRecord | None:
        """Return the success record that a cached task would have; ``None``: it is not cached."""
        return self._records.find(path)

    def plan_dag(self, parent: TaskPosition) -> Iterator[PlannedTask]:
        """Yield the tasks of the DAG at ``parent``: the root, a DAG task or an iteration."""
        dag = parent.component.dag
        assert dag is not None, parent.path
        verdicts: dict[str, Verdict] = {}
        for key in order_tasks(dag):
            position = self._resolver.tree.child(parent, key)
            upstream = {one: verdicts[one] for one in dag.tasks[key].dependencies}
            planned = self._plan_task(position, upstream)
            # A task after a loop runs, however many items the loop has.
            is_uncounted = position.path in self._uncounted
            verdicts[key] = Verdict.RUN_OR_CACHED if is_uncounted else planned[0].verdict
            yield from planned

    def _plan_task(
        self, position: TaskPosition, upstream: Mapping[str, Verdict]
    ) -> list[PlannedTask]:
        """Return a task and the tasks inside it."""
        planned = self._plan_by_upstream(position, upstream)
        if planned is None:
            try:
                if not self._resolver.holds(position):
                    planned = _planned(position, Verdict.SKIPPED)
                elif position.is_loop:
                    return self._plan_group(position, self._iterations(position))
                elif position.has_dag:
                    return self._plan_group(position, [position])
                else:
                    return [self._plan_leaf(position)]
            except NotYetKnownError as error:
                planned = _planned(position, Verdict.UNKNOWN, self._dependency(position, error))
            except FinalTaskError as error:
                planned = _planned(position, Verdict.FAIL, str(error))
        self._add_outcome(position, planned.verdict)
        is_unknown = planned.verdict is Verdict.UNKNOWN
        inner = Verdict.UNKNOWN if is_unknown else Verdict.NOT_RUN
        return [planned, *self._tasks_inside(position, position.path, inner)]

    def _plan_by_upstream(
        self, position: TaskPosition, upstream: Mapping[str, Verdict]
    ) -> PlannedTask | None:
        """Return the task if the verdicts of its upstream tasks decide its own."""
        if position.ignores_upstream_failure:
            return None
        for key, verdict in upstream.items():
            if verdict in (Verdict.SKIPPED, Verdict.NOT_RUN, Verdict.FAIL):
                return _planned(position, Verdict.NOT_RUN, f"'{key}' would be '{verdict}'")
        for key, verdict in upstream.items():
            if verdict is Verdict.UNKNOWN:
                return _planned(position, Verdict.UNKNOWN, f"it is not known whether '{key}' runs")
        return None

    def _add_outcome(self, position: TaskPosition, verdict: Verdict) -> None:
        """Let the tasks downstream see the outcome of a task."""
        if verdict in _PHASES:
            self._phases.add(position.path, _PHASES[verdict])
        else:
            self._records.add_unknown(position.path)

    # Groups.

    def _iterations(self, loop: TaskPosition) -> list[TaskPosition]:
        try:
            count = self._resolver.count_items(loop)
        except NotYetKnownError:
            self._uncounted.add(loop.path)
            raise
        return [self._resolver.tree.iteration(loop, index) for index in range(count)]

    def _plan_group(self, group: TaskPosition, parts: Iterable[TaskPosition]) -> list[PlannedTask]:
        """Return a group that runs and the tasks inside it.

        Args:
            group: A DAG task or a loop.
            parts: The iterations of the loop, or the DAG task itself.
        """
        inside: list[PlannedTask] = []
        for part in parts:
            inside += self.plan_dag(part) if part.has_dag else [self._plan_leaf(part)]
        verdicts = {task.verdict for task in inside}
        verdict = next((one for one in _GROUP_VERDICTS if one in verdicts), Verdict.EMPTY)
        if verdict is Verdict.UNKNOWN:
            # The group itself ends, whatever becomes of the tasks inside it.
            verdict = Verdict.RUN_OR_CACHED
        if verdict in _PHASES:
            self._add_outcome(group, verdict)
        return [_planned(group, verdict), *inside]

    def _tasks_inside(
        self, position: TaskPosition, path: TaskPath, verdict: Verdict
    ) -> Iterator[PlannedTask]:
        """Yield the tasks inside a task that is not planned to run, all with one verdict.

        A loop that does not run has no iterations: its tasks have one path, without an index.
        """
        if not position.is_loop:
            yield from self._tasks_of_dag(position, path, verdict)
            return
        if verdict is not Verdict.UNKNOWN:
            part = self._resolver.tree.iteration(position, 0)
            yield from self._tasks_of_dag(part, path, verdict)
            return
        count = self._count(position)
        for index in (0,) if count is None else range(count):
            part = self._resolver.tree.iteration(position, index)
            below = join_task_path(path, ANY_ITERATION if count is None else index)
            if part.has_dag:
                yield from self._tasks_of_dag(part, below, verdict)
            else:
                yield _planned(part, verdict, path=below)

    def _tasks_of_dag(
        self, parent: TaskPosition, path: TaskPath, verdict: Verdict
    ) -> Iterator[PlannedTask]:
        dag = parent.component.dag
        for key in () if dag is None else order_tasks(dag):
            position = self._resolver.tree.child(parent, key)
            below = join_task_path(path, key)
            yield _planned(position, verdict, path=below)
            yield from self._tasks_inside(position, below, verdict)

    def _count(self, loop: TaskPosition) -> int | None:
        """Return the number of items of a loop that may not run, if it is known."""
        try:
            return self._resolver.count_items(loop)
        except (NotYetKnownError, FinalTaskError):
            return None

    # Containers and importers.

    def _plan_leaf(self, position: TaskPosition) -> PlannedTask:
        if position.container is None:
            planned = _planned(position, Verdict.REGISTER)
        elif is_claim(position.component) and self._has_claim(position.path):
            planned = _planned(position, Verdict.CACHED)
        elif is_claim(position.component):
            planned = _planned(position, Verdict.RUN, "creates or deletes a volume claim")
        else:
            planned = self._plan_container(position)
        self._add_outcome(position, planned.verdict)
        return planned

    def _plan_container(self, position: TaskPosition) -> PlannedTask:
        try:
            done = self._find_earlier(position)
            if done is not None:
                self._records.add(position.path, done)
                return _planned(position, Verdict.CACHED, cached_from=done.reference)
            step = self._preview(position.path)
        except NotYetKnownError as error:
            if not self._is_cacheable(position) or _reads_final_status(position):
                return _planned(position, Verdict.RUN)
            return _planned(position, Verdict.RUN_OR_CACHED, self._dependency(position, error))
        if step.decision is Decision.FAILED:
            message = step.failure.message if step.failure is not None else None
            return _planned(position, Verdict.FAIL, message)
        if step.decision is Decision.CACHED:
            self._records.add_cached(step)
            return _planned(position, Verdict.CACHED, step=step, cached_from=step.cached_from)
        if step.fingerprint is None:
            return _planned(position, Verdict.RUN)
        if step.fingerprint != self._preview_in_other_run(position.path).fingerprint:
            return _planned(position, Verdict.RUN, "its inputs are new in each run")
        return _planned(position, Verdict.RUN, step=step)

    def _find_earlier(self, position: TaskPosition) -> AttemptRecord | None:
        """Return the success record of an earlier attempt at the run, if a driver would adopt it.

        The status of other tasks, which some tasks have for a basis, is not known before the run.
        """
        if self._earlier is None or _follows_any_outcome(position):
            return None
        try:
            done = self._earlier.read_success(position.path)
        except StoreError as error:
            if error.retryable:
                raise
            return None  # what was known is gone
        if done is None or done.basis is None:
            return done
        basis = compute_basis(self._resolver.inputs(position.path), {})
        return done if done.basis == basis else None

    def _is_cacheable(self, position: TaskPosition) -> bool:
        task = position.task
        return self._resolver.run.cache and task is not None and task.caching.enabled

    def _dependency(self, position: TaskPosition, error: NotYetKnownError) -> str:
        """Return why a task is not known: which input depends on which task."""
        for name in position.parameter_names:
            if self._depends_on(error.path, partial(self._resolver.parameter, position, name)):
                return f"input '{name}' depends on '{error.path}'"
        for name in position.artifact_names:
            if self._depends_on(error.path, partial(self._resolver.artifacts, position, name)):
                return f"input '{name}' depends on '{error.path}'"
        return f"depends on '{error.path}'"

    def _depends_on(self, path: TaskPath, resolve: Callable[[], object]) -> bool:
        try:
            resolve()
        except NotYetKnownError as error:
            return error.path == path
        except FinalTaskError:
            return False
        return False


def _follows_any_outcome(position: TaskPosition) -> bool:
    """Return whether a task, or a group around it, runs whatever became of others."""
    return any(each.ignores_upstream_failure for each in (position, *position.around))


def _reads_final_status(position: TaskPosition) -> bool:
    """Return whether an input is a final status, which holds the name of the run.

    The fingerprint of a task with a cache key does not depend on its inputs.
    """
    task = position.task
    if task is None or task.caching.key:
        return False
    return any(isinstance(one.source, FinalStatus) for one in task.parameters.values())


def _planned(
    position: TaskPosition,
    verdict: Verdict,
    reason: str | None = None,
    *,
    path: TaskPath | None = None,
    step: Step | None = None,
    cached_from: RecordReference | None = None,
) -> PlannedTask:
    return PlannedTask(
        path=position.path if path is None else path,
        kind=get_task_kind(position.component, position.task if position.loop is None else None),
        verdict=verdict,
        reason=reason,
        fingerprint=None if step is None else step.fingerprint,
        cached_from=cached_from,
    )

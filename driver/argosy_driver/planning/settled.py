"""Which tasks of a run are settled before it starts: their results are known, for certain.

A plan says which tasks the cache would serve; whether such a task runs at all may still depend on
one that runs first, and may fail. So a task is settled if every task that it depends on is, and if
the groups around it are: it ends in the same way whatever else happens. Of what is unsure a driver
decides, in the pod of the task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from argosy_driver.planning.plan import make_planner
from argosy_driver.planning.planned_task import PlannedTask, Verdict
from argosy_driver.preparing.paths import ComponentPaths
from argosy_driver.resolving.phases import OMITTED, SUCCEEDED
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run_context import RunContext
from argosy_schemas.errors import ArgosyError, RetryableTaskError, StoreError
from argosy_schemas.formats.records import AttemptRecord
from argosy_schemas.ir.known import KnownTask
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.order import order_tasks
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import TaskPath
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

_PHASES: Final[Mapping[Verdict, str]] = {
    Verdict.CACHED: SUCCEEDED,
    Verdict.REGISTER: SUCCEEDED,
    Verdict.EMPTY: SUCCEEDED,
    Verdict.SKIPPED: "Skipped",
    Verdict.NOT_RUN: OMITTED,
}
"""Of the verdicts of tasks that may be settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The settled tasks of a run."""

    tasks: Mapping[TaskPath, KnownTask] = field(default_factory=dict[TaskPath, KnownTask])
    """Those in a settled group as well; no importers, which need no pod anyhow."""
    records: Mapping[TaskPath, AttemptRecord] = field(default_factory=dict[TaskPath, AttemptRecord])
    """What the container tasks among them that run would leave as success records."""


def find_settled_tasks(
    pipeline: Pipeline,
    run: RunContext,
    *,
    store: ObjectStore,
    stores: Stores,
    make_paths: Callable[[RunContext], ComponentPaths],
    earlier: RunRecords | None = None,
    has_claim: Callable[[TaskPath], bool] = lambda _: False,
) -> Settled:
    """Return the settled tasks of a run.

    Args:
        pipeline: The pipeline of the run.
        run: The run, which has not started, or is to be retried.
        store: Holds the records and the cache.
        stores: Opens artifacts by URI.
        make_paths: Returns the paths that components of a run see.
        earlier: What an earlier attempt at the same run left, whose results count before those of
            the cache; ``None``: there was none.
        has_claim: Whether a task has made its volume claim in an earlier attempt.

    Raises:
        StoreError: A store did not answer.
    """
    planner = make_planner(
        pipeline,
        run,
        store=store,
        stores=stores,
        make_paths=make_paths,
        earlier=earlier,
        has_claim=has_claim,
    )
    try:
        planned = {task.path: task for task in planner.plan()}
    except RetryableTaskError as error:
        raise StoreError(str(error), retryable=True) from error
    finder = _Finder(planner.resolver, planned)
    finder.settle_dag(planner.resolver.tree.root)
    records = {
        path: record for path in finder.found if (record := planner.find_record(path)) is not None
    }
    return Settled(tasks=finder.found, records=records)


class _Finder:
    def __init__(self, resolver: Resolver, planned: Mapping[TaskPath, PlannedTask]) -> None:
        self._resolver = resolver
        self._planned = planned
        self.found: dict[TaskPath, KnownTask] = {}

    def settle_dag(self, parent: TaskPosition) -> bool:
        """Find the settled tasks of a DAG that runs; return whether all are settled."""
        dag = parent.component.dag
        if dag is None:
            return self._settle_leaf(parent)
        settled: set[str] = set()
        for key in order_tasks(dag):
            if settled.issuperset(dag.tasks[key].dependencies):
                child = self._resolver.tree.child(parent, key)
                if self._settle(child):
                    settled.add(key)
        return len(settled) == len(dag.tasks)

    def _settle(self, position: TaskPosition) -> bool:
        planned = self._planned[position.path]
        if planned.verdict in (Verdict.SKIPPED, Verdict.NOT_RUN):
            self.found[position.path] = KnownTask(phase=_PHASES[planned.verdict])
            return True
        if planned.kind is TaskKind.LOOP:
            is_settled = self._settle_loop(position, planned)
        elif planned.kind is TaskKind.DAG:
            is_settled = planned.verdict is not Verdict.FAIL and self.settle_dag(position)
        else:
            return self._settle_leaf(position)
        if is_settled:
            self.found[position.path] = self._make_known(position, planned)
        return is_settled

    def _settle_loop(self, loop: TaskPosition, planned: PlannedTask) -> bool:
        """Find out whether all iterations are settled: one alone needs the loop around it."""
        if planned.verdict not in _PHASES:
            return False
        count = self._resolver.count_items(loop)
        parts = (self._resolver.tree.iteration(loop, index) for index in range(count))
        return all([self.settle_dag(part) for part in parts])

    def _settle_leaf(self, position: TaskPosition) -> bool:
        planned = self._planned[position.path]
        if planned.verdict not in _PHASES:
            return False
        if planned.kind is not TaskKind.IMPORTER:
            self.found[position.path] = self._make_known(position, planned)
        return True

    def _make_known(self, position: TaskPosition, planned: PlannedTask) -> KnownTask:
        if _is_in_loop(position):
            return KnownTask(phase=SUCCEEDED, record=planned.cached_from)
        try:
            outputs = self._resolver.outputs(position.path)
        except ArgosyError:
            # Whoever needs one finds out what is wrong.
            return KnownTask(phase=SUCCEEDED, record=planned.cached_from)
        return KnownTask(
            phase=SUCCEEDED,
            record=planned.cached_from,
            parameters=outputs.parameters,
            lengths={name: len(artifacts) for name, artifacts in outputs.artifacts.items()},
        )


def _is_in_loop(position: TaskPosition) -> bool:
    """Return whether a task is an iteration or in one: what reads its outputs is so as well."""
    return any(each.loop is not None for each in (position, *position.around))

"""Prepare a task: everything that happens before its command runs.

In this order, so that it may be killed anywhere and done again: resolve, adopt what an earlier
attempt finished, also by failing where a stopped workflow runs the task once more, look into the
cache, say that the attempt runs, download. Only the attempt's own record is written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from argosy_driver.preparing.adoption import basis
from argosy_driver.preparing.places import Places
from argosy_driver.preparing.preparation import Preparation
from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.failures import convert_store_errors, make_failure
from argosy_schemas.formats.records import AttemptRecord, AttemptState
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.ir.model import ControlEntry
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import AttemptId, TaskPath
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores


def prepare(
    task_path: TaskPath,
    attempt_id: AttemptId,
    *,
    resolver: Resolver,
    store: ObjectStore,
    stores: Stores,
    places: Places,
    now: Callable[[], datetime],
) -> Step:
    """Return the step of one attempt of a container task, its input artifacts downloaded.

    May be killed and called again at any point. A task that cannot run gives a step whose decision
    is ``FAILED``, not an error.

    Args:
        task_path: The task.
        attempt_id: The attempt.
        resolver: Of the run.
        store: Holds the records and the cache.
        stores: Where artifacts are, by URI.
        places: Where the component sees things.
        now: The time in UTC.

    Raises:
        RetryableTaskError: A store did not answer for as long as its retries last.
    """
    records = RunRecords(store, resolver.run.id)
    with _begun(task_path, attempt_id, resolver, records, now()) as attempt:
        node = attempt.node(resolver)
        done = records.read_success(task_path)
        at_exit = resolver.phases.at_exit is not None
        if done is not None and (at_exit or done.basis is None):
            return _adopted(attempt.step, done)
        failed = _failed_for_good(node, tuple(records.attempts(task_path))) if at_exit else None
        if failed is not None:
            return _adopted(attempt.step, failed)
        step = attempt.resolved(resolver)
        attempt.step = step = replace(step, basis=basis(step.inputs, resolver.phases.told))
        if done is not None and done.basis == step.basis:
            return _adopted(step, done)
        if done is not None:
            attempt.step = step = replace(step, replaces=done.attempt_id)
        return Preparation(
            node=node,
            begun=step,
            resolver=resolver,
            records=records,
            store=store,
            stores=stores,
            places=places,
        ).step()
    return attempt.step


def preview_task(
    task_path: TaskPath,
    *,
    resolver: Resolver,
    store: ObjectStore,
    stores: Stores,
    places: Places,
    now: Callable[[], datetime],
) -> Step:
    """Return the step of a container task up to the cache decision, without writing anything.

    Raises:
        RetryableTaskError: A store did not answer for as long as its retries last.
    """
    records = RunRecords(store, resolver.run.id)
    with _begun(task_path, AttemptId("planned"), resolver, records, now()) as attempt:
        return Preparation(
            node=attempt.node(resolver),
            begun=attempt.resolved(resolver),
            resolver=resolver,
            records=records,
            store=store,
            stores=stores,
            places=places,
        ).decided()
    return attempt.step


@dataclass(slots=True)
class _Attempt:
    """An attempt of a task that may turn out not to run."""

    step: Step
    """As far as it has come."""

    def node(self, resolver: Resolver) -> TaskPosition:
        """Return the task, and take down what is decided by it."""
        node = resolver.tree.at(self.step.task_path)
        self.step = replace(self.step, control=_control(resolver, node))
        return node

    def resolved(self, resolver: Resolver) -> Step:
        """Return the step with its inputs."""
        self.step = replace(self.step, inputs=resolver.inputs(self.step.task_path))
        return self.step


@contextmanager
def _begun(
    task_path: TaskPath,
    attempt_id: AttemptId,
    resolver: Resolver,
    records: RunRecords,
    started_at: datetime,
) -> Generator[_Attempt]:
    """Give an attempt, whose step says at the end why the task cannot run, if it cannot."""
    attempt = _Attempt(
        Step(
            run_id=resolver.run.id,
            pipeline=resolver.pipeline.name,
            task_path=task_path,
            attempt_id=attempt_id,
            decision=Decision.FAILED,
            started_at=started_at,
            log_key=records.log_key(task_path, attempt_id),
            root=resolver.run.root,
        )
    )
    try:
        with convert_store_errors(f"task '{task_path}': "):
            yield attempt
    except FinalTaskError as error:
        attempt.step = _failed(attempt.step, error)


def _adopted(step: Step, done: AttemptRecord) -> Step:
    """Return the step of a task that came to its end, well or not."""
    return replace(
        step,
        decision=Decision.ADOPTED,
        inputs=done.inputs,
        outputs=done.outputs,
        failure=done.failure,
    )


def _failed_for_good(node: TaskPosition, attempts: Sequence[AttemptRecord]) -> AttemptRecord | None:
    """Return the record of the attempt by which a task came to its end, if it failed by itself."""
    if not attempts or attempts[-1].state is not AttemptState.FAILED:
        return None
    last, retry = attempts[-1], node.retry
    is_final = last.failure is not None and last.failure.final
    failures = sum(1 for each in attempts if each.state is AttemptState.FAILED)
    return last if is_final or failures > (0 if retry is None else retry.max_count) else None


def _failed(step: Step, error: FinalTaskError) -> Step:
    failure = make_failure(error)
    # What comes from Kubernetes settings does not know the task.
    if not failure.message.startswith("task '"):
        failure = replace(failure, message=f"task '{step.task_path}': {failure.message}")
    return replace(step, decision=Decision.FAILED, failure=failure)


def _control(resolver: Resolver, node: TaskPosition) -> tuple[ControlEntry, ...]:
    if node.task is None or node.parent is None:
        return ()
    key = (node.parent.component.name, node.task.key)
    return resolver.pipeline.control.get(key, ())

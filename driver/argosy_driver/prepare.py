"""Prepare a task: everything that happens before its command runs.

In this order, so that it may be killed anywhere and done again: resolve, adopt what an earlier
attempt finished, also by failing where a stopped workflow runs the task once more, look into the
cache, say that the attempt runs, download. Only the attempt's own record is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from argosy_driver.adoption import basis
from argosy_driver.nodes import Node
from argosy_driver.places import Places
from argosy_driver.preparation import Preparation
from argosy_driver.resolver import Resolver
from argosy_schemas.errors import FinalTaskError, RetryableTaskError, StoreError
from argosy_schemas.failures import failure_from
from argosy_schemas.ir import ControlEntry
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.records import AttemptRecord, AttemptState, Reason
from argosy_schemas.step import Decision, Step
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
    return _attempt(
        task_path,
        attempt_id,
        Preparation.step,
        resolver=resolver,
        store=store,
        stores=stores,
        places=places,
        now=now,
        adopt=True,
    )


def look_ahead(
    task_path: TaskPath,
    *,
    resolver: Resolver,
    store: ObjectStore,
    stores: Stores,
    places: Places,
    now: Callable[[], datetime],
) -> Step:
    """Return the step of a container task as far as the cache decides it; nothing is written.

    Raises:
        RetryableTaskError: A store did not answer for as long as its retries last.
    """
    return _attempt(
        task_path,
        AttemptId("foreseen"),
        Preparation.decided,
        resolver=resolver,
        store=store,
        stores=stores,
        places=places,
        now=now,
        adopt=False,
    )


def _attempt(
    task_path: TaskPath,
    attempt_id: AttemptId,
    act: Callable[[Preparation], Step],
    *,
    resolver: Resolver,
    store: ObjectStore,
    stores: Stores,
    places: Places,
    now: Callable[[], datetime],
    adopt: bool,
) -> Step:
    run = resolver.run
    records = RunRecords(store, run.id)
    step = Step(
        run_id=run.id,
        pipeline=resolver.pipeline.name,
        task_path=task_path,
        attempt_id=attempt_id,
        decision=Decision.FAILED,
        started_at=now(),
        log_key=records.log_key(task_path, attempt_id),
        root=run.root,
    )
    try:
        node = resolver.node(task_path)
        step = replace(step, control=_control(resolver, node))
        done = records.read_success(task_path) if adopt else None
        if done is not None and (resolver.at_exit is not None or done.basis is None):
            return _adopted(step, done)
        if adopt and resolver.at_exit is not None:
            failed = _failed_for_good(node, tuple(records.attempts(task_path)))
            if failed is not None:
                return replace(
                    step, decision=Decision.ADOPTED, inputs=failed.inputs, failure=failed.failure
                )
        step = replace(step, inputs=resolver.inputs(task_path))
        if adopt:
            step = replace(step, basis=basis(step.inputs, resolver.told))
        if done is not None:
            if done.basis == step.basis:
                return _adopted(step, done)
            step = replace(step, replaces=done.attempt_id)
        return act(
            Preparation(
                node=node,
                begun=step,
                resolver=resolver,
                records=records,
                store=store,
                stores=stores,
                places=places,
            )
        )
    except FinalTaskError as error:
        return _failed(step, error)
    except StoreError as error:
        if error.retryable:
            raise RetryableTaskError(
                f"task '{task_path}': {error}", reason=Reason.STORE_FAILED
            ) from error
        return _failed(step, error)


def _adopted(step: Step, done: AttemptRecord) -> Step:
    return replace(step, decision=Decision.ADOPTED, inputs=done.inputs, outputs=done.outputs)


def _failed_for_good(node: Node, attempts: Sequence[AttemptRecord]) -> AttemptRecord | None:
    """Return the record of the attempt by which a task came to its end, if it failed by itself."""
    if not attempts or attempts[-1].state is not AttemptState.FAILED:
        return None
    last, retry = attempts[-1], node.retry
    is_final = last.failure is not None and last.failure.final
    failures = sum(1 for each in attempts if each.state is AttemptState.FAILED)
    return last if is_final or failures > (0 if retry is None else retry.max_count) else None


def _failed(step: Step, error: FinalTaskError | StoreError) -> Step:
    failure = failure_from(error)
    # What comes from the store or from Kubernetes settings does not know the task.
    if not failure.message.startswith("task '"):
        failure = replace(failure, message=f"task '{step.task_path}': {failure.message}")
    return replace(step, decision=Decision.FAILED, failure=failure)


def _control(resolver: Resolver, node: Node) -> tuple[ControlEntry, ...]:
    if node.task is None or node.frame is None:
        return ()
    key = (node.frame.component.name, node.task.key)
    return resolver.pipeline.control.get(key, ())

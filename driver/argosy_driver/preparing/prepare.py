"""Prepare an attempt of a container task: everything that happens before its command runs.

The order allows to kill and repeat it at any point:

1. Adopt the result of an earlier attempt, if it still holds. In the exit handler of a stopped
   workflow a failure counts as a result, too.
2. Resolve the inputs.
3. Look into the cache.
4. Write the record of the attempt; no other record is written.
5. Download the input artifacts.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from argosy_driver.preparing.adoption import compute_basis
from argosy_driver.preparing.arguments import ReadImageCommand
from argosy_driver.preparing.paths import ComponentPaths
from argosy_driver.preparing.step_builder import StepBuilder
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

PLANNED_ATTEMPT: Final = AttemptId("planned")
"""The attempt of a step that nobody runs."""


def prepare(
    task_path: TaskPath,
    attempt_id: AttemptId,
    *,
    resolver: Resolver,
    store: ObjectStore,
    stores: Stores,
    paths: ComponentPaths,
    now: Callable[[], datetime],
    read_image: ReadImageCommand | None = None,
) -> Step:
    """Return the step of one attempt of a container task, with its input artifacts downloaded.

    The process may be killed at any point, and the function called again. If the task cannot run,
    the decision of the step is ``FAILED``; there is no error.

    Args:
        task_path: The task.
        attempt_id: The attempt.
        resolver: The resolver of the run.
        store: The store of records and cache.
        stores: The stores of artifacts, by URI.
        paths: The paths that the component sees.
        now: Returns the time in UTC.
        read_image: Reads the entry point of an image, for components without a command; ``None``:
            such components cannot run.

    Raises:
        RetryableTaskError: A store did not answer for as long as its retries last, or
            ``read_image`` failed.
    """
    records = RunRecords(store, resolver.run.id, known=resolver.pipeline.known)
    with _begin(task_path, attempt_id, resolver, records, now()) as attempt:
        position = attempt.find_position(resolver)
        done = records.read_success(task_path)
        at_exit = resolver.phases.at_exit is not None
        if done is not None and (at_exit or done.basis is None):
            return _adopt(attempt.step, done)
        failed = _find_final_failure(position, records) if at_exit else None
        if failed is not None:
            return _adopt(attempt.step, failed)
        step = attempt.resolve_inputs(resolver)
        attempt.step = step = replace(
            step, basis=compute_basis(step.inputs, resolver.phases.by_path)
        )
        if done is not None and done.basis == step.basis:
            return _adopt(step, done)
        replaced = (
            resolver.pipeline.known.outdated.get(task_path) if done is None else done.attempt_id
        )
        attempt.step = step = replace(step, replaces=replaced)
        return StepBuilder(
            position=position,
            draft=step,
            resolver=resolver,
            records=records,
            store=store,
            stores=stores,
            paths=paths,
            read_image=read_image,
        ).build()
    return attempt.step


def preview_task(
    task_path: TaskPath,
    *,
    resolver: Resolver,
    store: ObjectStore,
    stores: Stores,
    paths: ComponentPaths,
    now: Callable[[], datetime],
) -> Step:
    """Return the step of a container task up to the cache decision, without writing anything.

    Raises:
        RetryableTaskError: A store did not answer for as long as its retries last.
    """
    records = RunRecords(store, resolver.run.id, known=resolver.pipeline.known)
    with _begin(task_path, PLANNED_ATTEMPT, resolver, records, now()) as attempt:
        return StepBuilder(
            position=attempt.find_position(resolver),
            draft=attempt.resolve_inputs(resolver),
            resolver=resolver,
            records=records,
            store=store,
            stores=stores,
            paths=paths,
        ).decide()
    return attempt.step


@dataclass(slots=True)
class _Attempt:
    """An attempt of a task, which may turn out not to run."""

    step: Step
    """The step as far as it is known; a failure is reported with it."""

    def find_position(self, resolver: Resolver) -> TaskPosition:
        """Return the position of the task, and add its control entries to the step."""
        position = resolver.tree.at(self.step.task_path)
        self.step = replace(self.step, control=_control(resolver, position))
        return position

    def resolve_inputs(self, resolver: Resolver) -> Step:
        """Resolve the inputs of the task, and return the step with them."""
        self.step = replace(self.step, inputs=resolver.inputs(self.step.task_path))
        return self.step


@contextmanager
def _begin(
    task_path: TaskPath,
    attempt_id: AttemptId,
    resolver: Resolver,
    records: RunRecords,
    started_at: datetime,
) -> Generator[_Attempt]:
    """Yield an attempt; if the task cannot run, its step says why when the block ends."""
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
        attempt.step = _fail(attempt.step, error)


def _adopt(step: Step, done: AttemptRecord) -> Step:
    """Return the step of a task that an earlier attempt completed, successfully or not."""
    return replace(
        step,
        decision=Decision.ADOPTED,
        inputs=done.inputs,
        outputs=done.outputs,
        failure=done.failure,
    )


def _find_final_failure(position: TaskPosition, records: RunRecords) -> AttemptRecord | None:
    """Return the last attempt if it failed and no retry was left; ``None`` otherwise."""
    attempts = tuple(records.read_attempts(position.path))
    if not attempts or attempts[-1].state is not AttemptState.FAILED:
        return None
    last, retry = attempts[-1], position.retry
    is_final = last.failure is not None and last.failure.final
    failures = sum(1 for each in attempts if each.state is AttemptState.FAILED)
    return last if is_final or failures > (0 if retry is None else retry.max_count) else None


def _fail(step: Step, error: FinalTaskError) -> Step:
    failure = make_failure(error)
    # Errors of Kubernetes settings do not name the task.
    if not failure.message.startswith("task '"):
        failure = replace(failure, message=f"task '{step.task_path}': {failure.message}")
    return replace(step, decision=Decision.FAILED, failure=failure)


def _control(resolver: Resolver, position: TaskPosition) -> tuple[ControlEntry, ...]:
    if position.task is None or position.parent is None:
        return ()
    key = (position.parent.component.name, position.task.key)
    return resolver.pipeline.control.get(key, ())

"""Finish a step: store what its command left behind, and say how it ended.

One function for every outcome. What it does, in this order, may be killed anywhere and done again:
artifacts and log, then the attempt record, then the success record, then the cache entry. Readers
take data from the success record alone, so nothing before it is seen by anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import assert_never

from argosy_launcher.collecting import CollectedArtifact, collect_artifacts, collect_parameters
from argosy_launcher.control import encode_control
from argosy_launcher.executor_output import ExecutorOutput, parse_executor_output
from argosy_launcher.output_files import Locator, locate_here, read_output_file
from argosy_launcher.parallel_jobs import run_in_parallel
from argosy_launcher.process_end import ProcessEnd, find_failure, get_pod_exit_code
from argosy_schemas.errors import StoreError, TaskError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    CacheEntry,
    ContentKind,
    Failure,
    Reason,
    RecordReference,
    Values,
)
from argosy_schemas.formats.step import Decision, Step
from argosy_store.cache_entries import CacheEntries
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores
from argosy_store.transfer import upload


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """What became of a step."""

    record: AttemptRecord
    """As stored; of an adopted step, what would have been. Where an earlier attempt had succeeded
    already, ``outputs`` are that attempt's, for they are what every reader sees."""

    control: str = ""
    """Base64 of the JSON of the step's control entries; empty when it has none, or failed."""

    exit_code: int = 0
    """What the pod's main container ends with: the command's own code where it failed (128 + n
    for signal n), 1 where the command succeeded and the step did not."""

    failure: Failure | None = None
    """``None`` exactly when the step succeeded."""

    warnings: tuple[str, ...] = ()
    """One sentence each: what went wrong without failing the step, e.g. the cache entry."""


def finish(
    step: Step,
    ended: ProcessEnd | None,
    *,
    stores: Stores,
    store: ObjectStore,
    now: Callable[[], datetime],
    locate: Locator = locate_here,
) -> StepOutcome:
    """Store what ``step`` left behind and return what became of it.

    A store that fails for longer than its retries last makes a step that failed for that reason:
    nothing that readers look at was written then, and the same call may be made again.

    Args:
        step: What the driver prepared.
        ended: How its command ended; ``None`` exactly when its decision was not ``RUN``.
        stores: Where artifacts go, by URI.
        store: Where records, logs and cache entries go.
        now: The time in UTC.
        locate: Where this process finds what the command knows as the given path. They differ on
            a cluster only.
    """
    return _Finishing(step, ended, stores, store, now, locate).finish()


@dataclass(slots=True)
class _Finishing:
    """One call of :func:`finish`."""

    step: Step
    ended: ProcessEnd | None
    stores: Stores
    store: ObjectStore
    now: Callable[[], datetime]
    locate: Locator
    log: str | None = None
    """Key of the log, once it is stored."""
    log_done: bool = False
    warnings: list[str] = field(default_factory=list[str])

    def finish(self) -> StepOutcome:
        try:
            return self._decided()
        except (TaskError, StoreError) as error:
            return self._failed(make_failure(error))

    def _decided(self) -> StepOutcome:
        step = self.step
        match step.decision:
            case Decision.RUN:
                failure = _NOBODY_RAN_IT if self.ended is None else find_failure(self.ended)
                if failure is not None:
                    return self._failed(failure)
                return self._succeeded(self._stored_outputs(), state=AttemptState.SUCCEEDED)
            case Decision.CACHED:
                return self._succeeded(step.outputs, state=AttemptState.CACHED)
            case Decision.ADOPTED:
                # An earlier attempt did all there is to do; say what it said.
                if step.failure is not None:
                    failure = replace(step.failure, final=True)  # or no retry is left
                    record = self._record(AttemptState.FAILED, Values())
                    return StepOutcome(
                        record=replace(record, failure=failure),
                        exit_code=get_pod_exit_code(failure),
                        failure=failure,
                    )
                return StepOutcome(
                    record=self._record(AttemptState.SUCCEEDED, step.outputs),
                    control=self._control(step.outputs),
                )
            case Decision.FAILED:
                return self._failed(step.failure or _NO_REASON)
            case _:
                assert_never(step.decision)

    def _stored_outputs(self) -> Values:
        step = self.step
        path = step.executor_output_path
        data = read_output_file(path, "executor output", self.locate) if path else None
        executor_output = None if data is None else parse_executor_output(data, path=path)
        said = (executor_output or ExecutorOutput()).parameters
        files = {
            output.name: read_output_file(
                output.path, f"output parameter '{output.name}'", self.locate
            )
            for output in step.output_parameters
            if output.name not in said
        }
        parameters = collect_parameters(step, executor_output, files)
        # Before the uploads, so that what cannot be decided by fails soon.
        encode_control(
            [entry for entry in step.control if entry.output in parameters],
            Values(parameters=parameters),
        )
        collected = collect_artifacts(step, executor_output)
        artifacts: dict[str, list[Artifact]] = {each.name: [] for each in step.output_artifacts}
        uploads: list[Callable[[], Artifact | None]] = [
            partial(self._uploaded, each) for each in collected
        ]
        *uploaded, _ = run_in_parallel([*uploads, self._store_log])
        for each, artifact in zip(collected, uploaded, strict=True):
            if artifact is not None:
                artifacts[each.output].append(artifact)
        return Values(
            parameters=parameters,
            artifacts={name: tuple(items) for name, items in artifacts.items()},
        )

    def _uploaded(self, collected: CollectedArtifact) -> Artifact | None:
        """Return the artifact with its content; ``None`` for an item that turned out not to be."""
        if collected.path is None:
            return collected.artifact
        located = self.locate(collected.path)
        content = upload(
            self.stores, located.path, collected.artifact.uri, boundary=located.boundary
        )
        if content.kind is ContentKind.ABSENT and not collected.reported:
            return None
        return replace(collected.artifact, content=content)

    def _store_log(self) -> None:
        """Store the log; that it cannot be is no reason for a step to fail, or not to."""
        key, ended = self.step.log_key, self.ended
        if self.log_done or ended is None or not key:
            return
        # Once only: a store that is gone has been waited for long enough.
        self.log_done = True
        try:
            if ended.log is not None and not ended.log_stored:
                self.store.put_file(key, ended.log)
        except StoreError as error:
            self.warnings.append(f"the log was not stored: {error}")
        else:
            self.log = key if ended.log_stored or ended.log is not None else None

    def _succeeded(self, outputs: Values, *, state: AttemptState) -> StepOutcome:
        step = self.step
        records = RunRecords(self.store, step.run_id)
        control = self._control(outputs)
        record = winner = self._record(state, outputs)
        records.write_attempt(record)
        if not records.write_success(record, replaces=step.replaces):
            winner = records.read_success(step.task_path) or record
            if winner.attempt_id != step.attempt_id:
                record = replace(record, outputs=winner.outputs)
                control = self._control(winner.outputs)
        if state is AttemptState.SUCCEEDED:
            self._remember(winner)
        return StepOutcome(record=record, control=control, warnings=tuple(self.warnings))

    def _control(self, outputs: Values) -> str:
        if not self.step.control:
            return ""
        if outputs.large:
            outputs = RunRecords(self.store, self.step.run_id).with_values(outputs)
        return encode_control(self.step.control, outputs)

    def _remember(self, winner: AttemptRecord) -> None:
        """Write the cache entry; without it the task succeeded all the same."""
        fingerprint = self.step.fingerprint
        if fingerprint is None:
            return
        entry = CacheEntry(
            fingerprint=fingerprint,
            pipeline=self.step.pipeline,
            record=RecordReference(
                run_id=winner.run_id, task_path=winner.task_path, attempt_id=winner.attempt_id
            ),
            created_at=self.now(),
        )
        try:
            CacheEntries(self.store).put(entry)
        except StoreError as error:
            self.warnings.append(f"the cache entry was not written: {error}")

    def _failed(self, failure: Failure) -> StepOutcome:
        """Keep what can be kept: a store that fails must not hide why the step failed."""
        self._store_log()
        interrupted = self.ended is not None and self.ended.interrupted
        canceled = interrupted or failure.reason is Reason.CANCELED
        state = AttemptState.CANCELED if canceled else AttemptState.FAILED
        record = replace(self._record(state, Values()), failure=failure)
        try:
            RunRecords(self.store, self.step.run_id).write_attempt(record)
        except StoreError as error:
            self.warnings.append(f"the record of this attempt was not stored: {error}")
        return StepOutcome(
            record=record,
            exit_code=get_pod_exit_code(failure),
            failure=failure,
            warnings=tuple(self.warnings),
        )

    def _record(self, state: AttemptState, outputs: Values) -> AttemptRecord:
        step = self.step
        return AttemptRecord(
            run_id=step.run_id,
            pipeline=step.pipeline,
            task_path=step.task_path,
            attempt_id=step.attempt_id,
            state=state,
            started_at=step.started_at,
            finished_at=self.now(),
            inputs=step.inputs,
            outputs=outputs,
            log=self.log,
            fingerprint=step.fingerprint,
            cached_from=step.cached_from,
            basis=step.basis,
        )


_NOBODY_RAN_IT = Failure(
    reason=Reason.INTERNAL, message="nobody ran the command; report this as a bug"
)
_NO_REASON = Failure(
    reason=Reason.INTERNAL,
    message="the driver refused the task without a reason; report this as a bug",
)

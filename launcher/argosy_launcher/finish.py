"""Finish a step: store the outputs of its command and the record of the attempt.

One function handles every outcome. It stores artifacts and log, then the success record, then the
cache entry; of a failure, the log and the record of the attempt. It may be killed anywhere and run
again, since readers take data from the success record only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import assert_never

from argosy_launcher.endings.process_end import ProcessEnd, find_failure, get_pod_exit_code
from argosy_launcher.outputs.collecting import (
    CollectedArtifact,
    collect_artifacts,
    collect_parameters,
)
from argosy_launcher.outputs.control import encode_control
from argosy_launcher.outputs.executor_output import ExecutorOutput, parse_executor_output
from argosy_launcher.outputs.lasting_uris import find_stored_uris, make_lasting
from argosy_launcher.outputs.output_files import Locator, locate_here, read_output_file
from argosy_launcher.outputs.parallel_jobs import run_in_parallel
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
    """The outcome of a step."""

    record: AttemptRecord
    """The stored record; for an adopted step, the record that would have been stored. Where an
    earlier attempt had succeeded already, ``outputs`` are those of that attempt, which every reader
    sees."""

    control: str = ""
    """Base64 of the JSON of the step's control entries; empty when it has none, or failed."""

    exit_code: int = 0
    """The exit code of the pod's main container: that of the command where it failed (128 + n for
    signal n), 1 where the command succeeded and the step did not."""

    failure: Failure | None = None
    """``None`` exactly when the step succeeded."""

    warnings: tuple[str, ...] = ()
    """Problems that do not fail the step, such as a cache entry that was not written; one sentence
    each."""


def finish(
    step: Step,
    ended: ProcessEnd | None,
    *,
    stores: Stores,
    store: ObjectStore,
    now: Callable[[], datetime],
    locate: Locator = locate_here,
) -> StepOutcome:
    """Store the outputs and the record of ``step`` and return its outcome.

    Where a store fails beyond its retries, the step fails for that reason: no success record was
    written then, and the call may be repeated.

    Args:
        step: The step that the driver prepared.
        ended: How its command ended; ``None`` exactly when its decision was not ``RUN``.
        stores: The stores for artifacts, by URI.
        store: The store for records, logs and cache entries.
        now: The clock, in UTC.
        locate: Maps a path of the command to the path in this process. They differ on a cluster
            only.
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
    """The key of the log, once it is stored."""
    log_done: bool = False
    warnings: list[str] = field(default_factory=list[str])

    def finish(self) -> StepOutcome:
        try:
            return self._carry_out_decision()
        except (TaskError, StoreError) as error:
            return self._record_failure(make_failure(error))

    def _carry_out_decision(self) -> StepOutcome:
        step = self.step
        match step.decision:
            case Decision.RUN:
                failure = _NOT_RUN if self.ended is None else find_failure(self.ended)
                if failure is not None:
                    return self._record_failure(failure)
                return self._record_success(self._store_outputs(), state=AttemptState.SUCCEEDED)
            case Decision.CACHED:
                return self._record_success(step.outputs, state=AttemptState.CACHED)
            case Decision.ADOPTED:
                # An earlier attempt has done everything: repeat its outcome.
                if step.failure is not None:
                    failure = replace(step.failure, final=True)  # also where no retry is left
                    record = self._make_record(AttemptState.FAILED, Values())
                    return StepOutcome(
                        record=replace(record, failure=failure),
                        exit_code=get_pod_exit_code(failure),
                        failure=failure,
                    )
                return StepOutcome(
                    record=self._make_record(AttemptState.SUCCEEDED, step.outputs),
                    control=self._encode_control(step.outputs),
                )
            case Decision.FAILED:
                return self._record_failure(step.failure or _NO_REASON)
            case _:
                assert_never(step.decision)

    def _store_outputs(self) -> Values:
        step = self.step
        path = step.executor_output_path
        data = read_output_file(path, "executor output", self.locate) if path else None
        executor_output = None if data is None else parse_executor_output(data, path=path)
        reported = (executor_output or ExecutorOutput()).parameters
        files = {
            output.name: read_output_file(
                output.path, f"output parameter '{output.name}'", self.locate
            )
            for output in step.output_parameters
            if output.name not in reported
        }
        parameters = collect_parameters(step, executor_output, files)
        collected = collect_artifacts(step, executor_output)
        stored_uris = find_stored_uris(step, collected)
        parameters = {name: make_lasting(value, stored_uris) for name, value in parameters.items()}
        # Before the uploads, so that an output that no decision can use fails early.
        encode_control(
            [entry for entry in step.control if entry.output in parameters],
            Values(parameters=parameters),
        )
        artifacts: dict[str, list[Artifact]] = {each.name: [] for each in step.output_artifacts}
        uploads: list[Callable[[], Artifact | None]] = [
            partial(self._upload, each) for each in collected
        ]
        *uploaded, _ = run_in_parallel([*uploads, self._store_log])
        for each, artifact in zip(collected, uploaded, strict=True):
            if artifact is not None:
                artifacts[each.output].append(artifact)
        return Values(
            parameters=parameters,
            artifacts={name: tuple(items) for name, items in artifacts.items()},
        )

    def _upload(self, collected: CollectedArtifact) -> Artifact | None:
        """Upload an artifact and return it; ``None`` for an unreported item that does not exist."""
        if collected.path is None:
            if not self.stores.is_shared(collected.artifact.uri):
                raise TaskError(
                    f"output artifact '{collected.output}' has the URI "
                    f"'{collected.artifact.uri}', which no other pod can read; let the component "
                    "write to the path that it was given, or report the URI of an object",
                    reason=Reason.INVALID_OUTPUT,
                )
            return collected.artifact
        content = upload(self.stores, self.locate(collected.path), collected.artifact.uri)
        if content.kind is ContentKind.ABSENT and not collected.reported:
            return None
        return replace(collected.artifact, content=content)

    def _store_log(self) -> None:
        """Store the log; a failure to do so is a warning and does not change the outcome."""
        key, ended = self.step.log_key, self.ended
        if self.log_done or ended is None or not key:
            return
        # Only once: the retries of an unreachable store take long enough.
        self.log_done = True
        try:
            if ended.log is not None and not ended.log_stored:
                self.store.put_file(key, ended.log)
        except StoreError as error:
            self.warnings.append(f"the log was not stored: {error}")
        else:
            self.log = key if ended.log_stored or ended.log is not None else None

    def _record_success(self, outputs: Values, *, state: AttemptState) -> StepOutcome:
        step = self.step
        records = RunRecords(self.store, step.run_id)
        control = self._encode_control(outputs)
        record = winner = self._make_record(state, outputs)
        if not records.write_success(record, replaces=step.replaces):
            winner = records.read_success(step.task_path) or record
            if winner.attempt_id != step.attempt_id:
                records.write_attempt(record)
                record = replace(record, outputs=winner.outputs)
                control = self._encode_control(winner.outputs)
        if state is AttemptState.SUCCEEDED:
            self._write_cache_entry(winner)
        return StepOutcome(record=record, control=control, warnings=tuple(self.warnings))

    def _encode_control(self, outputs: Values) -> str:
        if not self.step.control:
            return ""
        if outputs.large:
            outputs = RunRecords(self.store, self.step.run_id).load_large_values(outputs)
        return encode_control(self.step.control, outputs)

    def _write_cache_entry(self, winner: AttemptRecord) -> None:
        """Write the cache entry; a failure to do so is a warning."""
        fingerprint = self.step.fingerprint
        if fingerprint is None:
            return
        entry = CacheEntry(
            fingerprint=fingerprint,
            pipeline=self.step.pipeline,
            record=winner.reference,
            created_at=self.now(),
        )
        try:
            CacheEntries(self.store).put(entry)
        except StoreError as error:
            self.warnings.append(f"the cache entry was not written: {error}")

    def _record_failure(self, failure: Failure) -> StepOutcome:
        """Store the log and the record; a store that fails must not hide why the step failed."""
        self._store_log()
        interrupted = self.ended is not None and self.ended.interrupted
        canceled = interrupted or failure.reason is Reason.CANCELED
        state = AttemptState.CANCELED if canceled else AttemptState.FAILED
        record = replace(self._make_record(state, Values()), failure=failure)
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

    def _make_record(self, state: AttemptState, outputs: Values) -> AttemptRecord:
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


_NOT_RUN = Failure(reason=Reason.INTERNAL, message="the command was not run; report this as a bug")
_NO_REASON = Failure(
    reason=Reason.INTERNAL,
    message="the driver refused the task without a reason; report this as a bug",
)

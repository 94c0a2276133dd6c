"""The records and phases of a run that has not started: those of its cached tasks.

A plan resolves inputs and conditions with them, as a run does with what its tasks leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from argosy_driver.resolving.phases import SUCCEEDED
from argosy_schemas.formats.records import AttemptRecord, AttemptState, Traces, Values
from argosy_schemas.formats.step import Step
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.values import UNSET, JsonValue, Unset


class NotYetKnownError(Exception):
    """A value depends on a task that would run.

    Attributes:
        path: The task.
    """

    def __init__(self, path: TaskPath) -> None:
        super().__init__(path)
        self.path = path


class ValueReader(Protocol):
    """Reads large parameters, see :class:`argosy_store.run_records.RunRecords`."""

    def load_large_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters in place."""
        ...


class PlannedPhases:
    """The phases of tasks that are known before the run.

    Implements :class:`argosy_driver.resolving.phases.Phases`.
    """

    at_exit: str | None = None
    by_path: Mapping[str, str] = MappingProxyType({})

    def __init__(self) -> None:
        self._phases: dict[TaskPath, str | None] = {}

    def of(self, path: TaskPath) -> str | None:
        """Return the phase of a task; ``None``: it succeeds if it runs.

        Raises:
            NotYetKnownError: The phase depends on a task that would run.
        """
        if path not in self._phases:
            raise NotYetKnownError(path)
        return self._phases[path]

    def failed(self, path: TaskPath) -> bool:
        """Return whether the task is known to fail or not to run."""
        return self._phases.get(path) not in (None, SUCCEEDED)

    def add(self, path: TaskPath, phase: str | None) -> None:
        """Add a phase as :meth:`of` returns it."""
        self._phases[path] = phase


class PlannedRecords:
    """The success records of cached tasks.

    Implements :class:`argosy_driver.resolving.outputs.Records`.
    """

    def __init__(self, reader: ValueReader) -> None:
        self._reader = reader
        self._records: dict[TaskPath, AttemptRecord] = {}
        self._unknown: set[TaskPath] = set()

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Return the record of a cached task; ``None``: the task does not run.

        Raises:
            NotYetKnownError: The task, or a group around it, would run.
        """
        segments = path.split("/")
        for length in range(1, len(segments) + 1):
            prefix = TaskPath("/".join(segments[:length]))
            if prefix in self._unknown:
                raise NotYetKnownError(prefix)
        return self._records.get(path)

    def read_attempt(self, path: TaskPath, attempt_id: AttemptId) -> AttemptRecord | None:
        """Return ``None``: a run that has not started has no attempts."""
        return None

    def find_traces(self, path: TaskPath) -> Traces:
        """Return no traces: a run that has not started has no attempts."""
        return Traces()

    def load_large_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters in place."""
        return self._reader.load_large_values(values)

    def read_collected(self, path: TaskPath, name: str) -> JsonValue | Unset:
        """Return ``UNSET``: a plan keeps no collected lists."""
        return UNSET

    def write_collected(self, path: TaskPath, name: str, value: JsonValue) -> None:
        """Raise an error: a plan keeps no collected lists."""
        raise AssertionError(f"a plan must not write the collected list of '{path}'")

    def add_cached(self, step: Step) -> None:
        """Add the record of a task from its step, whose decision is ``CACHED``."""
        record = AttemptRecord(
            run_id=step.run_id,
            pipeline=step.pipeline,
            task_path=step.task_path,
            attempt_id=step.attempt_id,
            state=AttemptState.CACHED,
            started_at=step.started_at,
            inputs=step.inputs,
            outputs=step.outputs,
            fingerprint=step.fingerprint,
            cached_from=step.cached_from,
        )
        self.add(step.task_path, record)

    def find(self, path: TaskPath) -> AttemptRecord | None:
        """Return the record of a task that has its result, else ``None``."""
        return self._records.get(path)

    def add(self, path: TaskPath, record: AttemptRecord) -> None:
        """Add the record of a task that has its result."""
        self._records[path] = record

    def add_unknown(self, path: TaskPath) -> None:
        """Declare the outputs of a task, and of all tasks inside it, not known yet."""
        self._unknown.add(path)

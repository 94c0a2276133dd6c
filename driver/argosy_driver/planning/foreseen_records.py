"""The records that a run would find: those of tasks in the cache, and nothing of any other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

from argosy_driver.resolving.final_status import SUCCEEDED
from argosy_schemas.formats.records import AttemptRecord, AttemptState, Traces, Values
from argosy_schemas.formats.step import Step
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.values import UNSET, JsonValue, Unset


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


class ForeseenPhases:
    """How the tasks end of which that is known.

    See :class:`argosy_driver.resolving.phases.Phases`.
    """

    at_exit: str | None = None
    told: Mapping[str, str] = MappingProxyType({})

    def __init__(self) -> None:
        self._known: dict[TaskPath, str | None] = {}

    def of(self, path: TaskPath) -> str | None:
        """Return how a task ends; ``None``: it succeeds if it comes to run."""
        if path not in self._known:
            raise NotYetKnownError(path)
        return self._known[path]

    def failed(self, path: TaskPath) -> bool:
        """Return whether it is known that a task does not succeed, or does not run."""
        return self._known.get(path) not in (None, SUCCEEDED)

    def ends(self, path: TaskPath, phase: str | None) -> None:
        """Take it for known how a task ends, see :meth:`of`."""
        self._known[path] = phase


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

    def read_attempt(self, path: TaskPath, attempt_id: AttemptId) -> AttemptRecord | None:
        """Return ``None``: there were no attempts before the run."""
        return None

    def traces(self, path: TaskPath) -> Traces:
        """Return none: there are no attempts before the run."""
        return Traces()

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

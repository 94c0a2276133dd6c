"""The records of a run, with those that this engine has seen kept in memory.

Every task reads the success records of the tasks before it, which have come to their end and do not
change while this engine runs: what was read once need not be read again. What a record holds is
small, since long values are objects of their own; still only so much is kept.
"""

from __future__ import annotations

import threading

from argosy_schemas.formats.records import AttemptRecord, Traces, Values
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.values import JsonValue, Unset
from argosy_store.run_records import RunRecords

_KEPT_RECORDS = 20_000


class KnownRecords:
    """Reads success records through a memory. Safe to use from several threads."""

    def __init__(self, records: RunRecords) -> None:
        self._records = records
        self._lock = threading.Lock()
        self._known: dict[TaskPath, AttemptRecord] = {}

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Return the success record of a task."""
        with self._lock:
            known = self._known.get(path)
        if known is not None:
            return known
        record = self._records.read_success(path)
        if record is not None:
            self._keep(path, record)
        return record

    def delete_success(self, path: TaskPath) -> None:
        """Delete the success records of a task and of all tasks in it; nobody has read them yet."""
        self._records.delete_success(path)

    def read_attempt(self, path: TaskPath, attempt_id: AttemptId) -> AttemptRecord | None:
        """Return the record of an attempt."""
        return self._records.read_attempt(path, attempt_id)

    def traces(self, path: TaskPath) -> Traces:
        """Return which tasks at a path and below it have left records."""
        return self._records.traces(path)

    def with_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters read and in place."""
        return self._records.with_values(values)

    def read_collected(self, path: TaskPath, name: str) -> JsonValue | Unset:
        """Return the list kept for a loop under this name, or ``UNSET``."""
        return self._records.read_collected(path, name)

    def write_collected(self, path: TaskPath, name: str, value: JsonValue) -> None:
        """Keep a list for a loop."""
        self._records.write_collected(path, name, value)

    def _keep(self, path: TaskPath, record: AttemptRecord) -> None:
        with self._lock:
            if len(self._known) < _KEPT_RECORDS:
                self._known[path] = record

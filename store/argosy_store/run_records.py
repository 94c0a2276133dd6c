"""What one run leaves in the store: attempt and success records, large values, logs, lists."""

from __future__ import annotations

from collections.abc import Iterator

from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_schemas.records import AttemptRecord, Values
from argosy_schemas.values import JsonValue, Unset
from argosy_store.objects import ObjectStore


class RunRecords:
    """The records of one run. Safe to use from several threads.

    Parameters longer than ``LARGE_VALUE_BYTES`` are moved out of a record when it is written, and
    put back by :meth:`with_values`.
    """

    def __init__(self, store: ObjectStore, run_id: RunId) -> None:
        raise NotImplementedError

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Return the task's success record, or ``None``; large values stay where they are.

        Raises:
            StoreError: The store failed, or the record is of a newer major version or damaged.
        """
        raise NotImplementedError

    def write_attempt(self, record: AttemptRecord) -> None:
        """Write the record of an attempt, replacing what this attempt wrote before."""
        raise NotImplementedError

    def write_success(self, record: AttemptRecord) -> bool:
        """Write the task's success record unless it has one; return whether this was the first.

        On a store without conditional writes two may both be told they were; either record is
        whole, and the last one stays.
        """
        raise NotImplementedError

    def attempts(self, path: TaskPath) -> Iterator[AttemptRecord]:
        """Yield the records of all attempts of a task, in the order of their start."""
        raise NotImplementedError

    def with_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters read and in place."""
        raise NotImplementedError

    def log_key(self, path: TaskPath, attempt_id: AttemptId) -> str:
        """Return the key of an attempt's log below the root of the store."""
        raise NotImplementedError

    def read_collected(self, path: TaskPath, name: str) -> JsonValue | Unset:
        """Return a list that :meth:`write_collected` kept, or ``UNSET``.

        Args:
            path: The loop.
            name: What was collected, any text.
        """
        raise NotImplementedError

    def write_collected(self, path: TaskPath, name: str, value: JsonValue) -> None:
        """Keep what was collected over the iterations of a loop, so that nobody has to again."""
        raise NotImplementedError

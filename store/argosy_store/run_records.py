"""The records of a run in the store: attempts, successes, large values, logs, collected lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from argosy_schemas.errors import StoreError
from argosy_schemas.formats.dataclass_json import FormatError
from argosy_schemas.formats.records import LARGE_VALUE_BYTES, AttemptRecord, Traces, Values
from argosy_schemas.formats.records_json import record_from_json, record_to_json
from argosy_schemas.ir.known import NOTHING_KNOWN, KnownResults, RecordReference
from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_schemas.values import UNSET, JsonValue, Unset, to_json
from argosy_store.objects import ObjectStore, check_key

_SUCCESS = "success.json"

CACHED_RECORDS: Final = 256
"""The default size of the LRU cache of success records."""


class _AbsentRecordError(Exception):
    """A task has no success record."""


class RunRecords:
    """The records of one run. Safe to use from several threads.

    Writing a record moves parameters longer than ``LARGE_VALUE_BYTES`` to objects of their own, and
    :meth:`load_large_values` puts them back. Equal values of a run share one object.

    An LRU cache keeps success records, since they do not change and every task downstream reads
    them. It never keeps that a record is absent.

    The record of a task whose result was known when the workflow was made may be that of another
    run; one that is outdated counts as absent.
    """

    def __init__(
        self,
        store: ObjectStore,
        run_id: RunId,
        *,
        known: KnownResults = NOTHING_KNOWN,
        cached_records: int = CACHED_RECORDS,
    ) -> None:
        """Open the records of a run.

        Args:
            store: Holds the records.
            run_id: The run.
            known: Of the pipeline of the run.
            cached_records: How many success records to keep in memory.
        """
        self._known = known
        self._store = store
        self._run_id = run_id
        self._root = f"runs/{_check_segment(store, run_id, 'run id')}"
        self._written: set[str] = set()
        self._cached_success = lru_cache(maxsize=cached_records)(self._read_existing_success)

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Return the success record of a task, or ``None``, without its large values.

        A record that another process has deleted or replaced may still be returned.

        Raises:
            StoreError: The store failed, the record is damaged or has a newer major version, or it
                was known and is gone.
        """
        try:
            return self._cached_success(path)
        except _AbsentRecordError:
            return None

    def write_attempt(self, record: AttemptRecord) -> None:
        """Write the record of an attempt, replacing its earlier one."""
        text = record_to_json(self._without_large_values(record))
        self._store.put(
            self._attempt_key(record.task_path, record.attempt_id, "json"), text.encode()
        )

    def write_success(self, record: AttemptRecord, *, replaces: AttemptId | None = None) -> bool:
        """Write the task's success record unless it has one; return whether this was the first.

        On a store without conditional writes two attempts may both be the first; both records are
        whole, and the last one stays.

        Args:
            record: The record.
            replaces: The attempt whose success record is no longer valid; it is replaced.
        """
        text = record_to_json(self._without_large_values(record))
        key = f"{self._task_key(record.task_path)}/{_SUCCESS}"
        if replaces is not None and self._is_of(key, replaces):
            # Collected lists may hold outputs of the replaced attempt.
            for info in list(self._store.list(f"{self._root}/collected")):
                self._store.delete(info.key)
            self._store.put(key, text.encode())
            self._cached_success.cache_clear()
            return True
        return self._store.put_if_absent(key, text.encode())

    def read_attempts(self, path: TaskPath) -> Iterator[AttemptRecord]:
        """Yield the records of all attempts of a task, in the order of their start.

        The record of the attempt that succeeded is the success record.
        """
        directory = self._task_key(path)
        keys = [info.key for info in self._store.list(directory)]
        # The tasks inside a DAG have records below the same prefix.
        own = re.compile(rf"{re.escape(directory)}/[^/]+\.json")
        # The success record comes last and replaces what its attempt began with.
        keys = sorted(filter(own.fullmatch, keys), key=lambda key: key.endswith(f"/{_SUCCESS}"))
        found = [record for key in keys if (record := self._read(key)) is not None]
        yield from sorted(
            {record.attempt_id: record for record in found}.values(),
            key=lambda record: (record.started_at, record.attempt_id),
        )

    def read_attempt(self, path: TaskPath, attempt_id: AttemptId) -> AttemptRecord | None:
        """Return the record of an attempt; ``None`` if it does not exist.

        Raises:
            StoreError: As for :meth:`read_success`.
        """
        return self._read(self._attempt_key(path, attempt_id, "json"))

    def find_traces(self, path: TaskPath) -> Traces:
        """Return which tasks at a path and below it have records, without reading them.

        The empty path stands for all tasks of the run.
        """
        start = len(f"{self._root}/tasks/")
        inside = f"{path}/" if path else ""
        known = self._known.records
        succeeded = {one for one in known if one == path or one.startswith(inside)}
        attempts: list[tuple[TaskPath, AttemptId]] = []
        for info in self._store.list(self._task_key(path) if path else f"{self._root}/tasks"):
            directory, _, file = info.key.rpartition("/")
            task = TaskPath(directory[start:])
            if file == _SUCCESS:
                if task not in self._known.outdated or self.read_success(task) is not None:
                    succeeded.add(task)
            elif file.endswith(".json"):
                attempts.append((task, AttemptId(file.removesuffix(".json"))))
        unfinished = sorted(each for each in attempts if each[0] not in succeeded)
        return Traces(succeeded=frozenset(succeeded), unfinished=tuple(unfinished))

    def delete_success(self, path: TaskPath) -> None:
        """Delete the success records of a task and of all tasks in it.

        The caller makes sure that no other thread reads them at the same time.
        """
        for info in list(self._store.list(self._task_key(path))):
            if info.key.endswith(f"/{_SUCCESS}"):
                self._store.delete(info.key)
        self._cached_success.cache_clear()

    def load_large_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters in place.

        Raises:
            StoreError: The store failed, or a value does not exist or is damaged.
        """
        if not values.large:
            return values
        read = {name: self._read_value(key) for name, key in values.large.items()}
        return replace(values, parameters={**values.parameters, **read}, large={})

    def log_key(self, path: TaskPath, attempt_id: AttemptId) -> str:
        """Return the key of an attempt's log below the root of the store."""
        return self._attempt_key(path, attempt_id, "log")

    def read_collected(self, path: TaskPath, name: str) -> JsonValue | Unset:
        """Return a list that :meth:`write_collected` wrote, or ``UNSET``.

        Args:
            path: The loop.
            name: The name of the list, any text.
        """
        key = self._collected_key(path, name)
        data = self._store.get(key)
        return UNSET if data is None else self._parse(key, data)

    def write_collected(self, path: TaskPath, name: str, value: JsonValue) -> None:
        """Write a list collected over the iterations of a loop, for the next reader."""
        self._store.put(self._collected_key(path, name), to_json(value).encode())

    def _read_existing_success(self, path: TaskPath) -> AttemptRecord:
        if path in self._known.records:
            return self._read_known(path, self._known.records[path])
        record = self._read(f"{self._task_key(path)}/{_SUCCESS}")
        if record is None or record.attempt_id == self._known.outdated.get(path):
            raise _AbsentRecordError  # an exception, because lru_cache would keep None
        return record

    def _read_known(self, path: TaskPath, reference: RecordReference) -> AttemptRecord:
        task = check_key(
            f"runs/{reference.run_id}/tasks/{reference.task_path}", url=self._store.url
        )
        record = self._read(f"{task}/{_SUCCESS}")
        if record is not None and record.attempt_id == reference.attempt_id:
            return record
        # Whoever submitted the run may have left a copy.
        own = self._read(f"{self._task_key(path)}/{_SUCCESS}")
        if own is not None and own.cached_from == reference:
            return own
        what = "is gone" if record is None else "has been replaced since"
        raise StoreError(
            f"the result of task '{path}' was known when this run began, and its record in run "
            f"'{reference.run_id}' {what}; retry the run, which finds out anew what is known",
            retryable=False,
        )

    def _task_key(self, path: TaskPath) -> str:
        return check_key(f"{self._root}/tasks/{path}", url=self._store.url)

    def _attempt_key(self, path: TaskPath, attempt_id: AttemptId, kind: str) -> str:
        return (
            f"{self._task_key(path)}/{_check_segment(self._store, attempt_id, 'attempt id')}.{kind}"
        )

    def _collected_key(self, path: TaskPath, name: str) -> str:
        file = re.sub(r"[^\w.@-]", _encode_percent, name, flags=re.ASCII)
        return check_key(f"{self._root}/collected/{path}/{file}.json", url=self._store.url)

    def _read(self, key: str) -> AttemptRecord | None:
        data = self._store.get(key)
        if data is None:
            return None
        try:
            return record_from_json(data)
        except FormatError as error:
            raise StoreError(f"{self._store.url}/{key}: {error}", retryable=False) from error

    def _is_of(self, key: str, attempt: AttemptId) -> bool:
        record = self._read(key)
        return record is not None and record.attempt_id == attempt

    def _read_value(self, key: str) -> JsonValue:
        data = self._store.get(key)
        if data is None:
            raise StoreError(
                f"{self._store.url}/{key}: a value of another task is missing; run that task again",
                retryable=False,
            )
        return self._parse(key, data)

    def _parse(self, key: str, data: bytes) -> JsonValue:
        try:
            value: JsonValue = json.loads(data)
        except ValueError as error:
            raise StoreError(
                f"{self._store.url}/{key}: the value is not JSON ({error}); delete it and run the "
                f"task again",
                retryable=False,
            ) from error
        return value

    def _without_large_values(self, record: AttemptRecord) -> AttemptRecord:
        return replace(
            record,
            inputs=self._move_large_values(record.inputs),
            outputs=self._move_large_values(record.outputs),
        )

    def _move_large_values(self, values: Values) -> Values:
        texts = {
            name: text
            for name, value in values.parameters.items()
            if (text := _large_text(value)) is not None
        }
        if not texts:
            return values
        large = {name: self._write_value(text) for name, text in texts.items()}
        return replace(
            values,
            parameters=_drop(values.parameters, texts),
            large={**values.large, **large},
        )

    def _write_value(self, text: bytes) -> str:
        # Slow to import, and most records have no large values.
        from hashlib import sha256

        key = f"{self._root}/values/{sha256(text).hexdigest()}"
        if key not in self._written:
            self._store.put_if_absent(key, text)
            self._written.add(key)
        return key


def _large_text(value: JsonValue) -> bytes | None:
    if value is None or isinstance(value, bool | int | float):
        return None
    # A character takes at most six bytes in JSON.
    if isinstance(value, str) and 6 * len(value) + 2 <= LARGE_VALUE_BYTES:
        return None
    text = to_json(value).encode()
    return text if len(text) > LARGE_VALUE_BYTES else None


def _drop(parameters: Mapping[str, JsonValue], names: Mapping[str, object]) -> dict[str, JsonValue]:
    return {name: value for name, value in parameters.items() if name not in names}


def _encode_percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _check_segment(store: ObjectStore, text: str, what: str) -> str:
    if "/" in text:
        raise StoreError(
            f"{store.url}: '{text}' is not a valid {what}: it has a slash", retryable=False
        )
    return check_key(text, url=store.url)

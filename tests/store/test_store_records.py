"""Records, large values, collected lists, cache entries and packed IRs, on each kind of store."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from argosy_schemas.errors import StoreError
from argosy_schemas.formats.records import (
    LARGE_VALUE_BYTES,
    Artifact,
    AttemptRecord,
    AttemptState,
    CacheEntry,
    Content,
    ContentKind,
    Failure,
    Reason,
    RecordReference,
    Traces,
    Values,
)
from argosy_schemas.formats.records_json import cache_entry_to_json
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_schemas.values import UNSET, JsonValue
from argosy_store.cache_entries import CacheEntries, CacheMiss
from argosy_store.fakes import FlakyStore, MemoryStore
from argosy_store.objects import ObjectStore
from argosy_store.packed_irs import get_ir, put_ir
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store

RUN = RunId("1f0c")
TRAIN = TaskPath("for-loop-1/3/train")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

RECORD = AttemptRecord(
    run_id=RUN,
    pipeline="p",
    task_path=TRAIN,
    attempt_id=AttemptId("a1"),
    state=AttemptState.SUCCEEDED,
    started_at=NOON,
    finished_at=NOON + timedelta(seconds=1),
    inputs=Values(parameters={"x": 1, "text": "é"}),
    outputs=Values(
        parameters={"y": {"deep": [1, None]}},
        artifacts={
            "model": (
                Artifact(
                    name="model",
                    uri=ArtifactUri("s3://b/k"),
                    type=ArtifactType(schema_title="system.Model", schema_version="0.0.1"),
                    metadata={"n": 1},
                    content=Content(kind=ContentKind.FILE, files=1, size_bytes=3),
                ),
            )
        },
    ),
    log="runs/1f0c/tasks/for-loop-1/3/train/a1.log",
    fingerprint="f" * 64,
)

LARGE: list[JsonValue] = ["x" * LARGE_VALUE_BYTES, 1]


@pytest.fixture
def store(root: str) -> ObjectStore:
    return open_store(root)


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


def test_a_success_record_comes_back_whole(store: ObjectStore) -> None:
    records = RunRecords(store, RUN)

    assert records.read_success(TRAIN) is None
    assert records.write_success(RECORD)
    assert records.read_success(TRAIN) == RECORD


def test_the_first_success_record_stays(store: ObjectStore) -> None:
    records = RunRecords(store, RUN)
    records.write_success(RECORD)

    assert not records.write_success(replace(RECORD, attempt_id=AttemptId("a2")))
    assert records.read_success(TRAIN) == RECORD


def test_a_success_record_gives_way_to_one_that_replaces_it(store: ObjectStore) -> None:
    records = RunRecords(store, RUN)
    first, second, third = (replace(RECORD, attempt_id=AttemptId(name)) for name in "abc")
    records.write_success(first)
    records.write_collected(TaskPath("loop"), "x", [1])

    assert records.write_success(second, replaces=first.attempt_id)
    assert not records.write_success(third, replaces=first.attempt_id)

    assert records.read_success(TRAIN) == second
    assert records.read_collected(TaskPath("loop"), "x") is UNSET


def test_success_records_are_deleted_with_those_of_all_tasks_in_a_task(store: ObjectStore) -> None:
    records = RunRecords(store, RUN)
    inner = replace(RECORD, task_path=TaskPath(f"{TRAIN}/inner"))
    other = replace(RECORD, task_path=TaskPath(f"{TRAIN}-2"))
    for record in (RECORD, inner, other):
        records.write_attempt(record)
        records.write_success(record)

    records.delete_success(TRAIN)

    assert [records.read_success(one.task_path) for one in (RECORD, inner, other)] == [
        None,
        None,
        other,
    ]
    assert list(records.read_attempts(TRAIN)) == [RECORD]


class CountingStore(MemoryStore):
    """Counts how often an object is read."""

    reads = 0

    def get(self, key: str) -> bytes | None:
        self.reads += 1
        return super().get(key)


def test_a_success_record_is_read_once_and_its_absence_is_not_kept() -> None:
    store = CountingStore()
    records = RunRecords(store, RUN)

    before = records.read_success(TRAIN)
    records.write_success(RECORD)
    after = [records.read_success(TRAIN) for _ in range(3)]

    assert (before, after) == (None, [RECORD] * 3)
    assert store.reads == 2


def test_only_the_success_records_read_last_are_kept() -> None:
    store = CountingStore()
    records = RunRecords(store, RUN, cached_records=2)
    paths = [TaskPath(name) for name in "abc"]
    for path in paths:
        records.write_success(replace(RECORD, task_path=path))

    for path in (*paths[:2], paths[0], paths[2], paths[0]):
        records.read_success(path)

    assert store.reads == 3
    records.read_success(paths[1])
    assert store.reads == 4


@pytest.mark.parametrize("outer", ["for-loop-1", TRAIN])
def test_a_success_record_that_was_read_is_gone_once_deleted(
    store: ObjectStore, outer: str
) -> None:
    records = RunRecords(store, RUN)
    records.write_success(RECORD)
    read = records.read_success(TRAIN)

    records.delete_success(TaskPath(outer))

    assert (read, records.read_success(TRAIN)) == (RECORD, None)


def test_a_success_record_that_was_read_gives_way_to_one_that_replaces_it(
    store: ObjectStore,
) -> None:
    records = RunRecords(store, RUN)
    records.write_success(RECORD)
    read = records.read_success(TRAIN)
    newer = replace(RECORD, attempt_id=AttemptId("a2"))

    records.write_success(newer, replaces=RECORD.attempt_id)

    assert (read, records.read_success(TRAIN)) == (RECORD, newer)


def test_threads_may_read_success_records_through_one_cache() -> None:
    records = RunRecords(MemoryStore(), RUN, cached_records=8)
    made = [replace(RECORD, task_path=TaskPath(f"t{number}")) for number in range(40)]
    for record in made:
        records.write_success(record)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(records.read_success, [one.task_path for one in made * 20]))

    assert found == made * 20


def test_attempts_are_listed_by_their_start_without_the_success_record(store: ObjectStore) -> None:
    records = RunRecords(store, RUN)
    failed = replace(
        RECORD,
        attempt_id=AttemptId("z0"),
        started_at=NOON - timedelta(minutes=1),
        state=AttemptState.FAILED,
        failure=Failure(reason=Reason.COMMAND_FAILED, message="exit status 3", exit_code=3),
    )
    inner = replace(RECORD, task_path=TaskPath(f"{TRAIN}/inner"), attempt_id=AttemptId("i"))
    for record in (RECORD, inner, failed):
        records.write_attempt(replace(record, state=AttemptState.RUNNING))
        records.write_attempt(record)
    records.write_success(RECORD)
    store.put(records.log_key(TRAIN, RECORD.attempt_id), b"log")

    assert list(records.read_attempts(TRAIN)) == [failed, RECORD]
    assert list(records.read_attempts(TaskPath("other"))) == []


def test_traces_tell_what_succeeded_and_the_attempts_of_the_rest(store: ObjectStore) -> None:
    records = RunRecords(store, RUN)
    body = TaskPath("body")
    inner, late, done = (TaskPath(f"body/{name}") for name in ("loop/0/t", "late", "done"))
    for path, attempt in ((late, "z"), (inner, "b"), (late, "a"), (done, "c")):
        records.write_attempt(replace(RECORD, task_path=path, attempt_id=AttemptId(attempt)))
    records.write_success(replace(RECORD, task_path=done))
    store.put(records.log_key(inner, AttemptId("b")), b"log")
    records.write_attempt(replace(RECORD, task_path=TaskPath("other")))
    of_late = ((late, AttemptId("a")), (late, AttemptId("z")))

    assert records.find_traces(body) == Traces(
        succeeded=frozenset({done}), unfinished=(*of_late, (inner, AttemptId("b")))
    )
    assert records.find_traces(late) == Traces(unfinished=of_late)
    assert records.find_traces(TaskPath("nothing")) == Traces()
    found = records.read_attempt(inner, AttemptId("b"))
    assert found == replace(RECORD, task_path=inner, attempt_id=AttemptId("b"))
    assert records.read_attempt(inner, AttemptId("none")) is None


def test_large_values_are_objects_of_their_own_and_come_back(store: ObjectStore) -> None:
    records = RunRecords(store, RUN)
    values = Values(parameters={"large": LARGE, "small": 1})
    records.write_success(replace(RECORD, inputs=values, outputs=values))

    found = RunRecords(store, RUN).read_success(TRAIN)

    assert found is not None
    assert found.outputs.parameters == {"small": 1}
    assert list(found.outputs.large) == ["large"]
    assert records.load_large_values(found.outputs) == values
    assert records.load_large_values(found.inputs) == values


def test_equal_large_values_of_a_run_are_stored_once(memory: MemoryStore) -> None:
    for task in ("a", "b"):
        records = RunRecords(memory, RUN)
        values = Values(parameters={"large": LARGE})
        record = replace(RECORD, task_path=TaskPath(task), inputs=values, outputs=values)
        records.write_attempt(record)
        records.write_success(record)

    assert len(list(memory.list(f"runs/{RUN}/values"))) == 1


@pytest.mark.parametrize(
    ("value", "moved"),
    [
        ("x" * (LARGE_VALUE_BYTES - 2), False),
        ("x" * (LARGE_VALUE_BYTES - 1), True),
        ("\x01" * (LARGE_VALUE_BYTES // 6 + 1), True),
        ("é" * (LARGE_VALUE_BYTES // 2), True),
        ([0] * (LARGE_VALUE_BYTES // 2), True),
        (12345, False),
    ],
    ids=["text-at", "text-above", "escaped", "two-bytes", "list", "number"],
)
def test_values_are_moved_out_by_the_length_of_their_json(
    memory: MemoryStore, value: JsonValue, moved: bool
) -> None:
    records = RunRecords(memory, RUN)
    records.write_success(replace(RECORD, outputs=Values(parameters={"v": value})))

    found = records.read_success(TRAIN)

    assert found is not None
    assert ("v" in found.outputs.large) == moved
    assert records.load_large_values(found.outputs).parameters == {"v": value}


def test_a_large_value_that_is_gone_is_an_error_that_names_it(memory: MemoryStore) -> None:
    with pytest.raises(StoreError) as caught:
        RunRecords(memory, RUN).load_large_values(Values(large={"v": "runs/1f0c/values/abc"}))

    assert str(caught.value) == (
        "memory://fake/runs/1f0c/values/abc: a value of another task is missing;"
        " run that task again"
    )


def test_values_are_written_before_the_record_that_refers_to_them() -> None:
    flaky = FlakyStore()
    RunRecords(flaky, RUN).write_success(replace(RECORD, outputs=Values(parameters={"v": LARGE})))

    assert [key.split("/")[2] for _, key in flaky.calls] == ["values", "tasks"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "The record is damaged"),
        ('{"version": "1.0"}', "The record is damaged"),
        ('{"version": "2.0"}', "The record has format version 2.0"),
    ],
)
def test_a_record_that_cannot_be_read_is_an_error_that_names_it(
    memory: MemoryStore, text: str, expected: str
) -> None:
    memory.put("runs/1f0c/tasks/a/success.json", text.encode())

    with pytest.raises(StoreError) as caught:
        RunRecords(memory, RUN).read_success(TaskPath("a"))

    assert str(caught.value).startswith(f"memory://fake/runs/1f0c/tasks/a/success.json: {expected}")
    assert not caught.value.retryable


@pytest.mark.parametrize("path", ["", "../x", "a//b", "/a", "a/", "a/../../b"])
def test_a_path_that_is_none_is_refused(memory: MemoryStore, path: str) -> None:
    records = RunRecords(memory, RUN)

    with pytest.raises(StoreError):
        records.read_success(TaskPath(path))
    with pytest.raises(StoreError):
        records.write_success(replace(RECORD, task_path=TaskPath(path)))
    with pytest.raises(StoreError):
        records.log_key(TaskPath(path), AttemptId("a"))


@pytest.mark.parametrize("text", ["", "..", "a/b", "../a"])
def test_ids_that_are_none_are_refused(memory: MemoryStore, text: str) -> None:
    with pytest.raises(StoreError):
        RunRecords(memory, RunId(text))
    with pytest.raises(StoreError):
        RunRecords(memory, RUN).write_attempt(replace(RECORD, attempt_id=AttemptId(text)))


@pytest.mark.parametrize("name", ["outputs", "train.outputs/x y", "é", "..", "%2F"])
def test_a_collected_list_comes_back(store: ObjectStore, name: str) -> None:
    records = RunRecords(store, RUN)
    value: JsonValue = [{"item": number, "text": "é"} for number in range(200)]

    assert records.read_collected(TRAIN, name) is UNSET
    records.write_collected(TRAIN, name, value)
    assert records.read_collected(TRAIN, name) == value
    assert records.read_collected(TRAIN, f"{name}2") is UNSET


def test_collected_lists_are_not_attempts(memory: MemoryStore) -> None:
    records = RunRecords(memory, RUN)
    records.write_collected(TaskPath("loop"), "x", [])

    assert list(records.read_attempts(TaskPath("loop"))) == []


ENTRY = CacheEntry(
    fingerprint="f" * 64,
    pipeline="p",
    record=RecordReference(run_id=RUN, task_path=TRAIN, attempt_id=AttemptId("a1")),
    created_at=NOON,
)


def test_a_cache_entry_comes_back_and_the_newest_wins(store: ObjectStore) -> None:
    entries = CacheEntries(store)
    newer = replace(ENTRY, created_at=NOON + timedelta(days=1))

    assert entries.get(ENTRY.fingerprint) == CacheMiss(reason="no earlier run did this work")
    entries.put(ENTRY)
    assert entries.get(ENTRY.fingerprint) == ENTRY
    entries.put(newer)
    assert entries.get(ENTRY.fingerprint) == newer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"version": ', "The cache entry is damaged"),
        (b"[]", "The cache entry is damaged"),
        (b"\xff", "The cache entry is damaged"),
        (b'{"version": "1.0"}', "The cache entry is damaged"),
        (b'{"version": "2.1"}', "The cache entry has format version 2.1"),
        (cache_entry_to_json(ENTRY).encode(), "the entry belongs to other work"),
    ],
    ids=["cut", "list", "not-utf8", "empty", "newer", "other"],
)
def test_an_entry_that_cannot_be_used_is_a_miss_with_a_reason(
    memory: MemoryStore, text: bytes, reason: str
) -> None:
    memory.put("cache/abc.json", text)

    found = CacheEntries(memory).get("abc")

    assert isinstance(found, CacheMiss)
    assert found.reason.startswith(f"memory://fake/cache/abc.json: {reason}")


def test_a_packed_ir_comes_back_by_its_digest(store: ObjectStore) -> None:
    digest = put_ir(store, b"packed")

    assert digest == hashlib.sha256(b"packed").hexdigest()
    assert put_ir(store, b"packed") == digest
    assert get_ir(store, digest) == b"packed"


def test_a_packed_ir_that_is_not_there_says_how_to_put_it_there(memory: MemoryStore) -> None:
    with pytest.raises(StoreError, match="put it there with 'argosy compile --store"):
        get_ir(memory, "0" * 64)


def test_a_packed_ir_that_was_tampered_with_is_refused(memory: MemoryStore) -> None:
    digest = put_ir(memory, b"packed")
    memory.put(f"ir/{digest}", b"other")

    with pytest.raises(StoreError, match="is damaged"):
        get_ir(memory, digest)


def test_text_that_is_no_digest_is_refused(memory: MemoryStore) -> None:
    with pytest.raises(StoreError, match="is not a digest"):
        get_ir(memory, "../../etc/passwd")

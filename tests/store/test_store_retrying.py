"""Patience with a store that fails for a while."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from argosy_schemas.errors import StoreError
from argosy_store.fakes import FakeClock, FlakyStore, MemoryStore
from argosy_store.objects import ObjectStore
from argosy_store.retrying import Patience, RetryingStore
from argosy_store.stores import Stores
from argosy_store.transfer import download, inspect_content, is_same_content, upload
from servers import free_ports


def retrying(inner: ObjectStore, clock: FakeClock) -> RetryingStore:
    return RetryingStore(inner, patience=Patience(clock=clock), fraction=lambda: 0.0)


def test_an_operation_is_tried_until_it_succeeds() -> None:
    clock = FakeClock()
    flaky = FlakyStore(failures=4)

    retrying(flaky, clock).put("key", b"x")

    assert clock.slept == [0.25, 0.5, 1.0, 2.0]
    assert flaky.calls == [("put", "key")] * 5


def test_each_retry_is_a_log_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="argosy")

    retrying(FlakyStore(failures=1), FakeClock()).put("key", b"x")

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("argosy.store", "INFO")
    assert record.getMessage() == (
        "memory://fake/key: the flaky store fails 'put' as configured; retry in 0.25 s"
    )


def test_after_two_minutes_the_error_itself_is_raised() -> None:
    clock = FakeClock()

    with pytest.raises(StoreError, match="memory://fake/key: the flaky store fails 'get'"):
        retrying(FlakyStore(failures=-1), clock).get("key")

    assert 100 < clock.now <= 120


def test_an_error_that_trying_again_cannot_help_is_raised_at_once() -> None:
    clock = FakeClock()

    with pytest.raises(StoreError):
        retrying(FlakyStore(failures=1, retryable=False), clock).get("key")

    assert clock.slept == []


def test_pauses_are_shortened_at_random() -> None:
    clock = FakeClock()
    fraction = iter([0, 0.5, 1]).__next__
    store = RetryingStore(FlakyStore(failures=3), patience=Patience(clock=clock), fraction=fraction)

    store.put("key", b"x")

    assert clock.slept == [0.25, 0.375, 0.5]


def test_all_operations_on_a_store_that_is_gone_have_two_minutes_together() -> None:
    clock = FakeClock()
    patience = Patience(clock=clock)
    stores = [RetryingStore(FlakyStore(failures=-1), patience=patience) for _ in range(2)]

    for store in stores:
        for key in ("a", "b", "c"):
            with pytest.raises(StoreError):
                store.put(key, b"x")

    assert 100 < clock.now <= 120


def test_a_store_that_answers_gets_two_minutes_anew() -> None:
    clock = FakeClock()
    flaky = FlakyStore(failures=8)
    store = retrying(flaky, clock)

    for _ in range(3):
        clock.sleep(100)
        store.put("key", b"x")

    assert store.get("key") == b"x"
    assert len(flaky.calls) == 3 + 8 + 1


def test_a_store_that_answers_gives_no_time_to_one_that_is_gone() -> None:
    clock = FakeClock()
    patience = Patience(clock=clock)
    here = RetryingStore(MemoryStore(), patience=patience)

    class Gone(FlakyStore):
        def get(self, key: str) -> bytes | None:
            here.put("key", b"x")
            return super().get(key)

    with pytest.raises(StoreError):
        RetryingStore(Gone(failures=-1), patience=patience).get("key")

    assert 100 < clock.now <= 120


def test_a_listing_goes_on_where_it_broke_off() -> None:
    memory = MemoryStore()
    for number in range(10):
        memory.put(f"a/{number}", b"x")
    flaky = FlakyStore(memory, after=4, failures=3)

    found = [info.key for info in retrying(flaky, FakeClock()).list("a")]

    assert found == [f"a/{number}" for number in range(10)]


def test_put_if_absent_knows_its_own_object_when_the_answer_was_lost() -> None:
    memory = MemoryStore()
    flaky = FlakyStore(memory, failures=1, lose_answers=True)

    assert retrying(flaky, FakeClock()).put_if_absent("key", b"mine")
    assert memory.get("key") == b"mine"


def test_put_if_absent_knows_the_object_of_another_after_a_failure() -> None:
    memory = MemoryStore()
    memory.put("key", b"other")

    assert not retrying(FlakyStore(memory, failures=1), FakeClock()).put_if_absent("key", b"mine")


def test_every_operation_is_tried_again(tmp_path: Path) -> None:
    memory = MemoryStore()
    (tmp_path / "in").write_bytes(b"x")

    def store() -> RetryingStore:
        return retrying(FlakyStore(memory, failures=1), FakeClock())

    assert store().put_file("key", tmp_path / "in").size_bytes == 1
    info = store().head("key")
    assert info is not None
    store().get_file(info, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"x"
    assert store().get_range(info, 0, 1) == b"x"
    assert store().exists("key")
    store().delete("key")
    assert store().get("key") is None


def test_remote_stores_are_opened_with_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    clock = FakeClock()
    (port,) = free_ports(1)
    stores = Stores(f"s3://b?endpoint=http://127.0.0.1:{port}", clock=clock, patience_seconds=1)

    with pytest.raises(StoreError, match="the connection was refused"):
        inspect_content(stores, "s3://b/a")

    assert len(clock.slept) >= 1


def test_an_artifact_survives_a_flaky_store(tmp_path: Path) -> None:
    class OneStore(Stores):
        def resolve(self, uri: str) -> tuple[ObjectStore, str]:
            return store, "a"

    store = retrying(FlakyStore(failures=8), FakeClock())
    for number in range(20):
        (tmp_path / "in" / str(number)).mkdir(parents=True)
        (tmp_path / "in" / str(number) / "file").write_bytes(b"x")

    stored = upload(OneStore(), tmp_path / "in", "any")
    got = download(OneStore(), "any", tmp_path / "out")

    assert is_same_content(got, stored)
    assert (got.files, got.digest is None) == (20, False)

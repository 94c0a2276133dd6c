"""What every kind of store promises, each against the real thing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from argosy_schemas.errors import StoreError
from argosy_store.objects import ObjectStore
from argosy_store.stores import open_store
from servers import S3Server

STRANGE_KEYS = [
    "plain",
    "deep/er/still",
    "with blank/and trailing ",
    "percent %41 %2F %",
    "hash #1/question?x=1",
    "ünïcode/日本語/🚀",
    "dots/..b/a..b/...",
    "brackets/[x]{y}(z)",
    "quotes/'a'\"b\"`c`",
    "signs/~!@$^&*+=|;:,<>",
]


@pytest.fixture
def store(root: str) -> ObjectStore:
    return open_store(root)


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_any_reasonable_key_holds_its_object(store: ObjectStore, key: str) -> None:
    store.put(key, b"content")

    assert store.get(key) == b"content"
    assert [info.key for info in store.list()] == [key]
    store.delete(key)
    assert not store.exists(key)


@pytest.mark.parametrize(
    "key", ["", "/lead", "trail/", "a//b", "..", "../out", "a/../../out", "a/./b", "nul\0", "l\nf"]
)
def test_a_key_that_could_leave_the_root_is_refused_by_every_operation(
    store: ObjectStore, key: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"x")

    for operation in (
        lambda: store.get(key),
        lambda: store.put(key, b""),
        lambda: store.put_if_absent(key, b""),
        lambda: store.head(key),
        lambda: store.exists(key),
        lambda: store.delete(key),
        lambda: store.put_file(key, tmp_path / "file"),
        lambda: (key and list(store.list(key))) or store.get(""),
    ):
        with pytest.raises(StoreError) as caught:
            operation()
        assert not caught.value.retryable


def test_an_object_that_was_never_written_is_not_there(store: ObjectStore) -> None:
    assert store.get("a/b") is None
    assert store.head("a/b") is None
    assert not store.exists("a/b")
    assert list(store.list("a")) == []
    store.delete("a/b")


def test_the_last_write_wins(store: ObjectStore) -> None:
    store.put("key", b"one")
    store.put("key", b"two, longer")
    store.put("key", b"")

    assert store.get("key") == b""


def test_put_if_absent_keeps_the_first(store: ObjectStore) -> None:
    assert store.put_if_absent("a/key", b"first")
    assert not store.put_if_absent("a/key", b"second")

    assert store.get("a/key") == b"first"


# moto looks, and then writes, without a lock.
@pytest.mark.parametrize("root", ["local", "memory", "seaweed"], indirect=True)
def test_of_many_that_put_if_absent_at_once_one_wins(store: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(store.put_if_absent, "k", str(i).encode()) for i in range(8)]
    won = [call.result() for call in calls]

    assert won.count(True) == 1
    assert store.get("k") == str(won.index(True)).encode()


def test_head_tells_size_and_time_and_an_etag_that_changes_with_the_content(
    store: ObjectStore,
) -> None:
    store.put("key", b"12345")
    info = store.head("key")
    store.put("key", b"123456")
    changed = store.head("key")

    assert info is not None
    assert changed is not None
    assert (info.key, info.size_bytes, changed.size_bytes) == ("key", 5, 6)
    assert info.etag != changed.etag
    assert abs(info.modified - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_range_is_read_of_the_object_that_was_found(store: ObjectStore) -> None:
    store.put("a/key", b"0123456789")
    info = store.head("a/key")
    assert info is not None

    assert store.get_range(info, 0, 10) == b"0123456789"
    assert store.get_range(info, 3, 4) == b"3"
    store.put("a/key", b"other content")
    with pytest.raises(StoreError, match="the object changed while it was read; run again"):
        store.get_range(info, 3, 4)
    store.delete("a/key")
    with pytest.raises(StoreError):
        store.get_range(info, 3, 4)


def test_list_yields_what_lies_below_a_prefix_in_an_order_that_stays(store: ObjectStore) -> None:
    for key in ("a/b/2", "a/b-1", "a/b/10", "a/b0", "ab/c", "a/b/é"):
        store.put(key, b"x")

    assert [info.key for info in store.list("a/b")] == ["a/b/10", "a/b/2", "a/b/é"]
    assert [info.key for info in store.list("ab")] == ["ab/c"]
    found = [info.key for info in store.list("a")]
    assert sorted(found) == ["a/b-1", "a/b/10", "a/b/2", "a/b/é", "a/b0"]
    assert [info.key for info in store.list("a")] == found


def test_list_goes_on_over_pages(s3: S3Server, bucket: str) -> None:
    store = open_store(s3.url(bucket))
    keys = [f"many/{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(8) as pool:
        for call in [pool.submit(store.put, key, b"x") for key in keys]:
            call.result()

    assert [info.key for info in store.list("many")] == keys


def test_directory_markers_are_not_objects(s3: S3Server, bucket: str) -> None:
    for key in ("a/", "a/empty/", "a/full/", "a/full/x"):
        s3.client().put_object(Bucket=bucket, Key=key, Body=b"")
    store = open_store(s3.url(bucket))

    assert [info.key for info in store.list()] == ["a/full/x"]


def test_a_store_below_a_prefix_sees_nothing_else(root: str) -> None:
    place, mark, query = root.partition("?")
    open_store(f"{place}/x{mark}{query}").put("key", b"in")
    open_store(f"{place}/xx{mark}{query}").put("key", b"out")

    assert [i.key for i in open_store(f"{place}/x{mark}{query}").list()] == ["key"]
    assert open_store(root).get("x/key") == b"in"


def test_what_is_written_is_what_another_client_reads(s3: S3Server, bucket: str) -> None:
    open_store(s3.url(bucket, "pre/fix")).put("a b/%41", b"content")

    found = s3.client().get_object(Bucket=bucket, Key="pre/fix/a b/%41")

    assert found["Body"].read() == b"content"


def test_minio_urls_are_s3_at_an_endpoint(s3: S3Server, bucket: str) -> None:
    open_store(s3.url(bucket, scheme="minio")).put("key", b"content")

    assert open_store(s3.url(bucket)).get("key") == b"content"


def test_the_endpoint_may_come_from_the_environment(
    s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)

    open_store(f"minio://{bucket}").put("key", b"content")

    assert open_store(f"s3://{bucket}").get("key") == b"content"

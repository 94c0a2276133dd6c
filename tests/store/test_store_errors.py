"""Each thing that can go wrong gives one clear error, soon."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from argosy_schemas.errors import StoreError
from argosy_store.objects import ObjectStore
from argosy_store.stores import Stores, open_store
from argosy_store.transfer import download, inspect_content, upload
from servers import S3Server, free_ports

Operation = Callable[[ObjectStore, Path], object]

OPERATIONS: list[tuple[str, Operation]] = [
    ("get", lambda store, _: store.get("a/key")),
    ("put", lambda store, _: store.put("a/key", b"x")),
    ("put_if_absent", lambda store, _: store.put_if_absent("a/key", b"x")),
    ("list", lambda store, _: list(store.list("a"))),
    ("put_file", lambda store, directory: store.put_file("a/key", directory / "file")),
]


@pytest.fixture(params=[call for _, call in OPERATIONS], ids=[name for name, _ in OPERATIONS])
def operation(request: pytest.FixtureRequest, tmp_path: Path) -> Operation:
    (tmp_path / "file").write_bytes(b"x")
    call: Operation = request.param
    return call


def failure(operation: Operation, store: ObjectStore, directory: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        operation(store, directory)
    message = str(caught.value)
    assert "\n" not in message
    assert not message.endswith(".")
    return caught.value


def test_a_refused_connection_is_told_within_seconds_and_may_be_tried_again(
    operation: Operation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    (port,) = free_ports(1)
    store = open_store(f"s3://bucket/root?endpoint=http://127.0.0.1:{port}")
    began = time.monotonic()

    error = failure(operation, store, tmp_path)

    assert time.monotonic() - began < 30
    assert error.retryable
    assert f"http://127.0.0.1:{port} cannot be reached (the connection was refused)" in str(error)
    assert str(error).startswith("s3://bucket/root/a")


def test_an_unknown_host_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    store = open_store("s3://bucket?endpoint=https://no-such-host.invalid")

    error = failure(lambda s, _: s.get("key"), store, tmp_path)

    assert str(error) == (
        "s3://bucket/key: https://no-such-host.invalid cannot be reached (its host is unknown); "
        "check the endpoint"
    )


def test_a_missing_bucket_is_told_as_that(
    operation: Operation, s3: S3Server, tmp_path: Path
) -> None:
    store = open_store(s3.url("never-made"))
    if s3.name == "seaweed" and operation is dict(OPERATIONS)["list"]:
        pytest.skip("SeaweedFS lists buckets that do not exist as empty")

    error = failure(operation, store, tmp_path)

    assert "s3://never-made/a" in str(error)
    assert f"there is no such bucket at {s3.endpoint}; create it or correct the URL" in str(error)
    assert not error.retryable


def test_a_bucket_that_disappears_is_told_by_whatever_touches_it_next(
    operation: Operation, moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    moto.client().create_bucket(Bucket="vanishing")
    store = open_store(moto.url("vanishing"))
    store.put("a/key", b"x")
    store.delete("a/key")
    moto.client().delete_bucket(Bucket="vanishing")

    error = failure(operation, store, tmp_path)

    assert "there is no such bucket" in str(error)


def test_an_artifact_of_a_missing_bucket_is_an_error_and_not_absent(
    moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    stores = Stores(moto.url("never-made"))

    with pytest.raises(StoreError, match="there is no such bucket"):
        inspect_content(stores, "s3://never-made/a")
    with pytest.raises(StoreError, match="there is no such bucket"):
        download(stores, "s3://never-made/a", tmp_path / "out")


@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials_are_told_as_that(
    operation: Operation,
    wrong: str,
    seaweed: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (seaweed.environment | {wrong: "wrong"}).items():
        monkeypatch.setenv(name, value)
    store = open_store(seaweed.url("ready"))

    error = failure(operation, store, tmp_path)

    assert f"{seaweed.endpoint} refused the credentials" in str(error)
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in str(error)
    assert "wrong" not in str(error)
    assert not error.retryable


def test_wrong_credentials_are_told_where_the_server_gives_no_reason(
    seaweed: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (seaweed.environment | {"AWS_ACCESS_KEY_ID": "wrong"}).items():
        monkeypatch.setenv(name, value)

    error = failure(lambda s, _: s.head("key"), open_store(seaweed.url("ready")), tmp_path)

    assert f"{seaweed.endpoint} does not let these credentials look at it (403)" in str(error)


def test_no_credentials_at_all_are_told_as_that_and_not_waited_for(
    moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    # Instead of the link-local address at which clouds hand out credentials.
    (port,) = free_ports(1)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{port}")

    error = failure(lambda s, _: s.get("key"), open_store(moto.url("bucket")), tmp_path)

    assert str(error) == (
        "s3://bucket/key: there are no credentials to read it; set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    )
    assert not error.retryable


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[Path]:
    """A directory that may be neither written nor entered."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "key").write_bytes(b"x")
    closed.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield closed
    if root:
        os.seteuid(0)
    closed.chmod(0o700)


def test_a_directory_that_may_not_be_entered_is_told_by_name(unprivileged: Path) -> None:
    store = open_store(unprivileged)

    with pytest.raises(StoreError) as reading:
        store.get("key")
    with pytest.raises(StoreError) as writing:
        store.put("key", b"x")

    assert str(reading.value) == (
        f"{unprivileged}/key: cannot be read: permission denied; change its mode or owner"
    )
    assert str(writing.value) == (
        f"{unprivileged}/key: cannot be written: permission denied; change the mode or owner of its"
        " directory, or choose another one"
    )
    assert (reading.value.retryable, writing.value.retryable) == (False, False)


def test_a_source_that_may_not_be_read_is_not_blamed_on_the_target(
    unprivileged: Path,
) -> None:
    with pytest.raises(StoreError) as caught:
        upload(Stores(), unprivileged / "key", "memory://somewhere/a")

    assert str(caught.value) == (
        f"{unprivileged}/key: cannot be read: permission denied; change its mode or owner"
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "argosy-test", disk], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a file system")
    yield disk
    subprocess.run(["umount", disk], check=True)


FULL: list[tuple[str, Callable[[Stores, Path, Path], object]]] = [
    ("put", lambda stores, disk, _: stores.open(disk).put("a", bytes(300_000))),
    ("put_if_absent", lambda stores, disk, _: stores.open(disk).put_if_absent("a", bytes(300_000))),
    ("upload", lambda stores, disk, big: upload(stores, big, f"file://{disk}/a")),
    ("download", lambda stores, disk, big: download(stores, f"file://{big}", disk / "a")),
]


@pytest.mark.parametrize("write", [call for _, call in FULL], ids=[name for name, _ in FULL])
def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    small_disk: Path, tmp_path: Path, write: Callable[[Stores, Path, Path], object]
) -> None:
    (tmp_path / "big").write_bytes(bytes(300_000))

    with pytest.raises(StoreError) as caught:
        write(Stores(), small_disk, tmp_path / "big")

    assert str(caught.value) == (
        f"{small_disk}/a: could not be written (No space left on device); free some space there"
    )
    assert os.listdir(small_disk) == []


def test_a_full_disk_is_told_by_a_download_from_a_bucket(
    s3: S3Server, bucket: str, small_disk: Path
) -> None:
    stores = Stores(s3.url(bucket))
    stores.open(s3.url(bucket)).put("a", bytes(300_000))

    with pytest.raises(StoreError, match="No space left on device"):
        download(stores, f"s3://{bucket}/a", small_disk / "a")

    assert os.listdir(small_disk) == []


def test_a_file_beyond_the_limit_of_the_process_is_told(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StoreError, match="File too large"):
            open_store(tmp_path).put("a", bytes(300_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert os.listdir(tmp_path) == []


def test_a_read_only_file_system_is_told(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    with pytest.raises(StoreError) as caught:
        open_store(small_disk).put("a/b", b"x")

    assert str(caught.value) == (
        f"{small_disk}/a/b: is on a read-only file system; choose another directory"
    )


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="too long for its file system; use shorter names"):
        open_store(tmp_path).put("a" * 300, b"x")

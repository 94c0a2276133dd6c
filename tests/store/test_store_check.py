"""What ``argosy doctor storage`` tries, on each kind of store, and how it explains failures."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from argosy_schemas.check_results import CheckResult, CheckVerdict
from argosy_schemas.errors import StoreError
from argosy_store.fakes import FlakyStore, MemoryStore
from argosy_store.objects import ObjectInfo, ObjectStore, StoredFile
from argosy_store.store_check import STEPS, check_store
from argosy_store.stores import open_store
from servers import S3Server

KEY = "doctor/one"


def check(store: ObjectStore, scratch: Path) -> dict[str, CheckResult]:
    results = list(check_store(store, KEY, scratch))

    assert tuple(result.name for result in results) == STEPS
    return {result.name: result for result in results}


def verdicts(results: dict[str, CheckResult]) -> list[CheckVerdict]:
    return [result.verdict for result in results.values()]


def test_every_kind_of_store_passes_and_holds_nothing_afterwards(root: str, tmp_path: Path) -> None:
    store = open_store(root)

    results = check(store, tmp_path)

    assert verdicts(results) == [CheckVerdict.OK] * 6
    assert list(store.list()) == []


def test_a_missing_bucket_is_said_once(s3: S3Server, tmp_path: Path) -> None:
    results = check(open_store(s3.url("no-such-bucket")), tmp_path)

    assert verdicts(results) == [CheckVerdict.FAILURE] + [CheckVerdict.NOT_SEEN] * 5
    assert results["put"].message == (
        f"s3://no-such-bucket/{KEY}: there is no such bucket at {s3.endpoint}; create it or "
        "correct the URL"
    )
    assert results["get"].message == "not tried, since nothing could be written"


def test_a_wrong_secret_key_is_said_once(
    seaweed: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (seaweed.environment | {"AWS_SECRET_ACCESS_KEY": "wrong"}).items():
        monkeypatch.setenv(name, value)
    bucket = f"b-{uuid.uuid4().hex}"
    seaweed.client().create_bucket(Bucket=bucket)

    results = check(open_store(seaweed.url(bucket)), tmp_path)

    assert verdicts(results) == [CheckVerdict.FAILURE] + [CheckVerdict.NOT_SEEN] * 5
    assert "refused the credentials (SignatureDoesNotMatch)" in results["put"].message


def test_a_server_that_is_gone_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    results = check(open_store("s3://bucket?endpoint=http://127.0.0.1:1"), tmp_path)

    assert verdicts(results) == [CheckVerdict.FAILURE] + [CheckVerdict.NOT_SEEN] * 5
    assert "cannot be reached (the connection was refused); check the endpoint" in (
        results["put"].message
    )
    assert results["list"].message == "not tried, since the store did not answer"


@dataclasses.dataclass
class Policy:
    """A store that allows some operations only, as a bucket's policy would."""

    denied: frozenset[str]
    inner: MemoryStore = dataclasses.field(default_factory=MemoryStore)
    url = "s3://bucket"
    concurrency = 1

    def _allow(self, *operations: str) -> None:
        for operation in operations:
            if operation in self.denied:
                raise StoreError(
                    f"s3://bucket: http://s3 does not let these credentials {operation} it "
                    "(AccessDenied); check the credentials and their permissions",
                    retryable=False,
                    denied=True,
                )

    def get(self, key: str) -> bytes | None:
        self._allow("read")
        found = self.inner.get(key)
        if found is None:
            self._allow("list")
        return found

    def put(self, key: str, data: bytes) -> None:
        self._allow("write")
        self.inner.put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self._allow("write")
        return self.inner.put_if_absent(key, data)

    def head(self, key: str) -> ObjectInfo | None:
        self._allow("read")
        return self.inner.head(key)

    def exists(self, key: str) -> bool:
        return self.head(key) is not None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        self._allow("list")
        yield from self.inner.list(prefix)

    def delete(self, key: str) -> None:
        self._allow("delete")
        self.inner.delete(key)

    def put_file(self, key: str, path: Path) -> StoredFile:
        self._allow("write", "multipart")
        return self.inner.put_file(key, path)

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        self._allow("read")
        return self.inner.get_file(info, path)

    def get_range(self, info: ObjectInfo, start: int, end: int) -> bytes:
        self._allow("read")
        return self.inner.get_range(info, start, end)


@pytest.mark.parametrize(
    ("denied", "step", "verdict", "end"),
    [
        ("write", "put", CheckVerdict.FAILURE, "writing needs s3:PutObject"),
        ("read", "get", CheckVerdict.FAILURE, "reading needs s3:GetObject"),
        (
            "list",
            "list",
            CheckVerdict.FAILURE,
            "listing, of attempts and of artifacts that are directories, needs s3:ListBucket",
        ),
        (
            "list",
            "get",
            CheckVerdict.FAILURE,
            "there is no such object, and S3 says so only to who has s3:ListBucket",
        ),
        (
            "multipart",
            "multipart",
            CheckVerdict.FAILURE,
            "artifacts above 8 MiB need s3:PutObject and s3:AbortMultipartUpload",
        ),
        (
            "delete",
            "delete",
            CheckVerdict.WARNING,
            "that needs s3:DeleteObject; without it only 'argosy delete' fails",
        ),
    ],
)
def test_a_right_that_is_missing_is_named(
    denied: str, step: str, verdict: CheckVerdict, end: str, tmp_path: Path
) -> None:
    results = check(Policy(frozenset({denied})), tmp_path)

    assert results[step].verdict is verdict
    assert results[step].message.endswith(end)


def test_who_may_only_read_learns_whether_it_may_list(tmp_path: Path) -> None:
    results = check(Policy(frozenset({"write"})), tmp_path)

    assert verdicts(results) == [
        CheckVerdict.FAILURE,
        CheckVerdict.NOT_SEEN,
        CheckVerdict.OK,
        CheckVerdict.NOT_SEEN,
        CheckVerdict.NOT_SEEN,
        CheckVerdict.NOT_SEEN,
    ]


class Mirror(Policy):
    """A store that shows an old state to some operations."""

    def __init__(self, stale: str) -> None:
        super().__init__(frozenset())
        self._stale = stale

    def get(self, key: str) -> bytes | None:
        if self._stale == "get":
            return None
        if self._stale == "absent" and key != KEY:
            return b"anything"
        return super().get(key)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        if self._stale != "list":
            yield from super().list(prefix)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        if self._stale == "conditional put":
            self.inner.put(key, data)
            return True
        return super().put_if_absent(key, data)

    def head(self, key: str) -> ObjectInfo | None:
        info = super().head(key)
        if self._stale == "multipart" and info is not None and info.size_bytes > 1000:
            return dataclasses.replace(info, size_bytes=1000)
        return info

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        if self._stale == "parts":
            path.write_bytes(b"2" + b"1" * (info.size_bytes - 1))
            return None
        return super().get_file(info, path)

    def delete(self, key: str) -> None:
        if self._stale != "delete":
            super().delete(key)


@pytest.mark.parametrize(
    ("stale", "step", "verdict", "begin"),
    [
        ("get", "get", CheckVerdict.FAILURE, "an object that was just written reads differently"),
        ("absent", "get", CheckVerdict.FAILURE, "the store returns an object that nobody wrote"),
        ("list", "list", CheckVerdict.FAILURE, "an object that was just written is not listed"),
        (
            "conditional put",
            "conditional put",
            CheckVerdict.WARNING,
            "the store overwrites an object",
        ),
        ("multipart", "multipart", CheckVerdict.FAILURE, "of a file of 8,388,609 bytes written in"),
        ("parts", "multipart", CheckVerdict.FAILURE, "a file written in parts reads differently"),
        ("delete", "delete", CheckVerdict.WARNING, "an object that was deleted can still be read"),
    ],
)
def test_a_store_that_says_yes_and_does_otherwise_is_found(
    stale: str, step: str, verdict: CheckVerdict, begin: str, tmp_path: Path
) -> None:
    result = check(Mirror(stale), tmp_path)[step]

    assert (result.verdict, result.message.startswith(begin)) == (verdict, True), result


def test_a_store_that_stops_answering_is_not_asked_again(tmp_path: Path) -> None:
    store = FlakyStore(failures=-1, after=2)

    results = check(store, tmp_path)

    assert (
        verdicts(results) == [CheckVerdict.OK, CheckVerdict.FAILURE] + [CheckVerdict.NOT_SEEN] * 4
    )
    assert len(store.calls) == 3

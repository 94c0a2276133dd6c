"""Check that a store does what runs ask of it, with one object that is deleted at the end.

Each step tries one operation. What a step says about rights names those of S3, by the words of its
policies; other stores have rights of the same kind.
"""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from argosy_schemas.check_results import CheckResult, CheckVerdict
from argosy_schemas.errors import StoreError
from argosy_store.digests import BLOCK_BYTES
from argosy_store.objects import ObjectStore

STEPS: Final = ("put", "get", "list", "conditional put", "multipart", "delete")
"""Their names, in their order."""

_FIRST: Final = b"written by argosy doctor\n"
_SECOND: Final = b"written by argosy doctor, though there was an object\n"


_RIGHTS: Final = {
    "put": "writing needs s3:PutObject",
    "get": "reading needs s3:GetObject",
    "list": "listing, of attempts and of artifacts that are directories, needs s3:ListBucket",
    "conditional put": "writing needs s3:PutObject",
    "multipart": "artifacts above 8 MiB need s3:PutObject and s3:AbortMultipartUpload",
    "delete": "that needs s3:DeleteObject",
}


@dataclass(frozen=True, slots=True)
class _Finding:
    verdict: CheckVerdict
    message: str


def check_store(store: ObjectStore, key: str, scratch: Path) -> Iterator[CheckResult]:
    """Try each operation that runs use; yield its result as soon as it is known.

    Args:
        store: Without retries, so that a store that is gone takes a minute at most.
        key: Of the object, which does not exist.
        scratch: A directory for files of some 16 MiB.
    """
    steps: tuple[Callable[[], _Finding], ...] = (
        lambda: _put(store, key),
        lambda: _get(store, key),
        lambda: _list(store, key),
        lambda: _put_again(store, key),
        lambda: _put_in_parts(store, key, scratch),
        lambda: _delete(store, key),
    )
    missing: dict[str, str] = {}
    for name, step in zip(STEPS, steps, strict=True):
        if name in missing:
            yield CheckResult(name=name, verdict=CheckVerdict.NOT_SEEN, message=missing[name])
            continue
        try:
            found = step()
        except StoreError as error:
            found = _explain(name, error)
            if error.retryable:
                missing = dict.fromkeys(STEPS, "not tried, since the store did not answer")
            elif name == "put":
                missing = dict.fromkeys(STEPS, "not tried, since nothing could be written")
                if error.denied:
                    del missing["list"]
        yield CheckResult(name=name, verdict=found.verdict, message=found.message)


def _put(store: ObjectStore, key: str) -> _Finding:
    store.put(key, _FIRST)
    return _Finding(CheckVerdict.OK, f"wrote the object '{key}'")


def _get(store: ObjectStore, key: str) -> _Finding:
    if store.get(key) != _FIRST:
        return _Finding(
            CheckVerdict.FAILURE,
            "an object that was just written reads differently; use a store that shows what is "
            "written at once, not a cache or mirror of one",
        )
    # Drivers ask for records that do not exist yet.
    try:
        absent = store.get(f"{key}-absent")
    except StoreError as error:
        if error.retryable:
            raise
        return _Finding(
            CheckVerdict.FAILURE,
            f"{error}: there is no such object, and S3 says so only to who has s3:ListBucket",
        )
    if absent is not None:
        return _Finding(
            CheckVerdict.FAILURE,
            "the store returns an object that nobody wrote; correct its address",
        )
    return _Finding(CheckVerdict.OK, "read it back, and an absent object is said to be absent")


def _list(store: ObjectStore, key: str) -> _Finding:
    found = [info.key for info in store.list(key.rpartition("/")[0])]
    if store.exists(key) and key not in found:
        return _Finding(
            CheckVerdict.FAILURE,
            "an object that was just written is not listed; use a store that lists what is "
            "written at once",
        )
    return _Finding(CheckVerdict.OK, "listed the objects beside it")


def _put_again(store: ObjectStore, key: str) -> _Finding:
    written = store.put_if_absent(key, _SECOND)
    if written or store.get(key) != _FIRST:
        return _Finding(
            CheckVerdict.WARNING,
            "the store overwrites an object although it was asked to write only a new one; runs "
            "stay right, but of two attempts at once the later one wins: update the server to "
            "one that knows If-None-Match",
        )
    return _Finding(CheckVerdict.OK, "an existing object was left as it is")


def _put_in_parts(store: ObjectStore, key: str, scratch: Path) -> _Finding:
    source, copy = scratch / "source", scratch / "copy"
    # Parts of different content, so that a mistake in their order is seen.
    source.write_bytes(b"1" * BLOCK_BYTES + b"2")
    store.put_file(key, source)
    info = store.head(key)
    if info is None or info.size_bytes != BLOCK_BYTES + 1:
        size = "nothing" if info is None else f"{info.size_bytes:,} bytes"
        return _Finding(
            CheckVerdict.FAILURE,
            f"of a file of {BLOCK_BYTES + 1:,} bytes written in parts the store has {size}; update "
            "the server, or the proxy before it",
        )
    store.get_file(info, copy)
    if not filecmp.cmp(source, copy, shallow=False):
        return _Finding(
            CheckVerdict.FAILURE,
            "a file written in parts reads differently; update the server, or the proxy before it",
        )
    return _Finding(
        CheckVerdict.OK, f"wrote and read {BLOCK_BYTES // 2**20} MiB and a byte, in two parts"
    )


def _delete(store: ObjectStore, key: str) -> _Finding:
    store.delete(key)
    if store.get(key) is not None:
        return _Finding(
            CheckVerdict.WARNING,
            "an object that was deleted can still be read; runs work, and 'argosy delete' frees "
            "no space: look at the retention rules of the bucket",
        )
    return _Finding(CheckVerdict.OK, "deleted the object")


def _explain(step: str, error: StoreError) -> _Finding:
    message = f"{error}: {_RIGHTS[step]}" if error.denied else str(error)
    if step == "delete" and not error.retryable:
        return _Finding(CheckVerdict.WARNING, f"{message}; without it only 'argosy delete' fails")
    return _Finding(CheckVerdict.FAILURE, message)

"""The interface of all object stores.

A key is a path relative to the store's root, with single slashes between its segments:
``runs/4f0c/tasks/train/success.json``. Keys are never decoded: ``%``, ``#``, ``?``, blanks and any
Unicode are ordinary characters. Empty segments, ``.``, ``..`` and control characters are refused,
so that no key leaves the root and every store can hold every key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from argosy_schemas.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What a store knows of an object without reading it."""

    key: str
    size_bytes: int
    etag: str | None
    """Changes with the content; each kind of store has a form of its own."""
    modified: datetime
    """Aware, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """What is known of a local file that was just written to a store."""

    size_bytes: int
    etag: str | None
    """As in :class:`ObjectInfo`."""
    digest: str | None
    """See :mod:`argosy_store.digests`; ``None`` where the system copied the file unseen."""


class ObjectStore(Protocol):
    """Bytes by key. Safe to use from several threads.

    Every method raises :class:`~argosy_schemas.errors.StoreError`, which names the URL, if the
    store refuses a request or cannot be reached, or if a key is not allowed.
    """

    @property
    def url(self) -> str:
        """The root, for messages; without credentials and options."""
        ...

    @property
    def concurrency(self) -> int:
        """How many small files to transfer at a time."""
        ...

    def get(self, key: str) -> bytes | None:
        """Return an object; ``None`` if it does not exist."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write an object atomically: readers see the old one or the new one."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless the key exists; return whether this call wrote it.

        A store without conditional writes checks first and then writes.
        """
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """Return what the store knows of an object; ``None`` if it does not exist."""
        ...

    def exists(self, key: str) -> bool:
        """Return whether an object with exactly this key exists."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects whose keys begin with ``prefix`` and a slash.

        The empty prefix yields all objects. Directory markers are left out. The order is stable:
        that of the keys, except on servers that sort directory by directory.
        """
        ...

    def delete(self, key: str) -> None:
        """Delete an object; it need not exist."""
        ...

    def put_file(self, key: str, path: Path) -> StoredFile:
        """Write the content of a local file, atomically like :meth:`put`.

        Memory stays bounded whatever the size.
        """
        ...

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        """Write an object that :meth:`head` or :meth:`list` returned to a local file.

        Returns its digest, like :attr:`StoredFile.digest`.

        The file appears at ``path`` when it is complete; its directory must exist. Memory stays
        bounded whatever the size.
        """
        ...

    def get_range(self, info: ObjectInfo, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to before ``end`` of an object, as of :meth:`get_file`.

        Both are within its size. An object that changed since then is refused.
        """
        ...


def make_object_gone_error(url: str, key: str) -> StoreError:
    """Return the error for an object that disappeared after it was found."""
    return StoreError(
        f"{url}/{key}: the object is gone; run the task that made it again", retryable=False
    )


def make_object_changed_error(url: str, key: str) -> StoreError:
    """Return the error for an object that changed after it was found."""
    return StoreError(
        f"{url}/{key}: the object changed while it was read; run again", retryable=False
    )


def check_key(key: str, *, url: str) -> str:
    """Return ``key`` if every store can hold it.

    Raises:
        StoreError: The key has an empty segment, ``.``, ``..``, a control character, or is not
            UTF-8.
    """
    for segment in key.split("/"):
        if segment in ("", ".", ".."):
            what = f"'{segment}'" if segment else "an empty segment"
            raise StoreError(f"{url}: the key '{key}' has {what}; leave it out", retryable=False)
    if not key.isprintable() and any(ord(c) < 32 or ord(c) == 127 for c in key):
        raise StoreError(
            f"{url}: the key {key!r} has a control character; rename the file", retryable=False
        )
    try:
        key.encode()
    except UnicodeEncodeError:
        raise StoreError(
            f"{url}: the key {key!r} is not UTF-8; rename the file", retryable=False
        ) from None
    return key

"""What an object store can do, whatever is behind it.

A key is a path of segments with single slashes between them, relative to the store's root:
``runs/4f0c/tasks/train/success.json``. Keys are taken as they are: ``%``, ``#``, ``?``, blanks and
any Unicode are ordinary characters. Refused are empty segments, ``.``, ``..`` and control
characters, so that no key leaves the root and every store can hold every key.
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
    """What a store says of one object without reading it."""

    key: str
    size_bytes: int
    etag: str | None
    """Changes with the content; in no form that two stores share."""
    modified: datetime
    """Aware, UTC."""


class ObjectStore(Protocol):
    """Bytes by key. Safe to use from several threads.

    Every method raises :class:`~argosy_schemas.errors.StoreError`, which names the URL, when the
    store refuses or cannot be reached, and when a key is not allowed.
    """

    @property
    def url(self) -> str:
        """The root, for messages; without credentials and options."""
        ...

    @property
    def concurrency(self) -> int:
        """How many small files are worth transferring at a time."""
        ...

    def get(self, key: str) -> bytes | None:
        """Return the object, or ``None`` when there is none."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write an object; readers see the old one or the new one, never a part."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one; return whether this call wrote it.

        A store that cannot decide this atomically looks first and then writes.
        """
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of the object, or ``None`` when there is none."""
        ...

    def exists(self, key: str) -> bool:
        """Return whether there is an object of exactly this key."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects whose keys begin with ``prefix`` and a slash.

        The empty prefix yields everything. Directory markers are left out. The order is the same
        every time; it is that of the keys, but for servers that sort directory by directory.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        ...

    def put_file(self, key: str, path: Path) -> int:
        """Write the content of a local file, as atomic as :meth:`put`; return its size.

        Memory stays bounded whatever the size.
        """
        ...

    def get_file(self, info: ObjectInfo, path: Path) -> None:
        """Write an object that :meth:`head` or :meth:`list` found to a local file.

        The file appears at ``path`` when it is complete. Its directory must exist. Memory stays
        bounded whatever the size.
        """
        ...


def object_gone(url: str, key: str) -> StoreError:
    """Return the error for an object that was there when it was looked for."""
    return StoreError(
        f"{url}/{key}: the object is gone; run the task that made it again", retryable=False
    )


def checked_key(key: str, *, url: str) -> str:
    """Return ``key`` if every store can hold it.

    Raises:
        StoreError: It is empty or could leave the root.
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

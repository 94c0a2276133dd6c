"""A store that is a directory of another store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from argosy_store.objects import ObjectInfo, ObjectStore, StoredFile, check_key


class Subtree:
    """The objects of ``inner`` below ``prefix``; keys are relative to the prefix."""

    def __init__(self, inner: ObjectStore, prefix: str) -> None:
        self._inner = inner
        self._prefix = check_key(prefix, url=inner.url)

    @property
    def url(self) -> str:
        """See :class:`~argosy_store.objects.ObjectStore`, also for the other methods."""
        return f"{self._inner.url}/{self._prefix}"

    @property
    def concurrency(self) -> int:
        return self._inner.concurrency

    def get(self, key: str) -> bytes | None:
        return self._inner.get(self._whole(key))

    def put(self, key: str, data: bytes) -> None:
        self._inner.put(self._whole(key), data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self._inner.put_if_absent(self._whole(key), data)

    def head(self, key: str) -> ObjectInfo | None:
        info = self._inner.head(self._whole(key))
        return None if info is None else replace(info, key=key)

    def exists(self, key: str) -> bool:
        return self._inner.exists(self._whole(key))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        below = self._whole(prefix) if prefix else self._prefix
        for info in self._inner.list(below):
            yield replace(info, key=info.key[len(self._prefix) + 1 :])

    def delete(self, key: str) -> None:
        self._inner.delete(self._whole(key))

    def put_file(self, key: str, path: Path) -> StoredFile:
        return self._inner.put_file(self._whole(key), path)

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        return self._inner.get_file(replace(info, key=self._whole(info.key)), path)

    def get_range(self, info: ObjectInfo, start: int, end: int) -> bytes:
        return self._inner.get_range(replace(info, key=self._whole(info.key)), start, end)

    def _whole(self, key: str) -> str:
        return f"{self._prefix}/{check_key(key, url=self.url)}"

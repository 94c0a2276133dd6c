"""A store in the memory of this process, for tests and dry runs: ``memory://name``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from argosy_schemas.atomic_files import write_atomically
from argosy_store.digests import digest_bytes
from argosy_store.local.files import make_read_error, make_write_error
from argosy_store.objects import (
    ObjectInfo,
    StoredFile,
    check_key,
    make_object_changed_error,
    make_object_gone_error,
)


class MemoryStore:
    """Objects in a dictionary. Safe to use from several threads."""

    def __init__(self, url: str = "memory://fake") -> None:
        self._url = url
        self._lock = threading.Lock()
        self._objects: dict[str, tuple[bytes, ObjectInfo]] = {}
        self._writes = 0

    @property
    def url(self) -> str:
        """See :class:`~argosy_store.objects.ObjectStore`, also for the other methods."""
        return self._url

    @property
    def concurrency(self) -> int:
        return 1

    def get(self, key: str) -> bytes | None:
        found = self._objects.get(check_key(key, url=self._url))
        return None if found is None else found[0]

    def put(self, key: str, data: bytes) -> None:
        check_key(key, url=self._url)
        with self._lock:
            self._write(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        check_key(key, url=self._url)
        with self._lock:
            if key in self._objects:
                return False
            self._write(key, data)
            return True

    def head(self, key: str) -> ObjectInfo | None:
        found = self._objects.get(check_key(key, url=self._url))
        return None if found is None else found[1]

    def exists(self, key: str) -> bool:
        return self.head(key) is not None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        start = f"{check_key(prefix, url=self._url)}/" if prefix else ""
        with self._lock:
            found = sorted(key for key in self._objects if key.startswith(start))
        for key in found:
            info = self.head(key)
            if info is not None:
                yield info

    def delete(self, key: str) -> None:
        check_key(key, url=self._url)
        with self._lock:
            self._objects.pop(key, None)

    def put_file(self, key: str, path: Path) -> StoredFile:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise make_read_error(path, error) from error
        check_key(key, url=self._url)
        with self._lock:
            info = self._write(key, data)
        return StoredFile(size_bytes=len(data), etag=info.etag, digest=digest_bytes(data))

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        data = self.get(info.key)
        if data is None:
            raise make_object_gone_error(self._url, info.key)
        try:
            write_atomically(path, data)
        except OSError as error:
            raise make_write_error(path, error) from error
        return digest_bytes(data)

    def get_range(self, info: ObjectInfo, start: int, end: int) -> bytes:
        found = self._objects.get(info.key)
        if found is None:
            raise make_object_gone_error(self._url, info.key)
        data, now = found
        if now.etag != info.etag:
            raise make_object_changed_error(self._url, info.key)
        return data[start:end]

    def _write(self, key: str, data: bytes) -> ObjectInfo:
        self._writes += 1
        info = ObjectInfo(
            key=key, size_bytes=len(data), etag=str(self._writes), modified=datetime.now(UTC)
        )
        self._objects[key] = (bytes(data), info)
        return info


_named: dict[str, MemoryStore] = {}
_named_lock = threading.Lock()


def get_memory_store(name: str) -> MemoryStore:
    """Return the store of a name; the same one for all callers in this process."""
    with _named_lock:
        return _named.setdefault(name, MemoryStore(f"memory://{name}"))

"""A store in a local directory.

It uses system calls, not an object store library: there is nothing to import, and errors of the
system are not wrapped.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from argosy_schemas.atomic_files import (
    is_part_file,
    make_part_name,
    write_atomically,
    write_new_file,
)
from argosy_store.local.files import (
    copy_whole_file,
    make_read_error,
    make_write_error,
)
from argosy_store.objects import ObjectInfo, StoredFile, check_key, make_object_changed_error

T = TypeVar("T")

_NOT_FOUND = (FileNotFoundError, NotADirectoryError)
# File systems without hard links: FAT, some of those in user space.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


class LocalStore:
    """Files below ``root``; the directory is made when the first object is written."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = os.path.abspath(root)

    @property
    def url(self) -> str:
        """See :class:`~argosy_store.objects.ObjectStore`, also for the other methods."""
        return self._root

    @property
    def concurrency(self) -> int:
        return 1

    def get(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            return path.read_bytes()
        except (*_NOT_FOUND, IsADirectoryError):
            return None
        except OSError as error:
            raise make_read_error(path, error) from error

    def put(self, key: str, data: bytes) -> None:
        self._write(key, lambda path: write_atomically(path, data))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self._write(key, lambda path: _write_if_absent(path, data))

    def head(self, key: str) -> ObjectInfo | None:
        path = self._path(key)
        try:
            status = path.stat()
        except _NOT_FOUND:
            return None
        except OSError as error:
            raise make_read_error(path, error) from error
        return _info(key, status) if stat.S_ISREG(status.st_mode) else None

    def exists(self, key: str) -> bool:
        return self.head(key) is not None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        top = self._path(prefix) if prefix else self._root
        return self._list_below(os.fspath(top), f"{prefix}/" if prefix else "")

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink()
        except _NOT_FOUND:
            pass
        except OSError as error:
            raise make_write_error(path, error) from error

    def put_file(self, key: str, path: Path) -> StoredFile:
        try:
            # Checked first: otherwise the error would name the directory of the target.
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            raise make_read_error(path, error) from error
        status = self._write(key, lambda target: copy_whole_file(path, target))
        # Reading the bytes as well would take longer than copying them.
        return StoredFile(size_bytes=status.st_size, etag=_etag(status), digest=None)

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        source = self._path(info.key)
        try:
            os.close(os.open(source, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            raise make_read_error(source, error) from error
        try:
            copy_whole_file(source, path)
        except OSError as error:
            raise make_write_error(path, error) from error
        return None

    def get_range(self, info: ObjectInfo, start: int, end: int) -> bytes:
        path = self._path(info.key)
        try:
            with open(path, "rb", buffering=0) as file:
                is_same = _etag(os.fstat(file.fileno())) == info.etag
                data = os.pread(file.fileno(), end - start, start)
        except OSError as error:
            raise make_read_error(path, error) from error
        if not is_same or len(data) != end - start:
            raise make_object_changed_error(self._root, info.key)
        return data

    def _path(self, key: str) -> Path:
        return Path(self._root, check_key(key, url=self._root))

    def _write(self, key: str, write: Callable[[Path], T]) -> T:
        path = self._path(key)
        try:
            try:
                return write(path)
            except FileNotFoundError:
                # Most directories exist, so that checking first would cost more.
                path.parent.mkdir(parents=True, exist_ok=True)
                return write(path)
        except OSError as error:
            raise make_write_error(path, error) from error

    def _list_below(
        self, directory: str, prefix: str, parents: tuple[tuple[int, int], ...] = ()
    ) -> Iterator[ObjectInfo]:
        try:
            status = os.stat(directory)
            identity = (status.st_dev, status.st_ino)
            if identity in parents:
                # A link to one of its own parents.
                return
            with os.scandir(directory) as entries:
                # Keys are ordered with the slash: "a-b" comes before "a/b".
                found = sorted(
                    ((f"{e.name}/" if e.is_dir() else e.name, e) for e in entries),
                    key=lambda pair: pair[0],
                )
        except _NOT_FOUND:
            return
        except OSError as error:
            raise make_read_error(directory, error) from error
        for name, entry in found:
            if name.endswith("/"):
                yield from self._list_below(entry.path, prefix + name, (*parents, identity))
            elif not is_part_file(name):
                try:
                    status = entry.stat()
                except FileNotFoundError:
                    # The file is gone, or a link to nothing.
                    continue
                except OSError as error:
                    raise make_read_error(entry.path, error) from error
                if stat.S_ISREG(status.st_mode):
                    yield _info(prefix + name, status)


def _write_if_absent(path: Path, data: bytes) -> bool:
    part = path.parent / make_part_name()
    try:
        write_new_file(part, data)
        # A link, unlike a rename, fails if the target exists.
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            return False
        write_atomically(path, data)
    finally:
        part.unlink(missing_ok=True)
    return True


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size_bytes=status.st_size,
        etag=_etag(status),
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def _etag(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"

"""Upload and download artifacts: a file is one object, a directory many.

An artifact whose key is ``k`` is the object ``k``, or the objects below ``k/``; ``k2`` does not
belong to it. Modes, owners and empty directories are not kept. Big files are transferred in parts,
several at a time; memory stays bounded whatever the size.
"""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Content, ContentKind, Reason
from argosy_schemas.untrusted_files import UntrustedPath
from argosy_store.local_files import make_write_error
from argosy_store.local_trees import LocalFile, make_tree
from argosy_store.objects import ObjectInfo, ObjectStore, check_key
from argosy_store.parallel import for_each
from argosy_store.stores import Stores

BIG_FILE_BYTES: Final = 16 * 1024 * 1024
"""Larger files are transferred one by one in several parts; smaller files side by side."""

_ABSENT: Final = Content(kind=ContentKind.ABSENT)


def upload(stores: Stores, path: Path | UntrustedPath, uri: str) -> Content:
    """Upload the file or directory at ``path`` to ``uri`` and return its content.

    Symbolic links are followed, also to directories; a link to one of its own parents is left out.
    A path that does not exist uploads nothing.

    Args:
        stores: Opens ``uri``.
        path: The file or directory; links in an untrusted one are refused.
        uri: The target.

    Raises:
        TaskError: The path holds something that no store can hold, e.g. a pipe or a broken link.
        StoreError: The store refused or could not be reached, or a file could not be read.
    """
    tree = make_tree(path)
    status = tree.find_status()
    if status is None:
        return _ABSENT
    store, key = stores.resolve(uri)
    if not stat.S_ISDIR(status.st_mode):
        whole = LocalFile(path=path, relative="", size_bytes=status.st_size)
        with whole.open() as readable:
            return _file(store.put_file(key, readable))
    done = _Progress()
    big: list[LocalFile] = []

    def put(file: LocalFile) -> None:
        if file.size_bytes >= BIG_FILE_BYTES and store.concurrency > 1:
            big.append(file)
        else:
            put_now(file)

    def put_now(file: LocalFile) -> None:
        whole = f"{key}/{file.relative}" if key else file.relative
        with file.open() as readable:
            done.add(store.put_file(whole, readable))

    for_each(put, tree.list_files(), width=store.concurrency)
    for file in big:
        put_now(file)
    return done.directory()


def download(stores: Stores, uri: str, path: Path) -> Content:
    """Download ``uri`` to ``path`` and return its content.

    If nothing is stored there, nothing is written, not even a directory; an empty directory that
    was uploaded looks the same. Parents of ``path`` are created.

    Raises:
        FinalTaskError: A file and a directory are stored under the same name.
        StoreError: The store refused or could not be reached, or a file could not be written.
    """
    store, key = stores.resolve(uri)
    file = store.head(key) if key else None
    below = store.list(key)
    first = next(below, None)
    if file is not None and first is not None:
        raise FinalTaskError(
            f"{store.url}/{key}: a file and a directory are stored under this name "
            f"('{first.key}'); move one of them",
            reason=Reason.INVALID_INPUT,
        )
    if file is not None:
        _make_directory(path.parent)
        store.get_file(file, path)
        return _file(file.size_bytes)
    if first is None:
        return _ABSENT
    done = _Progress()
    big: list[ObjectInfo] = []
    made: set[Path] = set()

    def get(info: ObjectInfo) -> None:
        if info.size_bytes >= BIG_FILE_BYTES and store.concurrency > 1:
            big.append(info)
        else:
            get_now(info)

    def get_now(info: ObjectInfo) -> None:
        target = path / _relative_path(store, key, info)
        if target.parent not in made:
            _make_directory(target.parent)
            made.add(target.parent)
        store.get_file(info, target)
        done.add(info.size_bytes)

    for_each(get, _chain(first, below), width=store.concurrency)
    for info in big:
        get_now(info)
    return done.directory()


def inspect_content(stores: Stores, uri: str) -> Content:
    """Return the content of ``uri`` without reading its objects.

    Raises:
        StoreError: The store refused or could not be reached.
    """
    store, key = stores.resolve(uri)
    file = store.head(key) if key else None
    if file is not None:
        return _file(file.size_bytes)
    done = _Progress()
    for info in store.list(key):
        done.add(info.size_bytes)
    return done.directory() if done.files else _ABSENT


def is_unchanged(stores: Stores, uri: str, content: Content) -> bool:
    """Return whether ``uri`` still has the content that :func:`upload` returned.

    Raises:
        StoreError: The store refused or could not be reached.
    """
    found = inspect_content(stores, uri)
    return found == content or (found == _ABSENT and content.files == 0)


class _Progress:
    """How many files were transferred so far, and their bytes."""

    def __init__(self) -> None:
        self.files = 0
        self._size_bytes = 0
        self._lock = threading.Lock()

    def add(self, size_bytes: int) -> None:
        with self._lock:
            self.files += 1
            self._size_bytes += size_bytes

    def directory(self) -> Content:
        return Content(kind=ContentKind.DIRECTORY, files=self.files, size_bytes=self._size_bytes)


def _file(size_bytes: int) -> Content:
    return Content(kind=ContentKind.FILE, files=1, size_bytes=size_bytes)


def _chain(first: ObjectInfo, rest: Iterator[ObjectInfo]) -> Iterator[ObjectInfo]:
    yield first
    yield from rest


def _relative_path(store: ObjectStore, key: str, info: ObjectInfo) -> PurePosixPath:
    check_key(info.key, url=store.url)
    return PurePosixPath(info.key[len(key) + 1 :] if key else info.key)


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise make_write_error(path, error) from error

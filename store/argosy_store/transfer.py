"""Upload and download artifacts: a file is one object, a directory many.

An artifact whose key is ``k`` is the object ``k``, or the objects below ``k/``; ``k2`` does not
belong to it. Modes, owners and empty directories are not kept. Big files are transferred in parts,
several at a time; memory stays bounded whatever the size.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Content, ContentKind, Reason
from argosy_schemas.untrusted_files import UntrustedPath
from argosy_store.digests import digest_files
from argosy_store.local.files import make_write_error
from argosy_store.local.trees import LocalFile, make_tree
from argosy_store.objects import ObjectInfo, ObjectStore, StoredFile, check_key
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
    done = _Files()
    big: list[LocalFile] = []

    def put(file: LocalFile) -> None:
        if file.size_bytes >= BIG_FILE_BYTES and store.concurrency > 1:
            big.append(file)
        else:
            put_now(file)

    def put_now(file: LocalFile) -> None:
        whole = f"{key}/{file.relative}" if key else file.relative
        with file.open() as readable:
            done.add(file.relative, store.put_file(whole, readable))

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
        return _file(_downloaded(file, store.get_file(file, path)))
    if first is None:
        return _ABSENT
    done = _Files()
    big: list[ObjectInfo] = []
    made: set[Path] = set()

    def get(info: ObjectInfo) -> None:
        if info.size_bytes >= BIG_FILE_BYTES and store.concurrency > 1:
            big.append(info)
        else:
            get_now(info)

    def get_now(info: ObjectInfo) -> None:
        relative = _relative_path(store, key, info)
        target = path / relative
        if target.parent not in made:
            _make_directory(target.parent)
            made.add(target.parent)
        done.add(str(relative), _downloaded(info, store.get_file(info, target)))

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
        return _file(_stored(file))
    done = _Files()
    for info in store.list(key):
        done.add(str(_relative_path(store, key, info)), _stored(info))
    return done.directory() if done.found else _ABSENT


def is_unchanged(stores: Stores, uri: str, content: Content) -> bool:
    """Return whether ``uri`` still has the content that :func:`upload` returned.

    Raises:
        StoreError: The store refused or could not be reached.
    """
    return is_same_content(inspect_content(stores, uri), content)


def is_same_content(found: Content, expected: Content) -> bool:
    """Return whether two contents agree in all that is known of both."""
    if found.kind is ContentKind.ABSENT or expected.kind is ContentKind.ABSENT:
        # No store holds an empty directory.
        return found.files == expected.files
    return (
        (found.kind, found.files, found.size_bytes)
        == (expected.kind, expected.files, expected.size_bytes)
        and _agree(found.etag, expected.etag)
        and _agree(found.digest, expected.digest)
    )


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


class _Files:
    """The files of a directory that were found so far, by their paths in it."""

    def __init__(self) -> None:
        self.found: list[tuple[str, StoredFile]] = []

    def add(self, path: str, file: StoredFile) -> None:
        # Appending to a list is atomic, adding to a sum is not.
        self.found.append((path, file))

    def directory(self) -> Content:
        sizes = [file.size_bytes for _, file in self.found]
        return Content(
            kind=ContentKind.DIRECTORY,
            files=len(sizes),
            size_bytes=sum(sizes),
            etag=self._join(lambda file: file.etag),
            digest=self._join(lambda file: file.digest),
        )

    def _join(self, get: Callable[[StoredFile], str | None]) -> str | None:
        rows = [(path, file.size_bytes, get(file)) for path, file in self.found]
        is_known = bool(rows) and all(row[2] is not None for row in rows)
        return digest_files(rows) if is_known else None


def _stored(info: ObjectInfo) -> StoredFile:
    return StoredFile(size_bytes=info.size_bytes, etag=info.etag, digest=None)


def _downloaded(info: ObjectInfo, digest: str | None) -> StoredFile:
    # Of the copy: whether the object was written anew with the same bytes does not matter.
    return StoredFile(size_bytes=info.size_bytes, etag=None, digest=digest)


def _file(file: StoredFile) -> Content:
    return Content(
        kind=ContentKind.FILE,
        files=1,
        size_bytes=file.size_bytes,
        etag=file.etag,
        digest=file.digest,
    )


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

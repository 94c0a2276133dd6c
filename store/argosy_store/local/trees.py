"""List the files of a local artifact; what no store can hold is refused by name.

A command that ran as this process's own user is trusted: links are followed. What the user's code
wrote in a pod is not, and no link in it is followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from argosy_schemas.atomic_files import is_part_file
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.untrusted_files import (
    MAX_DEPTH,
    UntrustedFileError,
    UntrustedPath,
    name_kind,
)
from argosy_store.local.files import make_read_error

MAX_FILES: Final = 1_000_000
"""Of an untrusted artifact; each is a request to the store."""
MAX_FILE_BYTES: Final = 5 * 2**40
"""Of an untrusted file; no store takes a larger object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A regular file of an artifact."""

    path: Path | UntrustedPath
    relative: str
    """The path relative to the artifact's directory, with slashes; empty if the artifact is this
    file."""
    size_bytes: int

    @contextmanager
    def open(self) -> Generator[Path]:
        """Yield a path that can be read until the block ends.

        Raises:
            TaskError: It has become something else meanwhile.
            StoreError: It cannot be read.
        """
        if isinstance(self.path, Path):
            yield self.path
            return
        with ExitStack() as stack:
            with _naming_errors(self.path):
                descriptor = stack.enter_context(self.path.open())
            # Linux opens the same file again, whatever has its name by now.
            yield Path(f"/proc/self/fd/{descriptor}")


class LocalTree(Protocol):
    """A local file or directory to upload."""

    def find_status(self) -> os.stat_result | None:
        """Return the status of its root; ``None`` if it does not exist.

        Raises:
            TaskError: The root is neither a file nor a directory.
            StoreError: The status cannot be read.
        """
        ...

    def list_files(self) -> Iterator[LocalFile]:
        """Yield the files of a directory.

        Raises:
            TaskError: The directory holds something that no store can hold.
            StoreError: A file or directory cannot be read.
        """
        ...


def make_tree(root: Path | UntrustedPath) -> LocalTree:
    """Return the tree whose root is this path."""
    return TrustedTree(root) if isinstance(root, Path) else UntrustedTree(root)


@dataclass(frozen=True, slots=True)
class TrustedTree:
    """Files in the order of their names; links are followed.

    A link to one of its own parents is left out; a root that is a link to nothing is refused.
    """

    root: Path

    def find_status(self) -> os.stat_result | None:
        """See :class:`LocalTree`."""
        try:
            return self._find_status(self.root)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def list_files(self) -> Iterator[LocalFile]:
        """See :class:`LocalTree`."""
        return self._list_below(self.root, "", ())

    def _list_below(
        self, directory: Path, prefix: str, parents: tuple[tuple[int, int], ...]
    ) -> Iterator[LocalFile]:
        try:
            status = directory.stat()
            identity = (status.st_dev, status.st_ino)
            if identity in parents:
                return
            names = sorted(os.listdir(directory))
        except OSError as error:
            raise make_read_error(directory, error) from error
        if len(parents) > MAX_DEPTH:
            raise _refuse(
                self.root,
                f"has more than {MAX_DEPTH} directories one inside the other; pack them into an "
                "archive",
            )
        for name in names:
            path = directory / name
            try:
                status = self._find_status(path)
            except FileNotFoundError:
                # A temporary file that is gone.
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self._list_below(path, f"{prefix}{name}/", (*parents, identity))
            else:
                _refuse_part(path, name)
                yield LocalFile(path=path, relative=prefix + name, size_bytes=status.st_size)

    def _find_status(self, path: Path) -> os.stat_result:
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                status = self._follow_link(path)
        except (FileNotFoundError, NotADirectoryError):
            raise
        except OSError as error:
            raise make_read_error(path, error) from error
        _refuse_special(path, status)
        return status

    def _follow_link(self, path: Path) -> os.stat_result:
        try:
            return path.stat()
        except (FileNotFoundError, NotADirectoryError):
            missing = os.readlink(path)
            raise _refuse(
                path, f"is a link to '{missing}', which does not exist; remove it"
            ) from None


@dataclass(frozen=True, slots=True)
class UntrustedTree:
    """Files in any order, so that a directory of a million needs no memory; links are refused."""

    root: UntrustedPath

    def find_status(self) -> os.stat_result | None:
        """See :class:`LocalTree`."""
        with _naming_errors(self.root):
            status = self.root.find_status()
        if status is not None:
            _refuse_special(self.root, status)
            _refuse_huge(self.root, status)
        return status

    def list_files(self) -> Iterator[LocalFile]:
        """See :class:`LocalTree`."""
        with _naming_errors(self.root):
            for count, (relative, entry) in enumerate(self.root.list_below(), start=1):
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    # A temporary file that is gone.
                    continue
                path = UntrustedPath(self.root.top, f"{self.root.relative}/{relative}".lstrip("/"))
                _refuse_special(path, status)
                _refuse_huge(path, status)
                _refuse_part(path, entry.name)
                if count > MAX_FILES:
                    raise _refuse(
                        self.root, f"has more than {MAX_FILES} files; pack them into archives"
                    )
                yield LocalFile(path=path, relative=relative, size_bytes=status.st_size)


@contextmanager
def _naming_errors(path: UntrustedPath) -> Generator[None]:
    """Turn errors of an untrusted path into those of a task or a store, with its name."""
    try:
        yield
    except UntrustedFileError as error:
        raise _refuse(path, str(error)) from error
    except OSError as error:
        raise make_read_error(str(path), error) from error


def _refuse_special(path: Path | UntrustedPath, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        kind = name_kind(status.st_mode)
        raise _refuse(path, f"is {kind}; write files and directories only")


def _refuse_huge(path: UntrustedPath, status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode) and status.st_size > MAX_FILE_BYTES:
        raise _refuse(path, f"has {status.st_size} bytes, more than any store takes; divide it")


def _refuse_part(path: Path | UntrustedPath, name: str) -> None:
    # A local store takes such a file for one that is being written.
    if is_part_file(name):
        raise _refuse(path, "has a name that Argosy gives to unfinished files; rename it")


def _refuse(path: Path | UntrustedPath, what: str) -> TaskError:
    return TaskError(f"{str(path)!r}: {what}", reason=Reason.INVALID_OUTPUT)

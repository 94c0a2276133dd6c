"""List the files of a local artifact; what no store can hold is refused by name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason
from argosy_store.local_files import make_read_error


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A regular file below the directory of an artifact."""

    path: Path
    relative: str
    """The path relative to that directory, with slashes; empty if the artifact is this file."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTree:
    """A local file or directory to upload.

    Attributes:
        root: The file or directory.
        boundary: A directory that no link may leave.
    """

    root: Path
    boundary: Path | None = None

    def status(self) -> os.stat_result | None:
        """Return the status of ``root``, links followed; ``None`` if it does not exist.

        Raises:
            TaskError: The root is neither a file nor a directory, or is a link to nothing.
            StoreError: The status cannot be read.
        """
        self._check_boundary(self.root)
        try:
            return self._status(self.root)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def files(self) -> Iterator[LocalFile]:
        """Yield the files of a directory, in the order of their names.

        Links are followed; a link to one of its own parents is left out.

        Raises:
            TaskError: The directory holds something that no store can hold.
            StoreError: A file or directory cannot be read.
        """
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
        for name in names:
            path = directory / name
            try:
                status = self._status(path)
            except FileNotFoundError:
                # A temporary file that is gone.
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self._list_below(path, f"{prefix}{name}/", (*parents, identity))
            else:
                yield LocalFile(path=path, relative=prefix + name, size_bytes=status.st_size)

    def _check_boundary(self, path: Path) -> None:
        if self.boundary is None:
            return
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(os.path.realpath(self.boundary)):
            raise _refuse(
                path, f"leads through a link out of '{self.boundary}', to '{target}'; copy the file"
            )

    def _status(self, path: Path) -> os.stat_result:
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                status = self._follow_link(path)
        except (FileNotFoundError, NotADirectoryError):
            raise
        except OSError as error:
            raise make_read_error(path, error) from error
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise _refuse(path, f"is {_kind(status.st_mode)}; write files and directories only")
        return status

    def _follow_link(self, path: Path) -> os.stat_result:
        self._check_boundary(path)
        try:
            return path.stat()
        except (FileNotFoundError, NotADirectoryError):
            missing = os.readlink(path)
            raise _refuse(
                path, f"is a link to '{missing}', which does not exist; remove it"
            ) from None


def _refuse(path: Path, what: str) -> TaskError:
    return TaskError(f"{os.fspath(path)!r}: {what}", reason=Reason.INVALID_OUTPUT)


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"

"""The files of a local artifact, with what no store can hold refused by name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason
from argosy_store.local_files import reading_failed


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A regular file below the directory of an artifact."""

    path: Path
    relative: str
    """From that directory, with slashes; empty when the artifact is this file."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTree:
    """A local file or directory to upload.

    Attributes:
        root: What to upload.
        boundary: A directory that no link may lead out of.
    """

    root: Path
    boundary: Path | None = None

    def status(self) -> os.stat_result | None:
        """Return what ``root`` is, links followed, or ``None`` when there is nothing.

        Raises:
            TaskError: It is neither a file nor a directory, or a link to nothing.
            StoreError: It may not be looked at.
        """
        self._check_boundary(self.root)
        try:
            return self._status(self.root)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def files(self) -> Iterator[LocalFile]:
        """Yield the files of a directory, in the order of their names.

        Links are followed; a link to a directory that it lies in is left out.

        Raises:
            TaskError: There is something in it that no store can hold.
            StoreError: Something may not be read.
        """
        return self._below(self.root, "", ())

    def _below(
        self, directory: Path, prefix: str, parents: tuple[tuple[int, int], ...]
    ) -> Iterator[LocalFile]:
        try:
            status = directory.stat()
            place = (status.st_dev, status.st_ino)
            if place in parents:
                return
            names = sorted(os.listdir(directory))
        except OSError as error:
            raise reading_failed(directory, error) from error
        for name in names:
            path = directory / name
            try:
                status = self._status(path)
            except FileNotFoundError:
                # A temporary file that is gone since.
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self._below(path, f"{prefix}{name}/", (*parents, place))
            else:
                yield LocalFile(path=path, relative=prefix + name, size_bytes=status.st_size)

    def _check_boundary(self, path: Path) -> None:
        if self.boundary is None:
            return
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(os.path.realpath(self.boundary)):
            raise _refused(
                path, f"leads out of '{self.boundary}', to '{target}', by a link; copy the file"
            )

    def _status(self, path: Path) -> os.stat_result:
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                status = self._followed(path)
        except (FileNotFoundError, NotADirectoryError):
            raise
        except OSError as error:
            raise reading_failed(path, error) from error
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise _refused(path, f"is {_kind(status.st_mode)}; write files and directories only")
        return status

    def _followed(self, path: Path) -> os.stat_result:
        self._check_boundary(path)
        try:
            return path.stat()
        except (FileNotFoundError, NotADirectoryError):
            missing = os.readlink(path)
            raise _refused(
                path, f"is a link to '{missing}', which is not there; remove it"
            ) from None


def _refused(path: Path, what: str) -> TaskError:
    return TaskError(f"{os.fspath(path)!r}: {what}", reason=Reason.INVALID_OUTPUT)


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"

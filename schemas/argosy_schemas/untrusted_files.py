"""Read files on a volume that the user's code writes, from a process that may read more than it.

No name on such a volume is trusted: any of them may be a link to a file of this process, a pipe, a
device, or of any length, and may change at any moment. So a path is walked from the mount point by
directory descriptors, without following a link; only regular files are read, and no more of them
than the reader asked for.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_DEPTH: Final = 200
"""The most directories that may lie one inside the other; each holds descriptors while it is
listed."""

_CHUNK_BYTES: Final = 1 << 20
_LISTED: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Linux passes through a directory that may not be listed.
_PASSED: Final = _LISTED | getattr(os, "O_PATH", 0)
# A pipe must not block who opens it, and a terminal must not become ours.
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC


class UntrustedFileError(Exception):
    """A file that must not be read; the message is the end of a sentence about it."""


@dataclass(frozen=True, slots=True)
class UntrustedPath:
    """A path below a directory that somebody else writes."""

    top: Path
    """The directory. Its own path is trusted, e.g. that of a mount point."""
    relative: str = ""
    """The normal path below it; empty: the directory itself."""

    def __str__(self) -> str:
        """Return the whole path."""
        return os.path.join(self.top, self.relative)

    def find_status(self) -> os.stat_result | None:
        """Return the status, of a link itself; ``None`` if there is nothing.

        Raises:
            UntrustedFileError: A link leads here.
            OSError: The status cannot be read.
        """
        with suppress(FileNotFoundError, NotADirectoryError), self._open_parent() as place:
            parent, name = place
            return os.stat(name, dir_fd=parent, follow_symlinks=False)
        return None

    @contextmanager
    def open(self) -> Generator[int]:
        """Yield a descriptor of the regular file.

        Raises:
            UntrustedFileError: It is no regular file, or a link leads here.
            OSError: It does not exist or cannot be read.
        """
        with self._open_parent() as (parent, name):
            descriptor = _open(name, _READ, parent)
        try:
            refuse_special(os.fstat(descriptor).st_mode)
            yield descriptor
        finally:
            os.close(descriptor)

    def read(self, *, most: int) -> bytes:
        """Return the content of the regular file.

        Raises:
            UntrustedFileError: It has more than ``most`` bytes, is no regular file, or a link leads
                here.
            OSError: It does not exist or cannot be read.
        """
        with self.open() as descriptor:
            return read_whole(descriptor, most=most)

    def list_below(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield everything below the directory but directories, by path, in no order.

        Paths are relative to this one. An entry is valid until the next one is asked for.

        Raises:
            UntrustedFileError: Directories are nested too deeply, or a link leads here.
            OSError: A directory cannot be read.
        """
        with self._open_parent() as (parent, name):
            levels = [_Level(name, parent, "")]
        try:
            while levels:
                level = levels[-1]
                for entry in level.entries:
                    if entry.is_dir(follow_symlinks=False):
                        if len(levels) > MAX_DEPTH:
                            raise UntrustedFileError(
                                f"has more than {MAX_DEPTH} directories one inside the other; pack "
                                "them into an archive"
                            )
                        prefix = f"{level.prefix}{entry.name}/"
                        levels.append(_Level(entry.name, level.descriptor, prefix))
                        break
                    yield level.prefix + entry.name, entry
                else:
                    levels.pop().close()
        finally:
            for level in levels:
                level.close()

    @contextmanager
    def _open_parent(self) -> Generator[tuple[int, str]]:
        """Yield a descriptor of the directory that holds the path, and its name there."""
        *parents, name = self.relative.split("/")
        descriptor = os.open(self.top, _PASSED & ~os.O_NOFOLLOW)
        try:
            for each in parents:
                outer, descriptor = descriptor, _open(each, _PASSED, descriptor)
                os.close(outer)
            yield descriptor, name or "."
        finally:
            os.close(descriptor)


class _Level:
    """One directory that is being listed."""

    def __init__(self, name: str, parent: int, prefix: str) -> None:
        self.prefix = prefix
        self.descriptor = _open(name, _LISTED, parent)
        try:
            self.entries = os.scandir(self.descriptor)
        except OSError:
            os.close(self.descriptor)
            raise

    def close(self) -> None:
        self.entries.close()
        os.close(self.descriptor)


def read_whole(descriptor: int, *, most: int) -> bytes:
    """Return what a file holds, which may grow meanwhile.

    Raises:
        UntrustedFileError: It has more than ``most`` bytes.
        OSError: It cannot be read.
    """
    size = os.fstat(descriptor).st_size
    data = bytearray()
    while size <= most and len(data) <= most:
        chunk = os.read(descriptor, min(_CHUNK_BYTES, most + 1 - len(data)))
        if not chunk:
            return bytes(data)
        data += chunk
    raise UntrustedFileError(f"has {max(size, len(data))} bytes, and at most {most} are read")


def refuse_special(mode: int) -> None:
    """Refuse what is no regular file.

    Raises:
        UntrustedFileError: The message says what it is.
    """
    if not stat.S_ISREG(mode):
        raise UntrustedFileError(f"is {name_kind(mode)}, not a file")


def name_kind(mode: int) -> str:
    """Return what a file with this mode is, in words."""
    kinds = {
        stat.S_IFREG: "a file",
        stat.S_IFDIR: "a directory",
        stat.S_IFLNK: "a link",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device")


def _open(name: str, flags: int, parent: int) -> int:
    try:
        return os.open(name, flags, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(name, parent):
            raise UntrustedFileError(f"leads through the link '{name}'") from error
        if error.errno == errno.ENXIO:  # a socket
            refuse_special(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        raise


def _is_link(name: str, parent: int) -> bool:
    with suppress(OSError):
        return stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    return False

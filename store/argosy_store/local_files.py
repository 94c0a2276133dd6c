"""Copies of local files, and what can go wrong with local files."""

from __future__ import annotations

import errno
from pathlib import Path

from argosy_schemas.atomic_files import replace_atomically
from argosy_schemas.errors import StoreError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_IN_THE_WAY = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY)
# What network file systems answer while their server is away.
_PASSING = (errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ETIMEDOUT, errno.ESTALE, errno.EINTR)


def copy_whole_file(source: Path, target: Path) -> int:
    """Copy a file, replacing ``target`` at once; return its size.

    The copy shares nothing that could change with the source: no hard link.

    Raises:
        OSError: As the system has it.
    """
    # Slow to import, and the first copy takes longer than that.
    import shutil

    with replace_atomically(target) as part:
        shutil.copyfile(source, part)
        return part.stat().st_size


def reading_failed(path: Path | str, error: OSError) -> StoreError:
    """Return the error for a file or directory that could not be read."""
    if error.errno in _FORBIDDEN:
        return _final(path, "may not be read; change its mode or owner")
    return _failed(path, "could not be read", error)


def writing_failed(path: Path | str, error: OSError) -> StoreError:
    """Return the error for a file that could not be written."""
    if error.errno in _FULL:
        return _final(path, f"could not be written ({_text(error)}); free some space there")
    if error.errno in _FORBIDDEN:
        return _final(
            path, "may not be written; change the mode or owner of its directory or name another"
        )
    if error.errno == errno.EROFS:
        return _final(path, "lies on a file system that is read-only; name another place")
    if error.errno == errno.ENAMETOOLONG:
        return _final(path, "has a name that is too long here; use shorter names")
    if error.errno in _IN_THE_WAY:
        return _final(
            path,
            f"could not be written ({_text(error)}): a file is in the place of a directory, or "
            f"the other way round; remove it or name another place",
        )
    return _failed(path, "could not be written", error)


def _failed(path: Path | str, what: str, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: {what} ({_text(error)}); look at its file system",
        retryable=error.errno in _PASSING,
    )


def _final(path: Path | str, what: str) -> StoreError:
    return StoreError(f"{path}: {what}", retryable=False)


def _text(error: OSError) -> str:
    return error.strerror or str(error)

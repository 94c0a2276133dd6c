"""Copy local files, and turn errors of the system into :class:`StoreError`."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from argosy_schemas.atomic_files import replace_atomically
from argosy_schemas.errors import StoreError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_BLOCKED = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY)
# Errors of network file systems while their server is away.
_RETRYABLE = (errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ETIMEDOUT, errno.ESTALE, errno.EINTR)


def copy_whole_file(source: Path, target: Path) -> os.stat_result:
    """Copy a file, replacing ``target`` atomically; return the status of the copy.

    The target is not a hard link, so that changes of the source do not reach it.

    Raises:
        OSError: The system failed.
    """
    # Slow to import, and needed by copies only.
    import shutil

    with replace_atomically(target) as part:
        shutil.copyfile(source, part)
        return part.stat()


def make_read_error(path: Path | str, error: OSError) -> StoreError:
    """Return the error for a file or directory that could not be read."""
    if error.errno in _FORBIDDEN:
        return _final_error(path, "cannot be read: permission denied; change its mode or owner")
    return _error(path, "could not be read", error)


def make_write_error(path: Path | str, error: OSError) -> StoreError:
    """Return the error for a file that could not be written."""
    if error.errno in _FULL:
        return _final_error(path, f"could not be written ({_text(error)}); free some space there")
    if error.errno in _FORBIDDEN:
        return _final_error(
            path,
            "cannot be written: permission denied; change the mode or owner of its directory, or"
            " choose another one",
        )
    if error.errno == errno.EROFS:
        return _final_error(path, "is on a read-only file system; choose another directory")
    if error.errno == errno.ENAMETOOLONG:
        return _final_error(
            path, "has a name that is too long for its file system; use shorter names"
        )
    if error.errno in _BLOCKED:
        return _final_error(
            path,
            f"could not be written ({_text(error)}): a file is where a directory should be, or "
            f"the reverse; remove it or choose another directory",
        )
    return _error(path, "could not be written", error)


def _error(path: Path | str, what: str, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: {what} ({_text(error)}); check its file system",
        retryable=error.errno in _RETRYABLE,
    )


def _final_error(path: Path | str, what: str) -> StoreError:
    return StoreError(f"{path}: {what}", retryable=False)


def _text(error: OSError) -> str:
    return error.strerror or str(error)

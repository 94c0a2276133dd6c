"""Find the files of the main container from the launcher's container.

Both containers mount some volumes at the same paths; all other files are in the user's image, and
``exec`` copies them to the exchange volume on request. A link made by the user must not lead this
process to files of its own container, which has credentials. So it follows none: where there is
one, ``exec`` makes the copy, and follows it with the rights of the user.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from argosy_launcher.sidecar.exchange import Exchange
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.untrusted_files import UntrustedFileError, UntrustedPath


@dataclass(slots=True)
class MainFiles:
    """Maps paths in the main container to paths in this process."""

    exchange: Exchange
    volumes: tuple[Path, ...]
    """The paths in main of the volumes that this container mounts too."""
    mounted_at: Path = Path("/")
    """The directory below which this process finds main's volumes, ``/`` in a pod."""
    _copies: dict[str, UntrustedPath] = field(default_factory=dict[str, UntrustedPath])

    def locate(self, path: str) -> UntrustedPath:
        """Return the path in this process of main's ``path``, which is copied where necessary.

        Raises:
            TaskError: It is neither a file nor a directory, or main's user may not read it.
            ExecDiedError: The main container has died.
        """
        here = self._find_here(path)
        if here is not None and not _has_link(here):
            return here
        if path not in self._copies:
            self._copies[path] = self._copy(path)
        return self._copies[path]

    def _find_here(self, path: str) -> UntrustedPath | None:
        """Return the path below a volume of this container; ``None``: it is below none."""
        normal = Path(os.path.normpath(path))
        for volume in self.volumes:
            if normal.is_relative_to(volume):
                relative = str(normal.relative_to(volume))
                top = self.mounted_at / str(volume).lstrip("/")
                return UntrustedPath(top, "" if relative == "." else relative)
        return None

    def _copy(self, path: str) -> UntrustedPath:
        copy, answer = self.exchange.request_copy(path)
        if answer not in ("file", "directory", "absent"):
            raise TaskError(
                f"'{path}' {answer}; write outputs where the task's user can read them",
                reason=Reason.INVALID_OUTPUT,
            )
        return copy


def _has_link(path: UntrustedPath) -> bool:
    """Return whether ``path`` leads through a link, is one, or has one below it."""
    try:
        status = path.find_status()
    except UntrustedFileError:
        return True
    if status is None or not stat.S_ISDIR(status.st_mode):
        return status is not None and stat.S_ISLNK(status.st_mode)
    try:
        return any(entry.is_symlink() for _, entry in path.list_below())
    except (UntrustedFileError, OSError):
        # The upload of the directory says what is wrong.
        return False

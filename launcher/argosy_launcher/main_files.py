"""The files of the main container, as far as its launcher may see them.

The volumes that both mount are at the same paths in both; everything else is in the user's image,
and ``exec`` copies it over on request. A link made by the user must not lead this process to files
of its own container, where credentials are: what leads out of a shared volume is copied by ``exec``
too, which follows it where the user could.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from argosy_launcher.exchange import Exchange
from argosy_launcher.output_files import LocatedPath
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason


@dataclass(slots=True)
class MainFiles:
    """Finds what the command knows by a path of its own."""

    exchange: Exchange
    shared: Path
    """Where main has the shared volume."""
    volumes: tuple[Path, ...]
    """Where main has the volumes that this container mounts too, ``shared`` among them."""
    mounted_at: Path = Path("/")
    """Below which this process finds main's volumes, ``/`` in a pod."""
    _copies: dict[str, LocatedPath] = field(default_factory=dict[str, LocatedPath])

    def locate(self, path: str) -> LocatedPath:
        """Return where this process finds ``path``, copied here if need be.

        Raises:
            TaskError: It is neither a file nor a directory, or main's user may not read it.
            ExecDiedError: The main container is gone.
        """
        volume = self._volume_of(path)
        if volume is not None:
            here, boundary = self._here(path), self._here(volume)
            if not _leads_out(here, boundary):
                return LocatedPath(here, boundary)
        if path not in self._copies:
            self._copies[path] = self._copied(path)
        return self._copies[path]

    def _volume_of(self, path: str) -> Path | None:
        normal = Path(os.path.normpath(path))
        return next((each for each in self.volumes if normal.is_relative_to(each)), None)

    def _here(self, path: str | Path) -> Path:
        return self.mounted_at / os.fspath(path).lstrip("/")

    def _copied(self, path: str) -> LocatedPath:
        directory = self.exchange.directory / "copies"
        directory.mkdir(exist_ok=True)
        directory.chmod(0o777)
        number = str(len(self._copies) + 1)
        target = self.shared / self.exchange.directory.name / "copies" / number
        (answer,) = self.exchange.request("copy", path, os.fspath(target))
        if answer not in ("file", "directory", "absent"):
            raise TaskError(
                f"'{path}' {answer}; write outputs where the task's user can read them",
                reason=Reason.INVALID_OUTPUT,
            )
        return LocatedPath(directory / number, directory)


def _leads_out(path: Path, volume: Path) -> bool:
    """Return whether ``path``, or a link below it, ends outside of ``volume``."""
    inside = os.path.realpath(volume)
    return any(not Path(os.path.realpath(each)).is_relative_to(inside) for each in _links(path))


def _links(path: Path) -> Iterator[str]:
    """Yield ``path`` itself, whose parents may be links, and all links below it."""
    yield os.fspath(path)
    waiting = [path] if path.is_dir() and not path.is_symlink() else []
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        yield entry.path
                    elif entry.is_dir():
                        waiting.append(Path(entry.path))
        except PermissionError:
            # Whoever reads it for good says so, with the path.
            continue

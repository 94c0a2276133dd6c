"""Find the files of the main container from the launcher's container.

Both containers mount the shared volumes at the same paths; all other files are in the user's image,
and ``exec`` copies them to a shared volume on request. A link made by the user must not lead this
process to files of its own container, which has credentials: ``exec`` also copies what a link
outside of the shared volumes points to, with the rights of the user.
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
    """Maps paths in the main container to paths in this process."""

    exchange: Exchange
    shared: Path
    """The path of the shared volume in main."""
    volumes: tuple[Path, ...]
    """The paths in main of the volumes that this container mounts too, ``shared`` among them."""
    mounted_at: Path = Path("/")
    """The directory below which this process finds main's volumes, ``/`` in a pod."""
    _copies: dict[str, LocatedPath] = field(default_factory=dict[str, LocatedPath])

    def locate(self, path: str) -> LocatedPath:
        """Return the path in this process of main's ``path``, which is copied where necessary.

        Raises:
            TaskError: It is neither a file nor a directory, or main's user may not read it.
            ExecDiedError: The main container has died.
        """
        volume = self._find_volume(path)
        if volume is not None:
            here, boundary = self._map_path(path), self._map_path(volume)
            if not _leads_out(here, boundary):
                return LocatedPath(here, boundary)
        if path not in self._copies:
            self._copies[path] = self._copy(path)
        return self._copies[path]

    def _find_volume(self, path: str) -> Path | None:
        normal = Path(os.path.normpath(path))
        return next((each for each in self.volumes if normal.is_relative_to(each)), None)

    def _map_path(self, path: str | Path) -> Path:
        return self.mounted_at / os.fspath(path).lstrip("/")

    def _copy(self, path: str) -> LocatedPath:
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
    """Return whether ``path``, or a link below it, points outside of ``volume``."""
    inside = os.path.realpath(volume)
    return any(
        not Path(os.path.realpath(each)).is_relative_to(inside) for each in _list_links(path)
    )


def _list_links(path: Path) -> Iterator[str]:
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
            # The upload of the directory reports it, with its path.
            continue

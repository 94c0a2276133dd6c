"""What tasks of this machine wrote."""

from __future__ import annotations

from pathlib import Path

from argosy_runs.local.home import RunFiles
from argosy_runs.local.logs import LogReader
from argosy_schemas.names import RunId


class LocalLogs:
    """The logs of the runs of a home."""

    def __init__(self, home: Path) -> None:
        self._home = home.absolute()

    def open(self, run_id: str, path: str, *, namespace: str = "") -> LocalLog:
        """Return the log of a task; nothing has to be there yet."""
        return LocalLog(RunFiles(self._home, RunId(run_id)), path)


class LocalLog:
    """What a task wrote, attempt by attempt; of a group, what the tasks in it did."""

    def __init__(self, files: RunFiles, path: str) -> None:
        self._reader = LogReader(files, path)
        self._path = path

    def read(self, *, is_over: bool) -> bytes:
        """Return the lines that came since the last call; empty: none.

        Args:
            is_over: Whether nothing more is written: then the last line needs no line break.
        """
        lines = (
            f"{line.text}\n"
            for line in self._reader.read(is_over=is_over)
            if line.path == self._path or line.path.startswith(f"{self._path}/")
        )
        return "".join(lines).encode()

    def close(self) -> None:
        """Do nothing: no file stays open between two calls."""

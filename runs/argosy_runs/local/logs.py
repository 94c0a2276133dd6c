"""What the tasks of a run wrote, from the files that its engine keeps while they write.

Each attempt has a file of its own, ``tasks/<path>/<attempt>.log`` below the directory of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from argosy_runs.local.home import RunFiles
from argosy_runs.log_lines import keep_last_lines, matches_task
from argosy_runs.places import LogLine
from argosy_runs.sdk_lines import SdkLines
from argosy_schemas.names import TaskPath

_LONGEST_LINE_BYTES = 64 * 1024
"""A longer line is split here, so that memory stays bounded."""

_LAST_BYTES = 256 * 1024
"""How much of the end of a log is looked at for its last lines."""


class LogReader:
    """Reads the logs of some tasks of a run, also while they are written; each line once."""

    def __init__(self, files: RunFiles, task: str | None = None, *, sdk_lines: bool = True) -> None:
        """Make a reader of the logs of the tasks that ``task`` stands for; ``None``: of all.

        Args:
            files: Of the run.
            task: A path, or some segments of one.
            sdk_lines: Whether to yield what the KFP SDK wrote around the components.
        """
        self._sdk_lines = None if sdk_lines else SdkLines()
        self._directory = files.path / "tasks"
        self._task = task
        self._offsets: dict[Path, int] = {}
        self.notices: list[str] = []
        """Nothing hides the files of a home."""

    def read(self, *, is_over: bool = True) -> Iterator[LogLine]:
        """Yield the lines that came since the last call, attempt by attempt.

        Args:
            is_over: Whether nothing more is written: then the last line needs no line break.
        """
        for file in _in_time_order(self._directory.rglob("*.log")):
            path = TaskPath(file.parent.relative_to(self._directory).as_posix())
            if self._task is None or matches_task(path, self._task):
                for text in self._new_lines(file, is_over):
                    if self._sdk_lines is None or not self._sdk_lines.is_sdk_line(path, text):
                        yield LogLine(path, text)

    def _new_lines(self, file: Path, is_over: bool) -> Iterator[str]:
        with file.open("rb") as stream:
            stream.seek(self._offsets.get(file, 0))
            while line := stream.readline(_LONGEST_LINE_BYTES):
                if not line.endswith(b"\n") and len(line) < _LONGEST_LINE_BYTES and not is_over:
                    break
                self._offsets[file] = stream.tell()
                yield line.decode(errors="replace").rstrip("\r\n")


def read_last_lines(files: RunFiles, path: TaskPath, count: int) -> tuple[str, ...]:
    """Return the last lines that the last attempt at a task wrote; none if it has no log.

    Without those of the KFP SDK.
    """
    attempts = _in_time_order((files.path / "tasks" / path).glob("*.log"))
    if not attempts:
        return ()
    with attempts[-1].open("rb") as stream:
        start = max(0, attempts[-1].stat().st_size - _LAST_BYTES)
        stream.seek(start)
        lines = stream.read().decode(errors="replace").splitlines()
    # The first one may have lost its beginning.
    return keep_last_lines(lines[1:] if start else lines, path, count)


def _in_time_order(files: Iterable[Path]) -> list[Path]:
    """Return files in the order in which they were written last."""
    times = [(file.stat().st_mtime_ns, file) for file in files]
    return [file for _, file in sorted(times)]

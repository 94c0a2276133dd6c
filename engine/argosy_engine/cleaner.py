"""Remove directories beside the work: the next task need not wait for it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

_BACKLOG = 32
"""With more than this waiting, the disk is the slow part; whoever removes then waits for it, so
that what is to go does not fill it."""


class Cleaner:
    """Removes directories on a thread of its own. Safe to use from several threads."""

    def __init__(self) -> None:
        self._directories: SimpleQueue[Path | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def remove(self, directory: Path) -> None:
        """Remove a directory with all in it, soon; what cannot be removed stays."""
        if self._directories.qsize() >= _BACKLOG:
            shutil.rmtree(directory, ignore_errors=True)
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="argosy-cleaner")
                self._thread.start()
        self._directories.put(directory)

    def close(self) -> None:
        """Return when all is removed."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._directories.put(None)
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _work(self) -> None:
        while (directory := self._directories.get()) is not None:
            shutil.rmtree(directory, ignore_errors=True)

"""Removes what a home has of runs, in a thread of its own: it may take minutes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from argosy_runs.local.deleting import delete_runs
from argosy_schemas.errors import ArgosyError, InvalidArgumentError
from argosy_schemas.logger import Logger
from argosy_schemas.names import RunId
from argosy_service.errors import describe_error

_LOGGER: Final = Logger("service.deleting")
_ASK_AGAIN_SECONDS: Final = 60.0
"""After which a run that could not be removed is tried again."""


class RunRemover:
    """Removes runs that nobody works on, as many at a time as were asked for meanwhile."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._wanted: dict[str, bool] = {}
        """Run to whether its artifacts go as well."""
        self._taken: frozenset[str] = frozenset()
        self._failed: dict[str, float] = {}
        self._thread: threading.Thread | None = None
        self._is_over = False

    def remove(self, run_id: str, *, artifacts: bool) -> None:
        """Have a run removed soon; may be called again until it is."""
        with self._lock:
            tried = self._failed.get(run_id, -_ASK_AGAIN_SECONDS)
            if run_id in self._taken or time.monotonic() - tried < _ASK_AGAIN_SECONDS:
                return
            self._wanted[run_id] = artifacts
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="deleting")
                thread.start()
                self._thread = thread

    def close(self) -> None:
        """Wait for the run that is being removed, and remove no others."""
        self._is_over = True
        if (thread := self._thread) is not None:
            thread.join()

    def _work(self) -> None:
        while not self._is_over:
            with self._lock:
                wanted, self._wanted = self._wanted, {}
                self._taken = frozenset(wanted)
                if not wanted:
                    self._thread = None
                    return
            for artifacts in (False, True):
                ids = [RunId(run_id) for run_id, given in wanted.items() if given == artifacts]
                try:
                    self._remove(ids, artifacts=artifacts)
                except Exception as error:  # the edge of the thread; they are asked for again
                    what = describe_error(error)
                    _LOGGER.warning("%d runs cannot be removed now: %s", len(ids), what)
                    with self._lock:
                        self._failed.update(dict.fromkeys(ids, time.monotonic()))

    def _remove(self, ids: list[RunId], *, artifacts: bool) -> None:
        problems = self._try(ids, artifacts=artifacts)
        for run_id, problem in zip(ids, problems, strict=False):
            with self._lock:
                self._failed.pop(run_id, None)
                if problem is not None:
                    self._failed[run_id] = time.monotonic()
            if problem is not None:
                _LOGGER.warning("run %s cannot be removed: %s", run_id, problem)
            if self._is_over:
                return

    def _try(self, ids: list[RunId], *, artifacts: bool) -> Iterator[ArgosyError | None]:
        """Yield what kept each run from being removed; ``None``: nothing."""
        for run_id, came in zip(
            ids, delete_runs(self._home, ids, artifacts=artifacts), strict=True
        ):
            if artifacts and isinstance(came, InvalidArgumentError):
                # Nobody knows where its artifacts are: its files are damaged, or never were there.
                came = next(delete_runs(self._home, [run_id], artifacts=False))
            yield came if isinstance(came, ArgosyError) else None

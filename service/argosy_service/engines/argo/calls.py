"""Calls of the cluster that are under way, so that who asks for them does not wait."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from argosy_schemas.errors import ArgosyError
from argosy_schemas.logger import Logger

_LOGGER: Final = Logger("service.argo")

_T = TypeVar("_T")
_THREADS: Final = 8
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0


@dataclass(slots=True, kw_only=True)
class _Call(Generic[_T]):
    future: Future[_T] | None = None
    again_at: float = 0.0
    pause: float = _FIRST_PAUSE_SECONDS
    is_wanted: bool = True
    """Whether somebody waits for what comes of it."""


class Calls(Generic[_T]):
    """At most one call for each run at a time; one that failed is made again after a pause."""

    def __init__(
        self,
        executor: ThreadPoolExecutor,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        is_done: Callable[[_T], bool] = lambda _: True,
    ) -> None:
        """Begin none.

        Args:
            executor: The threads.
            monotonic: The clock.
            is_done: Tells from what a call returned whether it did what was asked; otherwise it has
                to be made again.
        """
        self._executor = executor
        self._monotonic = monotonic
        self._is_done = is_done
        self._calls: dict[str, _Call[_T]] = {}

    def begin(self, run_id: str, call: Callable[[], _T]) -> None:
        """Make a call, unless one is under way or the last one failed a moment ago."""
        found = self._calls.setdefault(run_id, _Call())
        if found.future is None and self._monotonic() >= found.again_at:
            found.future = self._executor.submit(call)

    def is_under_way(self, run_id: str) -> bool:
        """Return whether a call for a run has not been taken yet."""
        found = self._calls.get(run_id)
        return found is not None and found.future is not None

    def drop(self, run_id: str) -> None:
        """Leave out what comes of the call for a run; one under way still keeps others waiting."""
        found = self._calls.get(run_id)
        if found is not None and found.future is None:
            del self._calls[run_id]
        elif found is not None:
            found.is_wanted = False

    def take(self) -> Iterator[tuple[str, _T | ArgosyError]]:
        """Yield what came of calls that have ended; any other error is raised."""
        for run_id, call in list(self._calls.items()):
            if call.future is None or not call.future.done():
                continue
            future, call.future = call.future, None
            if not call.is_wanted:
                del self._calls[run_id]
                continue
            try:
                result = future.result()
            except ArgosyError as error:
                self._wait(call)
                yield run_id, error
                continue
            except Exception as error:  # a bug, which must not keep other runs from going on
                _LOGGER.info("run %s: %s", run_id, "".join(traceback.format_exception(error)))
                self._wait(call)
                yield run_id, ArgosyError(f"the service failed ({error!r}); report it as a bug")
                continue
            if self._is_done(result):
                del self._calls[run_id]
                yield run_id, result
            else:
                call.again_at = self._monotonic() + _FIRST_PAUSE_SECONDS

    def _wait(self, call: _Call[_T]) -> None:
        call.again_at = self._monotonic() + call.pause
        call.pause = min(call.pause * 2, _LONGEST_PAUSE_SECONDS)


def make_executor(threads: int = _THREADS) -> ThreadPoolExecutor:
    """Return threads in which calls are made."""
    return ThreadPoolExecutor(threads, thread_name_prefix="argo")

"""Waits for changes of runs on behalf of all who follow some: one look at the database for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from argosy_service.resources.context import Context
from argosy_service.resources.runs.following import read_last_revision

_LOOK_SECONDS: Final = 0.5

_T = TypeVar("_T")


class ChangeWatch:
    """Knows the number of the last change while somebody asks. For one event loop."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._changed = asyncio.Event()
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None
        self.revision = 0
        """Of the last change that was seen; of any replica."""
        self.is_closed = False
        """Whether the service ends, and all streams with it."""

    async def wait(self, seen: int, seconds: float) -> bool:
        """Wait until another change than ``seen`` is the last; return whether it came in time."""
        self._waiting += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                while self.revision == seen and not self.is_closed:
                    await self._changed.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    def see(self, revision: int) -> None:
        """Take note of the last change as somebody has just read it.

        Nobody looks while nobody waits, and who follows a run that has ended never does.
        """
        # Also a lower one: reads that were kept do no harm when they are done again.
        if revision != self.revision:
            self.revision = revision
            self._tell()

    def close(self) -> None:
        """End all waiting."""
        self.is_closed = True
        self._tell()

    async def _look(self) -> None:
        try:
            while self._waiting and not self.is_closed:
                try:
                    revision = await run_in_threadpool(read_last_revision, self._context)
                except SQLAlchemyError:
                    revision = self.revision  # it may answer again
                if revision != self.revision:
                    self.revision = revision
                    self._tell()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._looking = None

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class SharedReads(Generic[_T]):
    """Reads that many ask for at once are done once; what was read counts until the next change."""

    def __init__(self, watch: ChangeWatch) -> None:
        self._watch = watch
        self._revision = -1
        self._reads: dict[object, asyncio.Future[_T]] = {}

    async def read(self, key: object, function: Callable[[], _T]) -> _T:
        """Return what a function returns in a thread; ``key`` tells what it reads."""
        if self._revision != self._watch.revision:
            self._revision = self._watch.revision
            self._reads = {}
        found = self._reads.get(key)
        if found is None:
            found = asyncio.ensure_future(run_in_threadpool(function))
            self._reads[key] = found
        try:
            return await asyncio.shield(found)
        except SQLAlchemyError:
            self._reads.pop(key, None)  # the next one asks again
            raise

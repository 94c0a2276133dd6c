"""Retry the operations of a store: it may be restarting, or the network may be down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, TypeVar

from argosy_schemas.errors import StoreError
from argosy_schemas.logger import Logger
from argosy_store.objects import ObjectInfo, ObjectStore, StoredFile

T = TypeVar("T")

_LOGGER: Final = Logger("store")

_FIRST_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 15.0


class Clock(Protocol):
    """The time, for waiting."""

    def monotonic(self) -> float:
        """Return seconds from some fixed point."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for some seconds."""
        ...


class _SystemClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


SYSTEM_CLOCK: Final[Clock] = _SystemClock()


class Patience:
    """How long the stores of a process are waited for, all operations together.

    The time runs from the first failure after a store last answered: ten objects for a store that
    is gone take no longer than one. What is tried after that is tried once.
    """

    def __init__(self, seconds: float = 120.0, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self._seconds = seconds
        self._failing_since: float | None = None

    def note_answer(self) -> None:
        """Begin anew: a store has answered, if only to refuse."""
        self._failing_since = None

    def note_failure(self) -> float:
        """Return until when operations are tried again."""
        if self._failing_since is None:
            self._failing_since = self.clock.monotonic()
        return self._failing_since + self._seconds


class RetryingStore:
    """A wrapper of a store that retries retryable errors as long as its patience lasts.

    Pauses double from 0.25 to 15 seconds and are shortened by up to a half at random, so that a
    thousand pods do not retry at once. The last error is raised unchanged.
    """

    def __init__(
        self,
        inner: ObjectStore,
        *,
        patience: Patience,
        fraction: Callable[[], float] | None = None,
    ) -> None:
        """Wrap ``inner``; ``fraction`` returns random numbers from 0 to 1."""
        self._inner = inner
        self._patience = patience
        self._fraction = fraction if fraction is not None else _random_fraction

    @property
    def url(self) -> str:
        """See :class:`~argosy_store.objects.ObjectStore`, also for the other methods."""
        return self._inner.url

    @property
    def concurrency(self) -> int:
        return self._inner.concurrency

    def get(self, key: str) -> bytes | None:
        return self._retry(lambda: self._inner.get(key))

    def put(self, key: str, data: bytes) -> None:
        self._retry(lambda: self._inner.put(key, data))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write an object unless the key exists.

        A first try may have written the object although its answer was lost: then the object has
        this content.
        """
        tries = 0

        def once() -> bool:
            nonlocal tries
            tries += 1
            return self._inner.put_if_absent(key, data)

        return self._retry(once) or (tries > 1 and self.get(key) == data)

    def head(self, key: str) -> ObjectInfo | None:
        return self._retry(lambda: self._inner.head(key))

    def exists(self, key: str) -> bool:
        return self._retry(lambda: self._inner.exists(key))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield objects; after an error the listing continues after the last one yielded."""
        last: str | None = None
        entries = self._inner.list(prefix)

        def next_info() -> ObjectInfo | None:
            nonlocal entries
            try:
                return next(entries, None)
            except StoreError:
                entries = self._list_after(last, prefix)
                raise

        while (info := self._retry(next_info)) is not None:
            last = info.key
            yield info

    def _list_after(self, last: str | None, prefix: str) -> Iterator[ObjectInfo]:
        entries = self._inner.list(prefix)
        if last is not None and all(info.key != last for info in entries):
            raise StoreError(
                f"{self.url}/{prefix}: '{last}' disappeared while it was listed; run again",
                retryable=False,
            )
        yield from entries

    def delete(self, key: str) -> None:
        self._retry(lambda: self._inner.delete(key))

    def put_file(self, key: str, path: Path) -> StoredFile:
        return self._retry(lambda: self._inner.put_file(key, path))

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        return self._retry(lambda: self._inner.get_file(info, path))

    def get_range(self, info: ObjectInfo, start: int, end: int) -> bytes:
        return self._retry(lambda: self._inner.get_range(info, start, end))

    def _retry(self, operation: Callable[[], T]) -> T:
        deadline: float | None = None
        pause = _FIRST_PAUSE_SECONDS
        clock = self._patience.clock
        while True:
            try:
                result = operation()
            except StoreError as error:
                if not error.retryable:
                    self._patience.note_answer()
                    raise
                # The answers of another bucket do not prolong this one's time.
                shared = self._patience.note_failure()
                deadline = shared if deadline is None else min(deadline, shared)
                wait = pause * (1 - self._fraction() / 2)
                if clock.monotonic() + wait > deadline:
                    raise
                _LOGGER.info("%s; retry in %.2f s", error, wait)
            else:
                self._patience.note_answer()
                return result
            clock.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _random_fraction() -> float:
    # Slow to import, and needed on errors only.
    from random import random

    return random()

"""Stores and a clock for tests of code that uses this room."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from argosy_schemas.errors import StoreError

from argosy_store.memory import MemoryStore
from argosy_store.objects import ObjectInfo, ObjectStore

__all__ = ["FakeClock", "FlakyStore", "MemoryStore"]


class FakeClock:
    """A clock that stands still but for sleeping, which takes no time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the time, zero at first."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Go on by ``seconds`` at once."""
        self.slept.append(seconds)
        self.now += seconds


class FlakyStore:
    """Another store, whose operations fail as told.

    Attributes:
        calls: The operations so far, as method and key.
    """

    def __init__(
        self,
        inner: ObjectStore | None = None,
        *,
        failures: int = 0,
        after: int = 0,
        operations: Iterable[str] = (),
        retryable: bool = True,
        lose_answers: bool = False,
    ) -> None:
        """Fail ``failures`` operations, ``-1`` for ever.

        Args:
            inner: What works otherwise; by default an empty store in memory.
            failures: How many operations fail.
            after: How many succeed before that.
            operations: Names of the methods that fail; by default all.
            retryable: Of the errors raised.
            lose_answers: Whether the failing operations are carried out nevertheless.
        """
        self._inner: ObjectStore = MemoryStore() if inner is None else inner
        self._failures = failures
        self._after = after
        self._operations = frozenset(operations)
        self._retryable = retryable
        self._lose_answers = lose_answers
        self._lock = threading.Lock()
        self.calls: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        """See :class:`~argosy_store.objects.ObjectStore`, as for all the rest."""
        return self._inner.url

    @property
    def concurrency(self) -> int:
        return self._inner.concurrency

    def get(self, key: str) -> bytes | None:
        with self._call("get", key):
            return self._inner.get(key)

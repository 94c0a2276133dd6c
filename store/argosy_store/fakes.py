"""Fake stores and a fake clock for tests of code that uses this package."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from argosy_schemas.errors import StoreError
from argosy_store.memory import MemoryStore
from argosy_store.objects import ObjectInfo, ObjectStore, StoredFile

T = TypeVar("T")

__all__ = ["FakeClock", "FlakyStore", "MemoryStore"]


class FakeClock:
    """A clock that advances only when somebody sleeps, which takes no time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the time, which starts at zero."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the clock by ``seconds``."""
        self.slept.append(seconds)
        self.now += seconds


class FlakyStore:
    """A wrapper of a store whose operations fail as configured.

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
        """Configure the failures.

        Args:
            inner: The store behind it; by default an empty store in memory.
            failures: How many operations fail; negative: all of them.
            after: How many operations succeed first.
            operations: The names of the methods that fail; by default all.
            retryable: Whether the errors are retryable.
            lose_answers: Whether a failing operation still takes effect.
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
        """See :class:`~argosy_store.objects.ObjectStore`, also for the other methods."""
        return self._inner.url

    @property
    def concurrency(self) -> int:
        return self._inner.concurrency

    def get(self, key: str) -> bytes | None:
        return self._call("get", key, lambda: self._inner.get(key))

    def put(self, key: str, data: bytes) -> None:
        self._call("put", key, lambda: self._inner.put(key, data))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self._call("put_if_absent", key, lambda: self._inner.put_if_absent(key, data))

    def head(self, key: str) -> ObjectInfo | None:
        return self._call("head", key, lambda: self._inner.head(key))

    def exists(self, key: str) -> bool:
        return self._call("exists", key, lambda: self._inner.exists(key))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield objects; each step may fail, like the pages of a listing."""
        for info in self._inner.list(prefix):
            self._call("list", info.key, lambda: None)
            yield info

    def delete(self, key: str) -> None:
        self._call("delete", key, lambda: self._inner.delete(key))

    def put_file(self, key: str, path: Path) -> StoredFile:
        return self._call("put_file", key, lambda: self._inner.put_file(key, path))

    def get_file(self, info: ObjectInfo, path: Path) -> str | None:
        return self._call("get_file", info.key, lambda: self._inner.get_file(info, path))

    def get_range(self, info: ObjectInfo, start: int, end: int) -> bytes:
        return self._call("get_range", info.key, lambda: self._inner.get_range(info, start, end))

    def _call(self, operation: str, key: str, call: Callable[[], T]) -> T:
        failing = self._must_fail(operation, key)
        if failing and not self._lose_answers:
            raise self._error(operation, key)
        result = call()
        if failing:
            raise self._error(operation, key)
        return result

    def _must_fail(self, operation: str, key: str) -> bool:
        with self._lock:
            self.calls.append((operation, key))
            if self._operations and operation not in self._operations:
                return False
            if self._after > 0:
                self._after -= 1
                return False
            if self._failures == 0:
                return False
            self._failures -= 1
            return True

    def _error(self, operation: str, key: str) -> StoreError:
        return StoreError(
            f"{self.url}/{key}: the flaky store fails '{operation}' as configured",
            retryable=self._retryable,
        )

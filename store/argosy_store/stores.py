"""Open stores by URL, with one client per bucket."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Self

from argosy_store.local import LocalStore
from argosy_store.locations import Location, parse_location, parse_root
from argosy_store.memory import get_memory_store
from argosy_store.objects import ObjectStore
from argosy_store.retrying import SYSTEM_CLOCK, Clock, RetryingStore
from argosy_store.subtree import Subtree


class Stores:
    """Opens stores by URL and keeps their clients until it is closed.

    ``configured`` are URLs with options (``?endpoint=…``): artifact URIs in the same bucket have no
    options, and are opened with those.

    Operations on remote stores are retried for ``patience_seconds``.
    """

    def __init__(
        self,
        *configured: str | os.PathLike[str],
        patience_seconds: float = 120.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._by_bucket: dict[tuple[str, str], ObjectStore] = {}
        self._options = {
            (location.scheme, location.bucket): location.options
            for location in map(parse_root, configured)
            if location.options
        }

    def open(self, url: str | os.PathLike[str]) -> ObjectStore:
        """Return the store whose root is ``url``, without connecting to it or creating it.

        Raises:
            StoreError: The URL or one of its options is not supported; the message names it.
        """
        location = parse_root(url)
        if location.scheme == "file":
            return LocalStore(location.url)
        store = self._bucket(location)
        return Subtree(store, location.key) if location.key else store

    def resolve(self, uri: str) -> tuple[ObjectStore, str]:
        """Return the store of the URI's bucket and the key in it, empty for the bucket itself.

        Raises:
            StoreError: The scheme is not supported; the message names it.
        """
        location = parse_location(uri)
        if location.scheme == "file":
            return LocalStore("/"), location.key
        return self._bucket(location), location.key

    def close(self) -> None:
        """Drop all clients; stores that were opened must not be used any more."""
        with self._lock:
            self._by_bucket.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _bucket(self, location: Location) -> ObjectStore:
        bucket = (location.scheme, location.bucket)
        with self._lock:
            if location.options and location.options != self._options.get(bucket):
                self._options[bucket] = location.options
                self._by_bucket.pop(bucket, None)
            store = self._by_bucket.get(bucket)
            if store is None:
                store = self._open_bucket(location)
                self._by_bucket[bucket] = store
            return store

    def _open_bucket(self, location: Location) -> ObjectStore:
        if location.scheme == "memory":
            return get_memory_store(location.bucket)
        # The client takes a third of the driver's start-up time; local runs never need it.
        from argosy_store.remote import open_bucket

        options = self._options.get((location.scheme, location.bucket), {})
        store = open_bucket(location.scheme, location.bucket, options)
        if self._patience_seconds <= 0:
            return store
        return RetryingStore(store, patience_seconds=self._patience_seconds, clock=self._clock)


def open_store(url: str | os.PathLike[str]) -> ObjectStore:
    """Return the store whose root is ``url``, without retries."""
    return Stores(patience_seconds=0).open(url)

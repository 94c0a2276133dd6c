"""Stores by URL: one client per bucket, shared by everything in the process."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Self

from argosy_store.local import LocalStore
from argosy_store.locations import Location, read_location, read_root
from argosy_store.memory import memory_store
from argosy_store.objects import ObjectStore
from argosy_store.retrying import SYSTEM_CLOCK, Clock, RetryingStore
from argosy_store.subtree import Subtree


class Stores:
    """Opens stores by URL and keeps their clients until it is closed.

    Give the URLs that carry options (``?endpoint=…``) when you make it: artifact URIs in the same
    bucket carry none and are opened with the same options.

    Operations on remote stores are tried again for ``patience_seconds`` when that may help.
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
            for location in map(read_root, configured)
            if location.options
        }

    def open(self, url: str | os.PathLike[str]) -> ObjectStore:
        """Return the store whose root is ``url``; nothing is contacted or created yet.

        Raises:
            StoreError: The URL or one of its options is not supported; the message names it.
        """
        location = read_root(url)
        if location.scheme == "file":
            return LocalStore(location.url)
        store = self._bucket(location)
        return Subtree(store, location.key) if location.key else store

    def resolve(self, uri: str) -> tuple[ObjectStore, str]:
        """Return the store of the URI's bucket, and the key in it; the key of a bucket is empty.

        Raises:
            StoreError: The scheme is not supported; the message names it.
        """
        location = read_location(uri)
        if location.scheme == "file":
            return LocalStore("/"), location.key
        return self._bucket(location), location.key

    def close(self) -> None:
        """Let go of all clients; stores that were opened before must not be used any more."""
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
        place = (location.scheme, location.bucket)
        with self._lock:
            if location.options and location.options != self._options.get(place):
                self._options[place] = location.options
                self._by_bucket.pop(place, None)
            store = self._by_bucket.get(place)
            if store is None:
                store = self._opened(location)
                self._by_bucket[place] = store
            return store

    def _opened(self, location: Location) -> ObjectStore:
        if location.scheme == "memory":
            return memory_store(location.bucket)
        # The client is a third of the cost of starting the driver; local runs never need it.
        from argosy_store.remote import open_bucket

        options = self._options.get((location.scheme, location.bucket), {})
        store = open_bucket(location.scheme, location.bucket, options)
        if self._patience_seconds <= 0:
            return store
        return RetryingStore(store, patience_seconds=self._patience_seconds, clock=self._clock)


def open_store(url: str | os.PathLike[str]) -> ObjectStore:
    """Return the store whose root is ``url``, without retries: a first failure is told at once."""
    return Stores(patience_seconds=0).open(url)

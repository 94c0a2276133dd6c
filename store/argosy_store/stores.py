"""Open stores by URL, with one client per bucket.

Who runs Argosy chooses the roots; pipelines and components choose artifact URIs. A run on a laptop
is the user's own account, so all URIs may be opened there. In a pod, driver and launcher hold
credentials that the authors of a pipeline do not have: there only roots may be local, and requests
to other buckets are signed only if the operator has configured them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from argosy_schemas.errors import StoreError
from argosy_store.local.store import LocalStore
from argosy_store.locations import Location, is_local, parse_location, parse_root
from argosy_store.memory import get_memory_store
from argosy_store.objects import ObjectStore
from argosy_store.remote.bucket_access import BucketAccess, find_options
from argosy_store.retrying import SYSTEM_CLOCK, Clock, Patience, RetryingStore
from argosy_store.subtree import Subtree

_ClientKey = tuple[str, str, tuple[tuple[str, str], ...]]
"""Scheme, bucket and options."""


class Stores:
    """Opens stores by URL and keeps their clients until it is closed.

    Roots are URLs with options (``?endpoint=…``), which all URIs in the same bucket are opened
    with. Operations on remote stores are retried for ``patience_seconds``, all together.
    """

    def __init__(
        self,
        *roots: str | os.PathLike[str],
        accesses: Sequence[BucketAccess] = (),
        in_pod: bool = False,
        patience_seconds: float = 120.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Choose what can be opened.

        Args:
            roots: The store and the pipeline root of the run.
            accesses: How an operator has configured buckets.
            in_pod: Whether URIs outside the roots come from somebody who must not use the files
                and credentials of this process.
            patience_seconds: How long to retry.
            clock: For tests.
        """
        self._accesses = accesses
        self._in_pod = in_pod
        self._patience = Patience(patience_seconds, clock=clock) if patience_seconds > 0 else None
        self._lock = threading.Lock()
        self._roots: list[Location] = []
        self._clients: dict[_ClientKey, ObjectStore] = {}
        for root in roots:
            self.add_root(root)

    def add_root(self, url: str | os.PathLike[str]) -> None:
        """Add a root that was not known at first, e.g. the one that the pipeline names.

        Raises:
            StoreError: The URL or one of its options is not supported; the message names it.
        """
        self._add_root(parse_root(url))

    def open(self, url: str | os.PathLike[str]) -> ObjectStore:
        """Return the store whose root is ``url``, without connecting to it or creating it.

        Raises:
            StoreError: The URL or one of its options is not supported; the message names it.
        """
        location = parse_root(url)
        self._add_root(location)
        if location.scheme == "file":
            return LocalStore(location.url)
        store = self._bucket(location)
        return Subtree(store, location.key) if location.key else store

    def resolve(self, uri: str) -> tuple[ObjectStore, str]:
        """Return the store of the URI's bucket and the key in it, empty for the bucket itself.

        Raises:
            StoreError: The scheme is not supported, or a pod must not read what the URI names; the
                message names it.
        """
        location = parse_location(uri)
        if not self.is_shared(uri):
            raise StoreError(
                f"{uri}: this names something in the pod itself, which is not read there; store "
                "the artifact in a bucket and use its s3://, minio://, gs:// or az:// URI",
                retryable=False,
            )
        if location.scheme == "file":
            return LocalStore("/"), location.key
        return self._bucket(location), location.key

    def is_shared(self, uri: str) -> bool:
        """Return whether the URI means the same to all tasks of the run.

        In a pod a file does not, unless it is below a root: each pod has files of its own.
        """
        if not self._in_pod or not is_local(uri):
            return True
        return self.is_inside(uri)

    def is_inside(self, uri: str) -> bool:
        """Return whether the URI is that of a root, or of something below one.

        Raises:
            StoreError: The scheme is not supported or the URI is malformed.
        """
        location = parse_location(uri)
        return any(root.contains(location) for root in self._roots)

    def close(self) -> None:
        """Drop all clients; stores that were opened must not be used any more."""
        with self._lock:
            self._clients.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _add_root(self, location: Location) -> None:
        with self._lock:
            if location not in self._roots:
                self._roots.append(location)

    def _bucket(self, location: Location) -> ObjectStore:
        scheme, bucket = location.scheme, location.bucket
        if scheme == "memory":
            return get_memory_store(bucket)
        with self._lock:
            options = find_options(
                location, roots=self._roots, accesses=self._accesses, in_pod=self._in_pod
            )
            key = (scheme, bucket, tuple(sorted(options.items())))
            store = self._clients.get(key)
            if store is None:
                store = self._clients[key] = self._open_bucket(scheme, bucket, options)
            return store

    def _open_bucket(self, scheme: str, bucket: str, options: Mapping[str, str]) -> ObjectStore:
        # The client takes a third of the driver's start-up time; local runs never need it.
        from argosy_store.remote.store import open_bucket

        store = open_bucket(scheme, bucket, options)
        return store if self._patience is None else RetryingStore(store, patience=self._patience)


def open_store(url: str | os.PathLike[str]) -> ObjectStore:
    """Return the store whose root is ``url``, without retries."""
    return Stores(patience_seconds=0).open(url)

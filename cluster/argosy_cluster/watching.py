"""Follow objects through their changes, whatever happens to the connection.

A watch ends all the time: the API server ends it after some minutes, proxies after one, and a
version that it forgot makes it answer "gone". None of that concerns who follows an object.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from argosy_cluster.cluster import (
    Change,
    Cluster,
    Document,
    Listing,
    Resource,
    StaleVersionError,
    WatchEvent,
    find_object,
)
from argosy_schemas.errors import ClusterError, UnreachableClusterError

PATIENCE_SECONDS: Final = 300.0
"""How long a cluster may be away while something is followed: time to restart an API server."""
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 10.0


def follow(
    cluster: Cluster,
    resource: Resource,
    first: Document,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Document]:
    """Yield an object as it was read first, and after each change; end when it is deleted.

    A change that is followed by another may be left out; the last one is not. The same object may
    come twice.

    Args:
        cluster: Where it is.
        resource: Of the object.
        first: The object, which was read a moment ago.
        patience_seconds: How long the cluster may be unreachable at a stretch.
        monotonic: The clock.
        sleep: Waits for some seconds.

    Raises:
        UnreachableClusterError: The patience is over.
        AccessDeniedError: The object may not be listed or watched.
    """
    yield first
    fields = f"metadata.name={find_object(first, 'metadata')['name']}"
    version: str | None = None
    pause = _FIRST_PAUSE_SECONDS
    seen_at = monotonic()
    while True:
        began_at = monotonic()
        try:
            if version is None:
                listing = cluster.list(resource, fields=fields)
                version, seen_at = listing.version, monotonic()
                if not listing.items:
                    return
                yield from listing.items
            for event in cluster.watch(resource, version=version, fields=fields):
                seen_at = monotonic()
                version = _version(event.document)
                if event.change is Change.DELETED:
                    return
                if event.change is not Change.BOOKMARK:
                    yield event.document
            seen_at = monotonic()
        except StaleVersionError:
            version = None
        except UnreachableClusterError:
            if monotonic() - seen_at > patience_seconds:
                raise
            version = None
        # A watch that lasted needs no pause; one that ends at once must not ask without end.
        pause = (
            _FIRST_PAUSE_SECONDS
            if monotonic() - began_at > 1
            else min(pause * 2, _LONGEST_PAUSE_SECONDS)
        )
        sleep(pause)


def follow_all(
    cluster: Cluster,
    resource: Resource,
    *,
    labels: str = "",
    is_over: Callable[[], bool],
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[Listing | WatchEvent | ClusterError]:
    """Yield all objects of a kind, then their changes, until it is over.

    A list comes first, and again wherever changes may have been missed: what is not in it is gone.
    An error is yielded as well, and after a pause the next try follows; until the next list nothing
    is known of what happens.

    Args:
        cluster: Where they are.
        resource: Of the objects.
        labels: Selects some of them.
        is_over: Says whether to end; asked before each call. One that is under way ends with the
            connection.
        monotonic: The clock.
        sleep: Waits for some seconds.
    """
    version: str | None = None
    pause = _FIRST_PAUSE_SECONDS
    while not is_over():
        began_at = monotonic()
        try:
            if version is None:
                listing = cluster.list(resource, labels=labels)
                version = listing.version
                yield listing
            for event in cluster.watch(resource, version=version, labels=labels):
                version = _version(event.document)
                if event.change is not Change.BOOKMARK:
                    yield event
        except StaleVersionError:
            version = None
        except ClusterError as error:
            version = None
            yield error
        # As above.
        pause = (
            _FIRST_PAUSE_SECONDS
            if monotonic() - began_at > 1
            else min(pause * 2, _LONGEST_PAUSE_SECONDS)
        )
        sleep(pause)


def _version(document: Document) -> str:
    metadata: Any = document["metadata"]
    return str(metadata["resourceVersion"])

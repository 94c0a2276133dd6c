"""Cache entries: which success record did the work of a fingerprint."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_schemas.records import CacheEntry
from argosy_store.objects import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMiss:
    """There is no usable entry."""

    reason: str
    """For people, e.g. that the entry was written by a newer release."""


class CacheEntries:
    """The cache entries of a store."""

    def __init__(self, store: ObjectStore) -> None:
        raise NotImplementedError

    def get(self, fingerprint: str) -> CacheEntry | CacheMiss:
        """Return the entry; one that cannot be read, or not by this release, is a miss.

        Raises:
            StoreError: The store failed.
        """
        raise NotImplementedError

    def put(self, entry: CacheEntry) -> None:
        """Write an entry; the newest wins."""
        raise NotImplementedError

"""Cache entries: which success record did the work of a fingerprint."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_schemas.formats.records import CacheEntry
from argosy_schemas.formats.records_json import (
    FormatError,
    cache_entry_from_json,
    cache_entry_to_json,
)
from argosy_store.objects import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMiss:
    """There is no usable entry."""

    reason: str
    """For people, e.g. that the entry was written by a newer release."""


class CacheEntries:
    """The cache entries of a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def get(self, fingerprint: str) -> CacheEntry | CacheMiss:
        """Return the entry; one that cannot be read, or not by this release, is a miss.

        Raises:
            StoreError: The store failed.
        """
        key = _key(fingerprint)
        data = self._store.get(key)
        if data is None:
            return CacheMiss(reason="nothing did this work before")
        try:
            entry = cache_entry_from_json(data)
        except FormatError as error:
            return CacheMiss(reason=f"{self._store.url}/{key}: {error}")
        if entry.fingerprint != fingerprint:
            return CacheMiss(reason=f"{self._store.url}/{key}: this is the entry of other work")
        return entry

    def put(self, entry: CacheEntry) -> None:
        """Write an entry; the newest wins."""
        self._store.put(_key(entry.fingerprint), cache_entry_to_json(entry).encode())

    def delete(self, fingerprint: str) -> None:
        """Remove an entry; nothing happens when there is none."""
        self._store.delete(_key(fingerprint))


def _key(fingerprint: str) -> str:
    return f"cache/{fingerprint}.json"

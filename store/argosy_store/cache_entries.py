"""Cache entries: from a fingerprint to the success record of the same work."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_schemas.formats.dataclass_json import FormatError
from argosy_schemas.formats.records import CacheEntry
from argosy_schemas.formats.records_json import cache_entry_from_json, cache_entry_to_json
from argosy_store.objects import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMiss:
    """The cache has no usable entry."""

    reason: str
    """Explains the miss, e.g. that a newer release wrote the entry."""


class CacheEntries:
    """The cache entries of a store. Safe to use from several threads."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def get(self, fingerprint: str) -> CacheEntry | CacheMiss:
        """Return the entry; an entry that this release cannot read is a miss.

        Raises:
            StoreError: The store failed.
        """
        key = _key(fingerprint)
        data = self._store.get(key)
        if data is None:
            return CacheMiss(reason="no earlier run did this work")
        try:
            entry = cache_entry_from_json(data)
        except FormatError as error:
            return CacheMiss(reason=f"{self._store.url}/{key}: {error}")
        if entry.fingerprint != fingerprint:
            return CacheMiss(reason=f"{self._store.url}/{key}: the entry belongs to other work")
        return entry

    def put(self, entry: CacheEntry) -> None:
        """Write an entry; it replaces an older one."""
        self._store.put(_key(entry.fingerprint), cache_entry_to_json(entry).encode())

    def delete(self, fingerprint: str) -> None:
        """Remove an entry; nothing happens when there is none."""
        self._store.delete(_key(fingerprint))


def _key(fingerprint: str) -> str:
    return f"cache/{fingerprint}.json"

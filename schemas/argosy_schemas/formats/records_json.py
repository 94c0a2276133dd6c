"""Convert records and cache entries to deterministic JSON, and back."""

from __future__ import annotations

from argosy_schemas.formats.dataclass_json import read_document, to_members
from argosy_schemas.formats.records import RECORD_VERSION, AttemptRecord, CacheEntry
from argosy_schemas.values import to_json


def record_to_json(record: AttemptRecord) -> str:
    """Return the text of an attempt or success record."""
    return to_json(to_members(record))


def record_from_json(text: str | bytes) -> AttemptRecord:
    """Return the record in ``text``.

    Raises:
        FormatError: It is damaged, or of a newer major version.
    """
    return read_document(AttemptRecord, text, what="The record", newest=RECORD_VERSION)


def cache_entry_to_json(entry: CacheEntry) -> str:
    """Return the text of a cache entry."""
    return to_json(to_members(entry))


def cache_entry_from_json(text: str | bytes) -> CacheEntry:
    """Return the cache entry in ``text``.

    Raises:
        FormatError: It is damaged, or of a newer major version.
    """
    return read_document(CacheEntry, text, what="The cache entry", newest=RECORD_VERSION)

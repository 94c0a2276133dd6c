"""Delete what a run left in stores: its artifacts, its records, and the cache entries to them.

What another run still reads stays: a task that came from the cache has, in its own record, the URIs
of the artifacts and the keys of the large values that the first run wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from argosy_schemas.formats.dataclass_json import FormatError
from argosy_schemas.formats.records_json import record_from_json
from argosy_schemas.names import RunId
from argosy_store.cache_entries import CacheEntries, CacheMiss
from argosy_store.locations import join_uri
from argosy_store.objects import ObjectStore
from argosy_store.parallel import for_each
from argosy_store.stores import Stores

_WIDTH: Final = 16
"""How many objects are read or deleted at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRoot:
    """Where the artifacts of one run are."""

    url: str
    """The pipeline root, with its options."""
    pipeline: str
    run_id: RunId


class References:
    """What the records of other runs say of some runs; all are read once, when first asked."""

    def __init__(self, store: ObjectStore, run_ids: Collection[RunId]) -> None:
        self._store = store
        self._run_ids = frozenset(run_ids)

    def find(self, run_id: RunId, prefix: str) -> tuple[str, ...]:
        """Return what begins with ``prefix`` in the records of all runs but one; sorted.

        Args:
            run_id: One of the runs.
            prefix: Of URIs or keys; the id of the run is in it.
        """
        texts = self._texts.get(run_id, ())
        found = {text[text.index(prefix) :] for text in texts if prefix in text}
        return tuple(sorted(found - {prefix}))

    @cached_property
    def _texts(self) -> Mapping[RunId, Collection[str]]:
        """By run: the texts in the records of others that have its id in them."""
        # Without reading them as records: a string parameter may hold a URI as well.
        pattern = re.compile("|".join(map(re.escape, sorted(self._run_ids))).encode())
        found: dict[RunId, set[str]] = {run_id: set() for run_id in self._run_ids}

        def read(key: str) -> None:
            data = self._store.get(key) or b""
            owner = key.split("/")[1]
            for match in pattern.finditer(data):
                run_id = RunId(match[0].decode())
                if run_id != owner:
                    found[run_id].add(_text_around(data, match.start()))

        keys = (info.key for info in self._store.list("runs"))
        for_each(read, [key for key in keys if key.endswith(".json")], width=_WIDTH)
        return found


def delete_artifacts(root: ArtifactRoot, references: References) -> tuple[int, tuple[str, ...]]:
    """Delete the objects of a run below its pipeline root; return their number and what stays.

    Args:
        root: Where they are.
        references: What other runs use.

    Raises:
        StoreError: A store cannot be reached, or refuses.
    """
    prefix = join_uri(root.url, root.pipeline, root.run_id)
    used = references.find(root.run_id, f"{prefix}/")
    with Stores(root.url) as stores:
        objects = stores.open(root.url)
        below = f"{root.pipeline}/{root.run_id}"
        deleted = [
            info.key
            for info in list(objects.list(below))
            # A reference may end early, at a quote, or late, in the midst of some text.
            if not any(
                uri.startswith(one) or one.startswith(uri)
                for uri in [f"{prefix}{info.key.removeprefix(below)}"]
                for one in used
            )
        ]
        for_each(objects.delete, deleted, width=_WIDTH)
    return len(deleted), tuple(used)


def delete_cache_entries(run_id: RunId, store: ObjectStore) -> None:
    """Delete the cache entries that point to a run."""
    entries = CacheEntries(store)

    def delete(key: str) -> None:
        try:
            fingerprint = record_from_json(store.get(key) or b"").fingerprint
        except FormatError:
            return
        entry = CacheMiss(reason="") if fingerprint is None else entries.get(fingerprint)
        if not isinstance(entry, CacheMiss) and entry.record.run_id == run_id:
            entries.delete(entry.fingerprint)

    keys = [info.key for info in store.list(f"runs/{run_id}/tasks")]
    successes = [key for key in keys if key.endswith("/success.json")]
    for_each(delete, successes, width=_WIDTH)


def delete_records(run_id: RunId, store: ObjectStore, references: References) -> tuple[str, ...]:
    """Delete all that a store has of a run; return the keys of values that stay.

    Raises:
        StoreError: The store cannot be reached, or refuses.
    """
    keys = [info.key for info in store.list(f"runs/{run_id}")]
    prefix = f"runs/{run_id}/values/"
    has_values = any(key.startswith(prefix) for key in keys)
    used = set(references.find(run_id, prefix)) if has_values else set[str]()
    for_each(store.delete, [key for key in keys if key not in used], width=_WIDTH)
    return tuple(sorted(used))


def _text_around(data: bytes, position: int) -> str:
    """Return the text in JSON that a position is in, up to the next quote or escape."""
    begin = max(data.rfind(b'"', 0, position), data.rfind(b"\\", 0, position)) + 1
    end = re.compile(rb'["\\]|$').search(data, position)
    assert end is not None
    return data[begin : end.start()].decode(errors="replace")

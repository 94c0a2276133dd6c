"""Delete a run: its records, logs and work, and on request its artifacts.

What another run still reads stays: a task that came from the cache has, in its own record, the URIs
of the artifacts and the keys of the large values that the first run wrote.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from argosy_runs.local.home import RunFiles
from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_schemas.formats.dataclass_json import FormatError
from argosy_schemas.formats.records_json import record_from_json
from argosy_schemas.names import RunId
from argosy_store.cache_entries import CacheEntries, CacheMiss
from argosy_store.locations import join_uri
from argosy_store.objects import ObjectStore
from argosy_store.stores import Stores, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What became of a run that was deleted."""

    run_id: RunId
    deleted_artifacts: int = 0
    """Objects below the pipeline root."""
    kept: tuple[str, ...] = field(default=())
    """URIs of artifacts, and keys of large values, that another run reads; sorted."""


def delete_run(home: Path, run_id: RunId, *, artifacts: bool) -> Deletion:
    """Delete a run that nobody works on.

    Cache entries that point to it go as well. When it is interrupted, it can be called again.

    Args:
        home: Where the run is.
        run_id: Of the run.
        artifacts: Whether its artifacts are deleted too.

    Raises:
        InvalidArgumentError: An engine works on the run; or its artifacts are to be deleted and
            nobody knows where they are, since its files are damaged.
        MachineError: A file cannot be removed.
        StoreError: The store of its artifacts cannot be reached, or refuses.
    """
    files = RunFiles(home, run_id)
    if files.is_locked():
        raise InvalidArgumentError(
            f"run '{run_id}' is being worked on; stop it first with 'argosy stop {run_id}'"
        )
    store = open_store(files.home)
    deleted, kept = _delete_artifacts(files, store) if artifacts else (0, ())
    _delete_cache_entries(run_id, store)
    kept_values = tuple(_delete_files(files, store))
    return Deletion(
        run_id=run_id, deleted_artifacts=deleted, kept=tuple(sorted((*kept, *kept_values)))
    )


def _delete_artifacts(files: RunFiles, store: ObjectStore) -> tuple[int, tuple[str, ...]]:
    """Delete the objects of a run below its pipeline root; return their number and what stays."""
    spec, _ = files.read()
    prefix = join_uri(spec.root, spec.pipeline, spec.run_id)
    used = _references(store, spec.run_id, f"{prefix}/")
    deleted = 0
    with Stores(spec.root) as stores:
        root = stores.open(spec.root)
        below = f"{spec.pipeline}/{spec.run_id}"
        for info in list(root.list(below)):
            uri = f"{prefix}{info.key.removeprefix(below)}"
            # A reference may end early, at a quote, or late, in the midst of some text.
            if not any(uri.startswith(one) or one.startswith(uri) for one in used):
                root.delete(info.key)
                deleted += 1
    return deleted, tuple(used)


def _delete_cache_entries(run_id: RunId, store: ObjectStore) -> None:
    entries = CacheEntries(store)
    for info in store.list(f"runs/{run_id}/tasks"):
        if not info.key.endswith("/success.json"):
            continue
        try:
            fingerprint = record_from_json(store.get(info.key) or b"").fingerprint
        except FormatError:
            continue
        entry = CacheMiss(reason="") if fingerprint is None else entries.get(fingerprint)
        if not isinstance(entry, CacheMiss) and entry.record.run_id == run_id:
            entries.delete(entry.fingerprint)


def _delete_files(files: RunFiles, store: ObjectStore) -> Iterator[str]:
    """Remove the directory of a run, and yield the keys of values in it that stay."""
    values = files.path / "values"
    prefix = f"runs/{files.run_id}/values/"
    used = _references(store, files.run_id, prefix) if values.is_dir() else ()
    try:
        for path in list(files.path.iterdir()):
            if path in (files.spec, values):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        for path in list(values.iterdir()) if values.is_dir() else ():
            if f"{prefix}{path.name}" in used:
                yield f"{prefix}{path.name}"
            else:
                path.unlink()
        # Last: until then the run is there, and can be deleted again.
        files.spec.unlink(missing_ok=True)
        if not used:
            shutil.rmtree(files.path)
    except OSError as error:
        raise MachineError(
            f"'{error.filename}' cannot be removed: {error.strerror}; change the mode or owner of "
            "its directory"
        ) from error


def _references(store: ObjectStore, run_id: RunId, prefix: str) -> tuple[str, ...]:
    """Return what begins with ``prefix`` in the records of all runs but one; sorted."""
    # Without reading them as records: a string parameter may hold a URI as well.
    pattern = re.compile(re.escape(prefix.encode()) + rb'[^"\\]+')
    found: set[str] = set()
    for info in store.list("runs"):
        if info.key.startswith(f"runs/{run_id}/") or not info.key.endswith(".json"):
            continue
        found.update(match.decode() for match in pattern.findall(store.get(info.key) or b""))
    return tuple(sorted(found))

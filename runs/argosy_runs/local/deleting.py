"""Delete a run of a home: its records, logs and work, and on request its artifacts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from argosy_runs.local.commands import write_local_command
from argosy_runs.local.home import RunFiles
from argosy_runs.places import Deletion, RunReference
from argosy_runs.stored import (
    ArtifactRoot,
    References,
    delete_artifacts,
    delete_cache_entries,
)
from argosy_schemas.errors import ArgosyError, InvalidArgumentError, MachineError
from argosy_schemas.names import RunId
from argosy_store.stores import open_store


def delete_runs(
    home: Path, run_ids: Sequence[RunId], *, artifacts: bool
) -> Iterator[Deletion | ArgosyError]:
    """Delete runs, as :func:`delete_run` does; yield what came of each, in this order.

    The records of all other runs are read once.
    """
    store = open_store(home)
    references = References(store, run_ids)
    for run_id in run_ids:
        # Before the records of others are read: no run begins to use what is deleted below.
        with suppress(ArgosyError):  # said below
            delete_cache_entries(run_id, store)
    for run_id in run_ids:
        try:
            yield delete_run(home, run_id, artifacts=artifacts, references=references)
        except ArgosyError as error:
            yield error


def delete_run(
    home: Path, run_id: RunId, *, artifacts: bool, references: References | None = None
) -> Deletion:
    """Delete a run that nobody works on.

    Cache entries that point to it go as well. When it is interrupted, it can be called again.

    Args:
        home: Where the run is.
        run_id: Of the run.
        artifacts: Whether its artifacts are deleted too.
        references: What other runs use; read from their records unless given.

    Raises:
        InvalidArgumentError: An engine works on the run; or its artifacts are to be deleted and
            nobody knows where they are, since its files are damaged.
        MachineError: A file cannot be removed.
        StoreError: The store of its artifacts cannot be reached, or refuses.
    """
    files = RunFiles(home, run_id)
    if files.is_locked():
        stop = write_local_command("stop", RunReference(run_id=run_id), home)
        raise InvalidArgumentError(
            f"run '{run_id}' is being worked on; stop it first with '{stop}'"
        )
    store = open_store(files.home)
    references = references or References(store, [run_id])
    deleted, kept = 0, tuple[str, ...]()
    if artifacts:
        spec, _ = files.read()
        root = ArtifactRoot(url=spec.root, pipeline=spec.pipeline, run_id=run_id)
        deleted, kept = delete_artifacts(root, references)
    delete_cache_entries(run_id, store)
    kept_values = tuple(_delete_files(files, references))
    return Deletion(
        run_id=run_id, deleted_artifacts=deleted, kept=tuple(sorted((*kept, *kept_values)))
    )


def _delete_files(files: RunFiles, references: References) -> Iterator[str]:
    """Remove the directory of a run, and yield the keys of values in it that stay."""
    values = files.path / "values"
    prefix = f"runs/{files.run_id}/values/"
    used = references.find(files.run_id, prefix) if values.is_dir() else ()
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

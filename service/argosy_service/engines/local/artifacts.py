"""The artifacts of the runs of a home."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from argosy_schemas.errors import StoreError
from argosy_service.errors import NotFoundError, PreconditionError
from argosy_store.locations import parse_location
from argosy_store.stores import Stores

_PATIENCE_SECONDS: Final = 10.0


class LocalArtifacts:
    """Files below the artifacts of a home, or below the pipeline root of a run."""

    def __init__(self, home: Path) -> None:
        self._root = home.absolute() / "artifacts"

    def fetch(self, uri: str, pipeline_root: str, path: Path) -> None:
        """Write an artifact that is one file to ``path``.

        Raises:
            PreconditionError: It is elsewhere: whoever asks may have no right to what is there.
            NotFoundError: It is gone.
            StoreError: Its store does not answer.
        """
        roots = [str(self._root), *([pipeline_root] if pipeline_root else [])]
        with Stores(*roots, in_pod=True, patience_seconds=_PATIENCE_SECONDS) as stores:
            if not _is_inside(stores, uri):
                raise PreconditionError(
                    f"{uri} is outside of the root of its run, and the service reads only what is "
                    "inside; read it from there"
                )
            store, key = stores.resolve(uri)
            info = store.head(key)
            if info is None:
                raise NotFoundError(
                    f"{parse_location(uri).url} is no file any more; run the task that made it "
                    "again"
                )
            store.get_file(info, path)


def _is_inside(stores: Stores, uri: str) -> bool:
    try:
        return stores.is_inside(uri)
    except StoreError:
        return False  # no store has it, e.g. https://

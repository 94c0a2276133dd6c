"""The bytes of artifacts, read part by part from the stores of their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Self

from argosy_schemas.errors import StoreError
from argosy_service.errors import NotFoundError, PreconditionError
from argosy_store.locations import parse_location
from argosy_store.objects import ObjectInfo, ObjectStore
from argosy_store.stores import Stores

_PATIENCE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactPlace:
    """An artifact that is a file, as the records of its run have it."""

    artifact_id: str
    uri: str
    """It may name anything."""
    pipeline_root: str = ""
    """The pipeline root of the run; empty: that of its pipeline, or of the engine."""
    default_root: str = ""
    """What its pipeline asks for; empty: nothing."""
    namespace: str = ""
    """The namespace of the run; empty: there is one user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedArtifact:
    """A file in a store, as it was when it was opened."""

    store: ObjectStore
    info: ObjectInfo
    stores: Stores
    """Keeps the clients of the store."""

    @property
    def size_bytes(self) -> int:
        """How long it is."""
        return self.info.size_bytes

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to before ``end``.

        Raises:
            StoreError: Its store does not answer, or it has changed.
        """
        return self.store.get_range(self.info, start, end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stores.close()


class StoredArtifacts:
    """Files below the roots of their runs; for many threads."""

    def __init__(self, list_roots: Callable[[ArtifactPlace], Iterable[str]]) -> None:
        """Open nothing yet.

        Args:
            list_roots: Returns the places whose files whoever may see a run may read: URLs with
                their options.
        """
        self._list_roots = list_roots

    def open(self, place: ArtifactPlace) -> OpenedArtifact:
        """Return an artifact, so that it can be read.

        Raises:
            PreconditionError: It is elsewhere: whoever asks may have no right to what is there.
            NotFoundError: It is gone.
            StoreError: Its store does not answer.
        """
        roots = self._list_roots(place)
        # As in a pod: whoever runs the service did not write the URI, so it is not trusted.
        stores = Stores(*roots, in_pod=True, patience_seconds=_PATIENCE_SECONDS)
        if not _is_inside(stores, place.uri):
            raise PreconditionError(
                f"{place.uri} is outside of the root of its run, and the service reads only what "
                "is inside; read it from there"
            )
        store, key = stores.resolve(place.uri)
        info = store.head(key)
        if info is None:
            raise NotFoundError(
                f"{parse_location(place.uri).url} is no file any more; run the task that made it "
                "again"
            )
        return OpenedArtifact(store=store, info=info, stores=stores)


def _is_inside(stores: Stores, uri: str) -> bool:
    try:
        return stores.is_inside(uri)
    except StoreError:
        return False  # no store has it, e.g. https://

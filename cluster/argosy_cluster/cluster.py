"""What Argosy asks of a cluster: a few verbs on JSON documents, in one namespace.

All verbs raise the subclasses of :class:`argosy_schemas.errors.ClusterError` that tell who must
act, and :class:`UnreachableClusterError` only after some patience. Documents are the JSON of the
Kubernetes API; nothing here knows what is in them.

:class:`argosy_cluster.kubernetes.client.KubernetesCluster` is a real one,
:class:`argosy_cluster.fakes.FakeCluster` one for tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, cast

from argosy_schemas.values import JsonValue

Document: TypeAlias = Mapping[str, JsonValue]


def find_object(document: Document, *path: str) -> Mapping[str, Any]:
    """Return the object at a path of members; empty where there is none."""
    found: Any = document
    for name in path:
        found = cast("Mapping[str, Any]", found).get(name)
        if not isinstance(found, Mapping):
            return {}
    return cast("Mapping[str, Any]", found)


def find_objects(document: Document, *path: str) -> Sequence[Mapping[str, Any]]:
    """Return the objects of the list at a path of members; empty where there is none."""
    found: Any = find_object(document, *path[:-1]).get(path[-1])
    return found or ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of objects, as the API names it in paths."""

    group: str
    """``""``: the core group."""
    version: str
    plural: str
    is_namespaced: bool = True

    @property
    def name(self) -> str:
        """Return the name that messages give it, e.g. ``workflows.argoproj.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


class Change(StrEnum):
    """What happened to an object that is watched."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    """Nothing; the object holds only the version up to which the watch has seen all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEvent:
    """One change of an object that is watched."""

    change: Change
    document: Document
    """The object after the change; before it, where it was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Objects, and the version of the collection at which they were read."""

    items: tuple[Document, ...]
    version: str


class StaleVersionError(Exception):
    """The API server has forgotten the version from which a watch was to begin; list again."""


class Cluster(Protocol):
    """One namespace of a cluster. For several threads.

    ``labels`` and ``fields`` are selectors as the API has them, e.g. ``app=train,!done``; empty
    ones select all.
    """

    @property
    def name(self) -> str:
        """What messages call the cluster: its context, or the address of its API server."""
        ...

    @property
    def namespace(self) -> str:
        """Of all objects but those of kinds without namespaces."""
        ...

    @property
    def options(self) -> tuple[str, ...]:
        """The options that choose it and the namespace, for ``argosy``, ``argo`` and ``kubectl``.

        Commands that messages advise have them, so that they can be pasted.
        """
        ...

    def create(self, resource: Resource, document: Document, *, dry_run: bool = False) -> Document:
        """Create an object, and return it as the API server has it.

        A call whose answer was lost is repeated. So :class:`NameTakenError` may also mean that the
        first call did it.

        Args:
            resource: Of the object.
            document: The object.
            dry_run: Whether it is only checked.
        """
        ...

    def get(self, resource: Resource, name: str) -> Document:
        """Return an object.

        Raises:
            MissingNameError: There is none of this name.
        """
        ...

    def list(self, resource: Resource, *, labels: str = "", fields: str = "") -> Listing:
        """Return all objects that the selectors select, in the order of their names."""
        ...

    def list_rows(self, resource: Resource, *, labels: str = "") -> Iterator[Document]:
        """Yield the metadata of objects, page by page, without the rest of them.

        Each is the ``metadata`` of an object, and beside it ``cells``: the columns that ``kubectl
        get`` prints, by the lower-case name of the column.
        """
        ...

    def watch(
        self, resource: Resource, *, version: str, labels: str = "", fields: str = ""
    ) -> Iterator[WatchEvent]:
        """Yield changes after ``version``, until the API server or the network ends the watch.

        That is no error: whoever needs more watches again, from the last version that was seen.
        :func:`argosy_cluster.watching.follow` does.

        Raises:
            StaleVersionError: The version is too old.
        """
        ...

    def patch(self, resource: Resource, name: str, patch: Document) -> Document:
        """Merge a JSON merge patch into an object, and return the object."""
        ...

    def delete(self, resource: Resource, name: str) -> None:
        """Delete an object, and what belongs to it in the background.

        Raises:
            MissingNameError: There is none of this name.
        """
        ...

    def read_log(
        self,
        pod: str,
        container: str,
        *,
        tail: int | None = None,
        since: str | None = None,
        timestamps: bool = False,
    ) -> Iterator[bytes]:
        """Yield what a container has written, in pieces of any size.

        Args:
            pod: Its name.
            container: Of the pod.
            tail: Begin with the last lines, this many; ``None``: with the first.
            since: Begin at this time, as RFC 3339 has it.
            timestamps: Whether each line begins with its time and a space.

        Raises:
            MissingObjectError: There is no such pod, or its container has not started.
        """
        ...

    def read_path(self, path: str) -> Document:
        """Return what the API server has at a path, e.g. ``/version``."""
        ...

    def close(self) -> None:
        """Close connections; the next call opens others."""
        ...

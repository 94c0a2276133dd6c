"""How runs take place on a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from argosy_cluster.cluster import Cluster
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.store_urls import read_store_url
from argosy_compiler.options import CompileOptions
from argosy_schemas.errors import InvalidArgumentError
from argosy_store.locations import extend_root

DEFAULT_MAX_RUNS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoSettings:
    """One namespace of a cluster, and how pipelines are compiled for it."""

    connect: Callable[[], Cluster]
    """Returns the namespace with connections of its own, so that threads do not wait for each
    other."""
    options: CompileOptions
    """With a store."""
    connect_to: Callable[[str], Cluster] | None = None
    """Returns another namespace in the same way, for the runs of many users."""
    is_user_namespace: bool = False
    """Whether this is a namespace of users: then only its own store is read, and a Workflow that
    names another one is not."""
    max_runs: int = DEFAULT_MAX_RUNS
    """How many runs may be under way at once; others wait in the database."""
    keep_workflows: timedelta | None = None
    """How long Workflows are kept after their end; ``None``: until the run is deleted."""
    cache: bool = True
    """Whether results of earlier runs may be reused."""

    def of(self, namespace: str) -> ArgoSettings:
        """Return the settings of a namespace of users, which has a store of its own below this one.

        Args:
            namespace: Empty: there is one user, and these are meant.

        Raises:
            InvalidArgumentError: Nothing but an object of the cluster names the store.
        """
        connect_to, store = self.connect_to, self.options.store
        if not namespace or connect_to is None:
            return self
        if store is None:
            raise InvalidArgumentError(
                "runs of many users need --store URL, below which each namespace has a store of its"
                " own; what an object of a namespace names, its users could change"
            )
        root = self.options.root
        options = replace(
            self.options,
            store=extend_root(store, namespace),
            root=extend_root(root, namespace) if root else root,
        )
        return replace(
            self, connect=lambda: connect_to(namespace), options=options, is_user_namespace=True
        )

    def connect_runs(self) -> ClusterRuns:
        """Return the runs of the namespace, before anything is asked; for one thread.

        Where an object of the cluster holds the URL of the store, they have none yet.
        """
        url = self.options.store
        only = url if self.is_user_namespace else None
        return ClusterRuns(self.connect(), store_url=url, only_store=only)

    def open_runs(self) -> ClusterRuns:
        """Return the runs of the namespace; for one thread.

        Raises:
            ClusterError: The object that holds the URL of the store cannot be read now.
        """
        with ExitStack() as stack:
            runs = stack.enter_context(self.connect_runs())
            runs.store_url = self.read_store_url(runs.cluster)
            stack.pop_all()
            return runs

    def find_store_url(self) -> str | None:
        """Return the URL of the store; ``None``: the object that holds it is not for the service.

        Raises:
            ClusterError: It cannot be read now.
        """
        if self.options.store is not None:
            return self.options.store
        with closing(self.connect()) as cluster:
            return self.read_store_url(cluster)

    def read_store_url(self, cluster: Cluster) -> str | None:
        """Return the same, by a connection that is there."""
        if self.options.store_from is None:
            return self.options.store
        return read_store_url(cluster, self.options.store_from) or None


class RunsOfThreads:
    """The runs of the namespace, by connections of the thread that asks."""

    def __init__(self, settings: ArgoSettings) -> None:
        self._settings = settings
        self._own = threading.local()
        self._all: list[ClusterRuns] = []

    def get(self) -> ClusterRuns:
        """Return those of this thread.

        Raises:
            ClusterError: The object that holds the URL of the store cannot be read now.
        """
        found: ClusterRuns | None = getattr(self._own, "runs", None)
        if found is None:
            found = self._own.runs = self._settings.connect_runs()
            self._all.append(found)
        if found.store_url is None:
            # Whoever may not read it now may do so later.
            found.store_url = self._settings.read_store_url(found.cluster)
        return found

    def close(self) -> None:
        """Close the connections of all threads."""
        for runs in self._all:
            runs.cluster.close()

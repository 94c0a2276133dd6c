"""The runs of this machine or of a cluster: ``argosy.runs.get("@latest", namespace="ml")``."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from argosy_runs.places import RunEntry, RunPlace
from argosy_runs.results import RunResult

__all__ = ["get", "list"]


def get(
    run: str,
    *,
    home: str | os.PathLike[str] = ".argosy",
    namespace: str | None = None,
    context: str | None = None,
    kubeconfig: str | os.PathLike[str] | None = None,
) -> RunResult:
    """Return what became of a run, also while it lasts and after its process was killed.

    With ``namespace``, ``context`` or ``kubeconfig`` it is a run of a cluster.

    Args:
        run: Its id, the first characters of it if no other run has the same, ``@latest``,
            ``@latest-failed``, or on a cluster the name of its workflow.
        home: Where the run was started.
        namespace: As for :func:`argosy.submit`.
        context: Likewise.
        kubeconfig: Likewise.

    Raises:
        InvalidArgumentError: There is no such run, more than one, or it cannot be read.
        StoreError: The home cannot be read.
        ClusterError: The cluster has no such run, or cannot be reached.
    """
    with _open(home, namespace, context, kubeconfig) as place:
        return place.read(place.select(run))


def list(
    *,
    home: str | os.PathLike[str] = ".argosy",
    namespace: str | None = None,
    context: str | None = None,
    kubeconfig: str | os.PathLike[str] | None = None,
) -> tuple[RunEntry, ...]:
    """Return the runs of a home or of a namespace, newest first.

    A run whose files cannot be read is left out; :func:`get` says what is wrong with it.

    Args:
        home: There need not be such a directory.
        namespace: As for :func:`get`.
        context: Likewise.
        kubeconfig: Likewise.

    Raises:
        ClusterError: The cluster does not give the list.
    """
    with _open(home, namespace, context, kubeconfig) as place:
        return tuple(place.list())


@contextmanager
def _open(
    home: str | os.PathLike[str],
    namespace: str | None,
    context: str | None,
    kubeconfig: str | os.PathLike[str] | None,
) -> Generator[RunPlace]:
    if namespace is None and context is None and kubeconfig is None:
        from argosy_runs.local.place import LocalRuns

        yield LocalRuns(Path(home))
        return
    # Runs of this machine need no client.
    from argosy_cluster.runs.place import ClusterRuns
    from argosy_cluster.targets import Target, connect_cluster

    file = None if kubeconfig is None else os.fspath(kubeconfig)
    target = Target(namespace=namespace, context=context, kubeconfig=file)
    with ClusterRuns(connect_cluster(target)) as place:
        yield place

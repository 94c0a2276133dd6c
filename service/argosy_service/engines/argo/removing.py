"""Stop a run; remove its Workflows and records, or only an old Workflow.

All look at the Workflow first: somebody may have given its name to that of another run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from argosy_cluster.cluster import Document, find_object
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.lost_logs import store_lost_logs
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import find_newest, find_sources, is_over
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.places import RunReference
from argosy_schemas.errors import ArgosyError, MissingNameError
from argosy_schemas.logger import Logger
from argosy_schemas.names import RunId
from argosy_service.engines.argo.calls import Calls, make_executor
from argosy_service.engines.argo.known import KnownWorkflow
from argosy_service.engines.argo.reading import describe
from argosy_service.engines.argo.settings import RunsOfThreads

_LOGGER: Final = Logger("service.argo")
_THREADS: Final = 4


class Removals:
    """Removals of runs and of old Workflows that are under way.

    They copy logs and delete artifacts. So they have threads of their own, and neither starts nor
    stops of runs wait for them.
    """

    def __init__(self, runs: RunsOfThreads, *, monotonic: Callable[[], float]) -> None:
        """Begin none.

        Args:
            runs: Of the namespace.
            monotonic: The clock.
        """
        self._runs = runs
        self._executor = make_executor(_THREADS)
        self._calls = Calls[bool](self._executor, monotonic=monotonic, is_done=bool)
        self._removed: set[str] = set()
        self._old = Calls[bool](self._executor, monotonic=monotonic)

    def begin(self, run_id: str, name: str | None, *, artifacts: bool, is_doubtful: bool) -> None:
        """Stop a run and remove what is kept of it, unless that is under way.

        Args:
            run_id: Of the run.
            name: Of its newest Workflow; ``None``: none is known.
            artifacts: As in :func:`remove_from_cluster`.
            is_doubtful: Whether the cluster is asked for a Workflow where none is known.
        """

        def remove() -> bool:
            runs, found = self._runs.get(), name
            if found is None and is_doubtful:
                found = find_newest(runs.cluster, run_id)
            return remove_from_cluster(runs, run_id, found, artifacts=artifacts)

        self._calls.begin(run_id, remove)

    def take(self, run_id: str) -> bool:
        """Return whether a run was removed since it was asked last."""
        for each, result in self._calls.take():
            if isinstance(result, ArgosyError):
                _LOGGER.info("run %s cannot be deleted: %s", each, describe(result))
            else:
                self._removed.add(each)
        is_removed = run_id in self._removed
        self._removed.discard(run_id)
        return is_removed

    def begin_old(self, known: KnownWorkflow, is_active: Callable[[str], bool]) -> None:
        """Remove a Workflow that ended long ago, unless its run goes on when its turn comes."""
        run_id, name = known.identity.run_id, known.name

        def remove() -> bool:
            return is_active(run_id) or remove_ended_workflow(self._runs.get(), run_id, name)

        self._old.begin(name, remove)

    def take_old(self) -> None:
        """Log which old Workflows could not be removed; they are tried again."""
        for name, result in self._old.take():
            if isinstance(result, ArgosyError):
                _LOGGER.info("workflow %s cannot be removed: %s", name, describe(result))

    def forget_old(self, name: str) -> None:
        """Forget an old Workflow, which is gone."""
        self._old.drop(name)

    def close(self) -> None:
        """Begin no more, and wait for those that are under way."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def stop_on_cluster(runs: ClusterRuns, run_id: str, name: str) -> bool:
    """Have a run stopped, exit handlers and all, unless its Workflow is gone; return True.

    Raises:
        ClusterError: The cluster does not do it.
    """
    if read_own_workflow(runs, run_id, name) is not None:
        runs.cluster.patch(WORKFLOWS, name, {"spec": {"shutdown": "Stop"}})
    return True


def remove_ended_workflow(runs: ClusterRuns, run_id: str, name: str) -> bool:
    """Remove the Workflow of a run whose end is written down, with its logs stored; return True.

    Raises:
        StoreError: Its logs cannot be stored.
        ClusterError: The cluster does not do it.
    """
    workflow = read_own_workflow(runs, run_id, name)
    if workflow is None:
        return True
    _, store = runs.reader.store_of(find_sources(workflow))
    if store is not None:
        store_lost_logs(runs.cluster, store, workflow=name, run_id=run_id)
    # Somebody else may have been faster.
    with contextlib.suppress(MissingNameError):
        runs.cluster.delete(WORKFLOWS, name)
    return True


def remove_from_cluster(
    runs: ClusterRuns, run_id: str, name: str | None, *, artifacts: bool
) -> bool:
    """Stop a run and remove what is kept of it; return whether that is done.

    Args:
        runs: Of the namespace.
        run_id: Of the run.
        name: Of the Workflow that works on it, or did so last; ``None``: it has none.
        artifacts: Whether its artifacts are removed as well, but for those that another run uses.

    Raises:
        StoreError: Its records cannot be deleted.
        ClusterError: The cluster does not do it.
    """
    workflow = None if name is None else read_own_workflow(runs, run_id, name)
    if workflow is None:
        name = None
    elif not is_over(workflow):
        # What its pods write at their end is removed with the rest.
        runs.cluster.patch(WORKFLOWS, str(name), {"spec": {"shutdown": "Terminate"}})
        return False
    if name is not None or runs.store_url is not None:
        run = RunReference(run_id=RunId(run_id), name=name)
        for notice in runs.delete(run, artifacts=artifacts).notices:
            _LOGGER.info("run %s is deleted: %s", run_id, notice)
    return True


def read_own_workflow(runs: ClusterRuns, run_id: str, name: str) -> Document | None:
    """Return the Workflow of a run; ``None``: it is gone, or another run has its name."""
    try:
        workflow = runs.cluster.get(WORKFLOWS, name)
    except MissingNameError:
        return None
    is_own = read_run_identity(find_object(workflow, "metadata")).run_id == run_id
    return workflow if is_own else None

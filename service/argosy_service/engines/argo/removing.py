"""Remove a run: what works on it, its Workflows, and its records; or only an old Workflow."""

from __future__ import annotations

from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.lost_logs import store_lost_logs
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import find_sources, is_over
from argosy_runs.places import RunReference
from argosy_schemas.errors import MissingNameError
from argosy_schemas.names import RunId


def remove_ended_workflow(runs: ClusterRuns, run_id: str, name: str) -> bool:
    """Remove the Workflow of a run whose end is written down, with its logs stored; return True.

    Raises:
        StoreError: Its logs cannot be stored.
        ClusterError: The cluster does not do it.
    """
    try:
        _, store = runs.reader.store_of(find_sources(runs.cluster.get(WORKFLOWS, name)))
        if store is not None:
            store_lost_logs(runs.cluster, store, workflow=name, run_id=run_id)
        runs.cluster.delete(WORKFLOWS, name)
    except MissingNameError:
        pass  # somebody else was faster
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
    if name is not None:
        try:
            workflow = runs.cluster.get(WORKFLOWS, name)
        except MissingNameError:
            name = None
        else:
            if not is_over(workflow):
                # What its pods write at their end is removed with the rest.
                runs.cluster.patch(WORKFLOWS, name, {"spec": {"shutdown": "Terminate"}})
                return False
    if name is not None or runs.store_url is not None:
        runs.delete(RunReference(run_id=RunId(run_id), name=name), artifacts=artifacts)
    return True

"""Create the Workflow of a run: the first one, or one that goes on after an end."""

from __future__ import annotations

from typing import Any, Final

from argosy_cluster.cluster import Cluster, Document, find_object
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.kept_workflows import keep_workflow
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import find_sources, is_over, read_attempt
from argosy_cluster.submission.known_results import write_known_records
from argosy_cluster.submission.retrying import go_on
from argosy_cluster.submission.submitting import submit_workflow
from argosy_runs.argo.identity import read_run_identity
from argosy_schemas.errors import MissingNameError, NameTakenError, StoreError
from argosy_schemas.formats.dataclass_json import time_to_json
from argosy_schemas.logger import Logger
from argosy_schemas.names import RunId
from argosy_schemas.pod import ATTEMPT_LABEL, RUN_LABEL
from argosy_service.engines.argo.compiling import WorkflowMaker
from argosy_service.engines.argo.settings import ArgoSettings, RunsOfThreads
from argosy_service.engines.protocol import RunOrder
from argosy_store.packed_irs import put_ir

_LOGGER: Final = Logger("service.argo")


class Submitter:
    """Creates Workflows; for many threads."""

    def __init__(self, settings: ArgoSettings, runs: RunsOfThreads) -> None:
        self._maker = WorkflowMaker(settings.options, cache=settings.cache)
        self._runs = runs

    def submit(self, order: RunOrder, newest: str | None) -> Document:
        """Return the Workflow that the run goes on in, made unless it is there already.

        Args:
            order: The run.
            newest: The name of the Workflow that worked on the run last; ``None``: there is none.

        Raises:
            InvalidArgumentError: A parameter cannot be used, or the run cannot go on.
            InvalidPipelineError: No workflow can express the pipeline.
            NameTakenError: Somebody else has a workflow of this name.
            StoreError: The store cannot be read or written.
            ClusterError: The cluster refuses the workflow, or cannot be reached.
        """
        runs = self._runs.get()
        name = self._maker.name(order)
        try:
            if order.ends:
                return self._go_on(runs, order, newest, name)
            return self._begin(runs, order)
        except NameTakenError:
            found = runs.cluster.get(WORKFLOWS, name)
            if read_run_identity(find_object(found, "metadata")).run_id != order.run_id:
                raise
            return found

    def _begin(self, runs: ClusterRuns, order: RunOrder) -> Document:
        made, run_id = self._maker.make(order, store_url=runs.store_url), RunId(order.run_id)
        _, store = runs.reader.store_of(find_sources(made.document))
        if store is not None:
            if made.compiled.ir_digest is not None:
                put_ir(store, made.compiled.ir)
            # Before there is a Workflow: with them, whoever deletes another run sees what this one
            # needs of it.
            write_known_records(made.records, run_id, store=store)
        created = submit_workflow(runs.cluster, made.document, config_map=made.compiled.config_map)
        self._keep(runs, created, run_id)
        return created

    def _keep(self, runs: ClusterRuns, workflow: Document, run_id: RunId) -> None:
        """Store a copy of the Workflow, for the time after the Workflow was deleted.

        Then ``argosy retry`` goes on with the run by it, and artifacts can be deleted; the service
        itself goes on without it.
        """
        try:
            _, store = runs.reader.store_of(find_sources(workflow))
            if store is not None:
                keep_workflow(workflow, run_id, store)
        except StoreError as error:
            _LOGGER.info("run %s: its workflow is not kept in the store: %s", run_id, error)

    def _go_on(self, runs: ClusterRuns, order: RunOrder, newest: str | None, name: str) -> Document:
        workflow = None if newest is None else _find(runs.cluster, newest)
        if workflow is None:
            # What it would be now says all that is needed of the one that is gone.
            workflow = _pretend(self._maker.make(order).document, order)
        elif _goes_on(workflow, order):
            return workflow
        labels = {RUN_LABEL: order.run_id, ATTEMPT_LABEL: str(order.ends)}
        made = go_on(runs, workflow, name=name, labels=labels)
        return runs.cluster.get(WORKFLOWS, made.name)


def _find(cluster: Cluster, name: str) -> Document | None:
    try:
        return cluster.get(WORKFLOWS, name)
    except MissingNameError:
        return None


def _goes_on(workflow: Document, order: RunOrder) -> bool:
    """Return whether nothing has to be made, since the Workflow does what is ordered."""
    status = find_object(workflow, "status")
    return (
        read_attempt(find_object(workflow, "metadata")) >= order.ends
        # Somebody else was faster, e.g. by `argosy retry`.
        or not is_over(workflow)
        or status.get("phase") == "Succeeded"
    )


def _pretend(workflow: Document, order: RunOrder) -> Document:
    """Return a Workflow as a cluster would have it."""
    metadata: Any = find_object(workflow, "metadata")
    made = {"uid": order.run_id, "creationTimestamp": time_to_json(order.created_at)}
    return {**workflow, "metadata": {**metadata, **made}}

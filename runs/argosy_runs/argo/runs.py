"""Read what became of a run on Argo: from its Workflow and its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from argosy_runs.argo.attempts import read_argo_attempts
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.argo.nodes import read_argo_nodes
from argosy_runs.journal import EngineStarted, StopRequested
from argosy_runs.nodes import NodeStatus, ShutdownMessage
from argosy_runs.results import RunResult
from argosy_runs.viewing.outcomes import RUN_STOPPED, make_deadline_failure
from argosy_runs.viewing.run_result import make_run_result
from argosy_runs.viewing.run_spec import RunSpec, make_run_context
from argosy_runs.viewing.task_nodes import NodeIndex
from argosy_runs.viewing.values import TaskValues
from argosy_runs.viewing.view import Abandonment, RunView
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.formats.dataclass_json import time_from_json
from argosy_schemas.formats.records import Failure
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.pod import CACHE_PARAMETER, ROOT_PARAMETER, WORKSPACE_PATH
from argosy_schemas.values import JsonValue
from argosy_store.run_records import RunRecords


def read_argo_run(
    workflow: Mapping[str, JsonValue],
    pipeline: Pipeline,
    records: RunRecords,
    *,
    log_root: str,
    with_values: bool = True,
) -> RunResult:
    """Return what became of a run so far.

    It is what the embedded engine returns where the same became of its pods, but for times, which
    Argo has in whole seconds.

    Args:
        workflow: With its ``spec`` and ``status``, as the Kubernetes API or Argo's gives it.
        pipeline: Of its IR.
        records: Of the run.
        log_root: The root of its store, as it stands before the keys of logs.
        with_values: Whether the inputs, outputs and logs of tasks are needed. Without them few
            records are read, however many tasks there are.

    Raises:
        InvalidArgumentError: The nodes are not in the workflow, or it is none of Argosy's.
        StoreError: A record cannot be read.
    """
    spec = _spec_of(workflow, pipeline)
    context = make_run_context(spec, pipeline, workspace=Path(WORKSPACE_PATH))
    nodes = NodeIndex()
    values = TaskValues(pipeline, context, records, nodes)
    view = RunView(
        values.tree,
        nodes,
        values,
        exit_tasks=WorkflowDocument(workflow).exit_tasks,
        known=pipeline.known,
    )
    _fill_view(view, workflow, records, with_records=with_values)
    finished_at = _status(workflow).get("finishedAt")
    return make_run_result(
        spec,
        view,
        values,
        log_root=log_root,
        with_values=with_values,
        ended_at=None if finished_at is None else time_from_json(finished_at),
    )


def _spec_of(workflow: Mapping[str, Any], pipeline: Pipeline) -> RunSpec:
    identity = read_run_identity(workflow["metadata"])
    arguments = WorkflowDocument(workflow).arguments
    return RunSpec(
        run_id=identity.run_id,
        name=identity.name,
        pipeline=pipeline.name,
        created_at=identity.created_at,
        parameters={},
        root=arguments.get(ROOT_PARAMETER) or "",
        cache=arguments.get(CACHE_PARAMETER) != "false",
        workflow=workflow,
    )


def _fill_view(
    view: RunView, workflow: Mapping[str, Any], records: RunRecords, *, with_records: bool
) -> None:
    status = _status(workflow)
    started_at = status.get("startedAt")
    if started_at is None:
        return
    at = time_from_json(started_at)
    view.take(EngineStarted(at=at, process=0))
    nodes = read_argo_nodes(workflow)
    stop = _find_stop(workflow["spec"], nodes)
    if stop is not None:
        view.take(StopRequested(at=at, failure=stop))
    view.nodes.attempts.update(read_argo_attempts(nodes, records, with_records=with_records))
    exit_root = next((index for index, node in enumerate(nodes) if node.is_exit_root), len(nodes))
    view.load(nodes[:exit_root])
    if exit_root < len(nodes):
        view.load(nodes[exit_root:])
    if status.get("phase") in ("Failed", "Error") and not view.is_over:
        cause = "the workflow ended in an error"
        view.abandon(Abandonment(cause=cause, error=status.get("message") or cause))


def _find_stop(spec: Mapping[str, Any], nodes: Sequence[NodeStatus]) -> Failure | None:
    """Return why a run was stopped; ``None``: it was not."""
    if spec.get("shutdown"):
        return RUN_STOPPED
    if any(node.message == ShutdownMessage.DEADLINE for node in nodes):
        return make_deadline_failure(float(spec.get("activeDeadlineSeconds") or 0))
    return None


def _status(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    status: Mapping[str, Any] = workflow.get("status") or {}
    return status

"""Why tasks of a run on a cluster do not run, or failed: the cluster's part of ``argosy why``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from argosy_cluster.cluster import Cluster, Document
from argosy_cluster.resources import EVENTS, PODS, WORKFLOW_LABEL
from argosy_runs.argo.nodes import read_argo_nodes
from argosy_runs.argo.offloaded import is_offloaded
from argosy_runs.argo.pods.diagnose import diagnose
from argosy_runs.argo.pods.documents import Event, Pod, read_events, read_pod_status
from argosy_runs.argo.pods.evidence import Evidence
from argosy_runs.causes import Diagnosis
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.errors import AccessDeniedError
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.names import TaskPath

_EXPLAINED: Final = frozenset(
    {TaskState.PENDING, TaskState.RUNNING, TaskState.FAILED, TaskState.CANCELED}
)
_OBJECTS: Final = frozenset({"Pod", "PersistentVolumeClaim"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnoses:
    """What a cluster says of the tasks of a run."""

    by_path: Mapping[TaskPath, Diagnosis] = field(default_factory=dict[TaskPath, Diagnosis])
    pods: Mapping[TaskPath, str] = field(default_factory=dict[TaskPath, str])
    """The pod of the last attempt at each task that may be in trouble, if it is still there."""
    notices: tuple[str, ...] = ()
    """What could not be looked at, for lack of rights."""


def diagnose_tasks(
    cluster: Cluster, workflow: Document, run: RunResult, *, go_on: str
) -> Diagnoses:
    """Return what the cluster says of the tasks that failed, were stopped or have not ended.

    Args:
        cluster: Where the run is.
        workflow: Of the run, with its status.
        run: What became of it so far.
        go_on: The command that goes on with the run.

    Raises:
        ClusterError: The cluster does not answer.
        InvalidArgumentError: The nodes are compressed in an unknown way.
    """
    if is_offloaded(workflow):
        return Diagnoses()
    tasks = {task.path: task for task in run.tasks if task.state in _EXPLAINED}
    nodes = {path: node for path, node in _last_pods(workflow).items() if path in tasks}
    if not nodes:
        return Diagnoses()
    notices: list[str] = []
    pods = _list_pods(cluster, workflow, notices)
    wanted = {node.pod or "" for node in nodes.values()}
    wanted |= {claim for node in nodes.values() for claim in _claims(pods.get(node.name))}
    events = _list_events(cluster, wanted, notices)
    found: dict[TaskPath, Diagnosis] = {}
    for path, node in nodes.items():
        pod = pods.get(node.name)
        own = {node.pod or "", *_claims(pod)}
        diagnosis = diagnose(
            Evidence(
                namespace=cluster.namespace,
                kubectl=shlex.join(("kubectl", *cluster.options)),
                message=node.message,
                has_ended=node.phase.is_fulfilled,
                pod=pod,
                events=tuple(event for event in events if event.object_name in own),
                failure=_find_failure(tasks[path]),
                retry=go_on,
            )
        )
        if diagnosis is not None:
            found[path] = diagnosis
    there = {path: pods[node.name].name for path, node in nodes.items() if node.name in pods}
    return Diagnoses(by_path=found, pods=there, notices=tuple(notices))


def _last_pods(workflow: Document) -> dict[TaskPath, NodeStatus]:
    """Return the node of the last pod of each task, unless it did well."""
    last: dict[TaskPath, NodeStatus] = {}
    for node in read_argo_nodes(workflow):
        if node.type is NodeType.POD:
            last[node.path] = node
    return {path: node for path, node in last.items() if node.phase is not NodePhase.SUCCEEDED}


def _find_failure(task: TaskResult) -> Failure | None:
    if task.state is TaskState.CANCELED and task.reason is not None:
        return Failure(reason=Reason.CANCELED, message=task.reason)
    return task.failure


def _list_pods(cluster: Cluster, workflow: Document, notices: list[str]) -> dict[str, Pod]:
    """Return the pods of a workflow by the names of their nodes."""
    metadata = workflow["metadata"]
    name = metadata["name"] if isinstance(metadata, Mapping) else ""
    try:
        listing = cluster.list(PODS, labels=f"{WORKFLOW_LABEL}={name}")
    except AccessDeniedError as error:
        notices.append(f"why pods do not start cannot be seen: {error}")
        return {}
    pods = (read_pod_status(document) for document in listing.items)
    return {pod.node_name: pod for pod in pods}


def _list_events(cluster: Cluster, names: Iterable[str], notices: list[str]) -> tuple[Event, ...]:
    wanted = set(names)
    try:
        listing = cluster.list(EVENTS)
    except AccessDeniedError as error:
        notices.append(f"events cannot be seen: {error}")
        return ()
    events = read_events(listing.items)
    return tuple(
        event for event in events if event.kind in _OBJECTS and event.object_name in wanted
    )


def _claims(pod: Pod | None) -> tuple[str, ...]:
    return () if pod is None else pod.claims

"""The attempts at the tasks of a run on Argo, from the nodes of its pods and from its records.

A node does not say which attempt it was: records belong to the pod's UID. So the last record of a
task tells of its last pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from argosy_runs.journal import Attempt
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType, ShutdownMessage
from argosy_runs.viewing.task_nodes import TaskAttempts
from argosy_schemas.formats.records import AttemptRecord, AttemptState
from argosy_schemas.names import TaskPath
from argosy_store.parallel import for_each
from argosy_store.run_records import RunRecords

_READERS: Final = 16
_SHUTDOWN_MESSAGES = frozenset(ShutdownMessage)


def read_argo_attempts(
    nodes: Iterable[NodeStatus], records: RunRecords, *, with_records: bool
) -> dict[TaskPath, TaskAttempts]:
    """Return the attempts at each task that has a pod.

    Args:
        nodes: Of the workflow; the pods of a task in the order of their making.
        records: Of the run.
        with_records: Whether to read the records of tasks that succeeded, which know their logs;
            where the nodes say what came from the cache, nothing else needs them.

    Raises:
        StoreError: A record cannot be read.
    """
    pods: dict[TaskPath, list[NodeStatus]] = {}
    for node in nodes:
        if node.type is NodeType.POD and not node.decides:
            pods.setdefault(node.path, []).append(node)
    if with_records:
        # One after the other they take a round trip each.
        succeeded = [path for path, each in pods.items() if each[-1].phase is NodePhase.SUCCEEDED]
        for_each(records.read_success, succeeded, width=_READERS)
    return {
        path: _read(path, attempts, records, with_records=with_records)
        for path, attempts in pods.items()
    }


def _read(
    path: TaskPath, pods: Sequence[NodeStatus], records: RunRecords, *, with_records: bool
) -> TaskAttempts:
    begun = [
        pod
        for pod in pods
        if pod.phase is not NodePhase.PENDING and pod.message not in _SHUTDOWN_MESSAGES
    ]
    if len(begun) == len(pods) and pods[-1].phase is not NodePhase.FAILED:
        cached = pods[-1].cached
        if cached is not None and not with_records:
            return TaskAttempts(count=len(begun), last=Attempt(cached=cached), pod=pods[-1].pod)
        success = records.read_success(path) if pods[-1].phase is NodePhase.SUCCEEDED else None
        return TaskAttempts(count=len(begun), last=_attempt(success), pod=pods[-1].pod)
    if pods[-1].phase is NodePhase.PENDING and not with_records:
        # Whoever follows a run asks no store about each pod that waits.
        return TaskAttempts(count=len(begun), pod=pods[-1].pod)
    # A shutdown ends pods that wait and pods that run with the same words.
    found = list(records.read_attempts(path))
    count = max(len(begun), len(found))
    last = _attempt(found[-1] if found else None)
    return TaskAttempts(count=count, last=last, pod=pods[-1].pod)


def _attempt(record: AttemptRecord | None) -> Attempt:
    if record is None:
        return Attempt()
    return Attempt(
        id=record.attempt_id,
        cached=record.state is AttemptState.CACHED,
        failure=record.failure,
        log=record.log,
    )

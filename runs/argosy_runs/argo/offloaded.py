"""Runs whose nodes Argo's controller keeps in a database, where only Argo's server reads them.

What such a Workflow still says is how the run as a whole is doing. The rest is what the records
say, without the tasks that have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from argosy_runs.argo.identity import read_run_identity
from argosy_runs.recorded import read_recorded_tasks
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.formats.dataclass_json import time_from_json
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.values import JsonValue
from argosy_store.run_records import RunRecords

_NOTICE: Final = (
    "the nodes of this run are in the database of Argo's controller (nodeStatusOffLoad), where "
    "only Argo's server reads them; this is what its records say, without the tasks that have none"
)


def is_offloaded(workflow: Mapping[str, JsonValue]) -> bool:
    """Return whether the nodes of a Workflow are in a database."""
    return bool(_status(workflow).get("offloadNodeStatusVersion"))


def read_offloaded_run(
    workflow: Mapping[str, JsonValue],
    pipeline: Pipeline,
    records: RunRecords,
    *,
    log_root: str,
    with_values: bool,
) -> RunResult:
    """Return what a Workflow without its nodes, and the records of its run, say of the run.

    The outputs of the run are not known.

    Args:
        workflow: With its ``spec`` and ``status``, as the Kubernetes API gives it.
        pipeline: Of its IR.
        records: Of the run.
        log_root: The root of the store, as it stands before the keys of logs.
        with_values: Whether the inputs and outputs of tasks are needed.

    Raises:
        StoreError: A record cannot be read.
    """
    document: Mapping[str, Any] = workflow
    status = _status(workflow)
    identity = read_run_identity(document["metadata"])
    state = _read_state(document)
    started_at, finished_at = status.get("startedAt"), status.get("finishedAt")
    is_ill = state in (RunState.FAILED, RunState.CANCELED)
    return RunResult(
        run_id=identity.run_id,
        pipeline=pipeline.name,
        state=state,
        started_at=identity.created_at if started_at is None else time_from_json(started_at),
        finished_at=None if finished_at is None else time_from_json(finished_at),
        error=status.get("message") or f"the workflow is {status.get('phase')}" if is_ill else None,
        tasks=read_recorded_tasks(
            records, log_root=log_root, with_values=with_values, is_over=state.is_final
        ),
        notices=(_NOTICE,),
    )


def _read_state(workflow: Mapping[str, Any]) -> RunState:
    match _status(workflow).get("phase"):
        case "Succeeded":
            return RunState.SUCCEEDED
        case "Failed" | "Error":
            return RunState.CANCELED if workflow["spec"].get("shutdown") else RunState.FAILED
        case "Running":
            return RunState.RUNNING
        case _:
            return RunState.PENDING


def _status(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    status: Mapping[str, Any] = workflow.get("status") or {}
    return status

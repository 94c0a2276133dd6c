"""An error of a pod is no condition that cannot be evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argosy_compiler import compile_pipeline
from argosy_runs.argo.runs import read_argo_run
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.names import RunId
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store
from driver_support import dag, leaf, pipeline, task

AT = "2026-01-01T00:00:00Z"
# Of Argo 4.1.2, in a namespace without the service account.
REFUSED = (
    "task 'wf.work' errored: pods \"wf-pod-1\" is forbidden: error looking up service account "
    'ml/argosy: serviceaccount "argosy" not found'
)

INVALID = 'Pod "wf-pod-1" is invalid: spec.containers[0].image: Required value'


def node(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    times = {"startedAt": AT, "finishedAt": AT}
    return {"id": name, "name": name, "type": kind, "phase": "Error", **times, **fields}


@pytest.mark.parametrize(
    ("kind", "message"),
    [("Pod", REFUSED), ("Retry", REFUSED), ("Pod", "pod deleted"), ("Pod", INVALID)],
)
def test_the_error_of_a_task_is_what_was_said_of_its_pod(
    kind: str, message: str, tmp_path: Path
) -> None:
    of = pipeline(dag({"work": task("comp-work")}), {"comp-work": leaf()})
    compiled = compile_pipeline(of)
    inputs = {"parameters": [{"name": "task", "value": "work"}]}
    pod = node("wf.work", kind, boundaryID="wf", message=message, inputs=inputs)
    nodes = [node("wf", "DAG", templateName="root"), pod]
    workflow: Any = {
        "metadata": {"name": "wf", "uid": "u", "creationTimestamp": AT},
        "spec": compiled.workflow["spec"],
        "status": {
            **{"phase": "Error", "startedAt": AT, "finishedAt": AT},
            "nodes": {one["id"]: one for one in nodes},
        },
    }
    records = RunRecords(open_store(tmp_path), RunId("u"))

    run = read_argo_run(workflow, unpack(compiled.ir), records, log_root="")

    (work,) = run.tasks
    assert work.error == message

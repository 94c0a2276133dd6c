"""Nodes of Argo's controllers say the same of a run as the embedded engine's.

``data/argo_runs.json`` was recorded from the controllers themselves, see ``argo_runs``.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from argo_runs import RUNS
from argosy_runs.argo.nodes import read_argo_nodes
from argosy_runs.argo.runs import read_argo_run
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.names import RunId
from argosy_schemas.values import JsonValue
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store

Workflow = dict[str, Any]

RECORDED: Mapping[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "argo_runs.json").read_text()
)
VERSIONS = ("3.7.18", "4.1.2")


def recorded(name: str, version: str) -> Workflow:
    """Return the workflow of a run at its end, as that version's controller left it."""
    case = RECORDED[name]
    (status,) = [each["status"] for each in case["ends"] if version in each["versions"]]
    metadata = {"name": "wf", "uid": "run", "creationTimestamp": "2026-01-01T00:00:00Z"}
    workflow: Workflow = {"metadata": metadata, "spec": case["spec"], "status": status}
    copy: Workflow = json.loads(json.dumps(workflow))
    return copy


def read(workflow: Workflow, home: Path, run_id: str, name: str) -> RunResult:
    """Read a run from a workflow, and from the records in a home."""
    workflow["metadata"]["uid"] = run_id
    return read_argo_run(
        workflow,
        unpack(RUNS[name].compiled().ir),
        RunRecords(open_store(home), RunId(run_id)),
        log_root=str(home),
    )


def without_times(result: RunResult) -> dict[str, JsonValue]:
    times = {"started_at": None, "finished_at": None}
    tasks = [{**task.to_json(), **times} for task in result.tasks]
    return {**result.to_json(), **times, "tasks": tasks}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_on_argo_is_read_as_the_engine_returns_it(name: str, tmp_path: Path) -> None:
    expected = RUNS[name].run(tmp_path)

    found = {
        version: read(recorded(name, version), tmp_path, expected.run_id, name)
        for version in VERSIONS
    }

    for version, result in found.items():
        assert (version, without_times(result)) == (version, without_times(expected))


def states(result: RunResult) -> dict[str, str]:
    return {task.path: task.state.value for task in result.tasks}


def test_a_run_that_lasts_has_tasks_that_run_and_that_wait(tmp_path: Path) -> None:
    workflow = recorded("chain", "3.7.18")
    nodes = workflow["status"]["nodes"]
    by_name = {node["name"]: node for node in nodes.values()}
    workflow["status"] |= {"phase": "Running", "finishedAt": None}
    by_name["wf"]["phase"] = by_name["wf.again"]["phase"] = "Running"
    del nodes[by_name["wf.t-not-in-argo-s-grammar-90f570a0"]["id"]]

    result = read(workflow, tmp_path, "run", "chain")

    assert (result.state, result.finished_at) == (RunState.RUNNING, None)
    assert states(result) == {
        "hello": "SUCCEEDED",
        "again": "RUNNING",
        "Not in Argo's grammar": "PENDING",
    }


def test_a_loop_whose_iterations_wait_for_one_another_has_them_all(tmp_path: Path) -> None:
    workflow = recorded("loops", "3.7.18")
    nodes = workflow["status"]["nodes"]
    workflow["status"] |= {"phase": "Running", "finishedAt": None}
    for node in list(nodes.values()):
        if node["name"] in ("wf", "wf.for-loop-3", "wf.for-loop-3.iteration"):
            node["phase"] = "Running"
        if node["name"].startswith("wf.for-loop-3.iteration(1:1)"):
            del nodes[node["id"]]

    result = read(workflow, tmp_path, "run", "loops")

    found = states(result)
    assert (found["for-loop-3"], found["for-loop-3/0"]) == ("RUNNING", "SUCCEEDED")
    assert (found["for-loop-3/1"], found["for-loop-3/1/show"]) == ("PENDING", "PENDING")


def test_a_workflow_that_could_not_go_on_says_so(tmp_path: Path) -> None:
    workflow = recorded("chain", "3.7.18")
    message = "Max duration limit exceeded"
    workflow["status"] |= {"phase": "Error", "message": message, "nodes": {}}

    result = read(workflow, tmp_path, "run", "chain")

    assert (result.state, result.error) == (RunState.FAILED, message)
    assert {task.path: (task.state.value, task.reason) for task in result.tasks} == {
        "hello": ("NOT_RUN", "the workflow ended in an error before it could start"),
        "again": ("NOT_RUN", "'hello' did not run"),
        "Not in Argo's grammar": ("NOT_RUN", "'again' did not run"),
    }


def test_a_workflow_that_no_controller_has_seen_is_pending(tmp_path: Path) -> None:
    workflow = recorded("chain", "3.7.18")
    del workflow["status"]

    result = read(workflow, tmp_path, "run", "chain")

    assert (result.state, result.finished_at) == (RunState.PENDING, None)
    assert set(states(result).values()) == {"PENDING"}


def test_nodes_are_read_where_the_controller_compressed_them() -> None:
    workflow = recorded("loops", "4.1.2")
    expected = read_argo_nodes(workflow)
    text = json.dumps(workflow["status"].pop("nodes")).encode()
    workflow["status"]["compressedNodes"] = base64.b64encode(gzip.compress(text)).decode()

    assert read_argo_nodes(workflow) == expected


def test_nodes_that_are_compressed_in_another_way_are_refused() -> None:
    workflow = recorded("chain", "4.1.2")
    workflow["status"]["compressedNodes"] = base64.b64encode(b"\x28\xb5\x2f\xfd").decode()

    with pytest.raises(InvalidArgumentError) as caught:
        read_argo_nodes(workflow)

    assert str(caught.value) == (
        "the nodes of workflow 'wf' are compressed, and not by gzip (Not a gzipped file "
        "(b'(\\xb5')); let the controller compress them by gzip, or read the workflow from Argo's "
        "server"
    )


def test_nodes_in_the_controllers_database_are_refused_by_name() -> None:
    workflow = recorded("chain", "3.7.18")
    workflow["status"] |= {"nodes": None, "offloadNodeStatusVersion": "fnv:784644189"}

    with pytest.raises(InvalidArgumentError) as caught:
        read_argo_nodes(workflow)

    assert str(caught.value) == (
        "the nodes of workflow 'wf' are in the database of Argo's controller "
        "(offloadNodeStatusVersion); read the workflow from Argo's server, which adds them"
    )


def test_a_node_that_no_workflow_of_ours_has_is_refused_by_its_type() -> None:
    workflow = recorded("chain", "3.7.18")
    workflow["status"]["nodes"]["wf"]["type"] = "Suspend"

    with pytest.raises(InvalidArgumentError) as caught:
        read_argo_nodes(workflow)

    assert str(caught.value) == (
        "node 'wf' is of the type Suspend, which no workflow of Argosy has; read workflows that "
        "'argosy compile' wrote"
    )

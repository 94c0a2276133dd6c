"""The runs of a namespace: listed, selected, read, stopped and deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argo_runs import RUNS
from argosy_cluster.cluster import Document
from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import CONFIG_MAPS, SECRETS, WORKFLOWS
from argosy_cluster.runs.place import ClusterRuns
from argosy_runs.places import RunReference
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.errors import (
    AccessDeniedError,
    InvalidArgumentError,
    MissingNameError,
    MissingObjectError,
    StoreError,
)
from argosy_schemas.formats.packed_ir import encode_base64
from argosy_schemas.names import RunId
from argosy_schemas.pod import IR_PARAMETER, PIPELINE_LABEL, STORE_PARAMETER
from argosy_store.packed_irs import put_ir
from argosy_store.stores import open_store

RECORDED: Any = json.loads(
    (Path(__file__).parents[1] / "runs" / "data" / "argo_runs.json").read_text()
)


def workflow(name: str, *, store: Path | str | None, uid: str, label: str = "pipe") -> Any:
    """Return a workflow as Argo 3.7 left it at the end of a recorded run."""
    case = RECORDED[name]
    (status,) = [each["status"] for each in case["ends"] if "3.7.18" in each["versions"]]
    copy = json.loads(json.dumps({"spec": case["spec"], "status": status}))
    if store is not None:
        given = {"name": STORE_PARAMETER, "value": str(store)}
        copy["spec"]["arguments"]["parameters"].append(given)
    return {
        "metadata": {
            "name": "wf",
            "uid": uid,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {
                PIPELINE_LABEL: label,
                "workflows.argoproj.io/phase": status["phase"],
            },
        },
        **copy,
    }


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def runs(cluster: FakeCluster) -> ClusterRuns:
    return ClusterRuns(cluster, patience_seconds=0)


def ran(cluster: FakeCluster, name: str, home: Path) -> RunResult:
    """Run a pipeline on this machine, and put what Argo made of the same into the cluster."""
    result = RUNS[name].run(home)
    digest = put_ir(open_store(home), RUNS[name].compiled().ir)
    cluster.put(WORKFLOWS, with_ir(workflow(name, store=home, uid=result.run_id), f"ref:{digest}"))
    return result


def with_ir(made: Any, text: str) -> Any:
    """Return a workflow that carries this IR."""
    for parameter in made["spec"]["arguments"]["parameters"]:
        if parameter["name"] == IR_PARAMETER:
            parameter["value"] = text
    return made


def read(runs: ClusterRuns, text: str = "wf", *, with_values: bool = True) -> RunResult:
    return runs.read(runs.select(text), with_values=with_values)


def comparable(result: RunResult) -> Any:
    document: Any = result.to_json()
    for each in (document, *document["tasks"]):
        each["started_at"] = each["finished_at"] = None
    return document


# Reading.


@pytest.mark.parametrize("name", ["chain", "failure", "loops"])
def test_a_run_is_read_as_the_engine_returns_it(
    cluster: FakeCluster, runs: ClusterRuns, name: str, tmp_path: Path
) -> None:
    expected = ran(cluster, name, tmp_path)

    assert comparable(read(runs)) == comparable(expected)


def test_one_call_reads_a_run_by_its_name(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    ran(cluster, "chain", tmp_path)

    read(runs)

    assert cluster.calls == [("get", "workflows", "wf")]


def test_without_values_tasks_have_none_and_the_run_has_its_outputs(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    ran(cluster, "chain", tmp_path)

    result = read(runs, with_values=False)

    assert result.outputs.parameters == {"Output": "hi"}
    assert [dict(task.outputs.parameters) for task in result.tasks] == [{}, {}, {}]


def test_a_store_that_cannot_be_reached_leaves_the_states(
    cluster: FakeCluster, runs: ClusterRuns
) -> None:
    made = workflow("failure", store="s3://bucket?endpoint=http://127.0.0.1:1", uid="u")
    cluster.put(WORKFLOWS, with_ir(made, encode_base64(RUNS["failure"].compiled().ir)))

    result = read(runs)

    states = {str(task.path): task.state.value for task in result.tasks}
    assert (states["fails"], states["beside"]) == ("FAILED", "SUCCEEDED")
    (notice,) = result.notices
    assert notice.startswith("the store cannot be read from here, so outputs and what came from")


def test_a_pipeline_in_a_store_that_cannot_be_reached_cannot_be_read(
    cluster: FakeCluster, runs: ClusterRuns
) -> None:
    url = "s3://bucket?endpoint=http://127.0.0.1:1"
    cluster.put(WORKFLOWS, workflow("chain", store=url, uid="u"))

    with pytest.raises(StoreError):
        read(runs)


def test_a_pipeline_in_a_store_that_nothing_names_cannot_be_read(
    cluster: FakeCluster, runs: ClusterRuns
) -> None:
    cluster.put(WORKFLOWS, workflow("chain", store=None, uid="u"))

    with pytest.raises(InvalidArgumentError, match="is in a store that its workflow does not name"):
        read(runs)


def test_a_workflow_of_others_is_refused_by_name(cluster: FakeCluster, runs: ClusterRuns) -> None:
    spec: Any = {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "a"}}]}
    cluster.create(WORKFLOWS, {"metadata": {"name": "etl"}, "spec": spec})

    with pytest.raises(InvalidArgumentError) as caught:
        read(runs, "etl")

    assert str(caught.value) == "workflow 'etl' is none of Argosy's; read it with 'argo get'"


def test_a_workflow_of_a_newer_release_is_refused_by_its_version(
    cluster: FakeCluster, runs: ClusterRuns
) -> None:
    import gzip

    made = workflow("chain", store=None, uid="u")
    newer = gzip.compress(b'{"format": "argosy-ir", "version": "9.0"}')
    made["spec"]["arguments"]["parameters"] = [
        {"name": IR_PARAMETER, "value": encode_base64(newer)}
    ]
    cluster.put(WORKFLOWS, made)

    with pytest.raises(InvalidArgumentError, match=r"format version 9\.0, this release reads up"):
        read(runs)


def test_a_run_is_followed_from_where_it_was_selected(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    ran(cluster, "chain", tmp_path)
    over: Any = cluster.get(WORKFLOWS, "wf")
    cluster.put(WORKFLOWS, {**over, "status": {}})
    run = runs.select("wf")
    cluster.put(WORKFLOWS, over)

    states = [result.state for result in runs.follow(run)]

    assert (states[0], states[-1]) == (RunState.PENDING, RunState.SUCCEEDED)
    assert runs.read(run).state is RunState.SUCCEEDED


def test_logs_of_a_run_need_no_further_call(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    ran(cluster, "chain", tmp_path)
    run = runs.select("wf")

    log = runs.open_log(run)
    runs.read(run)
    list(log.read(is_over=True))

    assert cluster.calls == [("get", "workflows", "wf"), ("list", "pods", "")]


def test_a_run_that_is_gone_cannot_be_followed(cluster: FakeCluster, runs: ClusterRuns) -> None:
    run = RunReference(run_id=RunId("u"), name="gone")

    with pytest.raises(MissingNameError, match="there is no workflow 'gone'"):
        next(runs.follow(run))


# Runs whose nodes are in the database of Argo's controller.


def offload(cluster: FakeCluster, **status: Any) -> None:
    made: Any = cluster.get(WORKFLOWS, "wf")
    kept = {name: each for name, each in made["status"].items() if name != "nodes"}
    status = {**kept, "offloadNodeStatusVersion": "fnv:784644189", **status}
    cluster.put(WORKFLOWS, {**made, "status": status})


OFFLOADED = (
    "the nodes of this run are in the database of Argo's controller (nodeStatusOffLoad), where "
    "only Argo's server reads them; this is what its records say, without the tasks that have none"
)


def test_an_offloaded_run_is_read_from_its_records(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    expected = ran(cluster, "failure", tmp_path)
    offload(cluster)

    result = read(runs)

    assert (result.run_id, result.state, result.pipeline) == (
        expected.run_id,
        RunState.FAILED,
        expected.pipeline,
    )
    assert [(str(task.path), task.state.value) for task in result.tasks] == [
        ("beside", "SUCCEEDED"),
        ("fails", "FAILED"),
        ("ignores", "SUCCEEDED"),
    ]
    assert result.notices == (OFFLOADED,)
    explanation = runs.explain(runs.select("wf"), task=None, tail=3)
    assert [cause.task.path for cause in explanation.causes] == ["fails"]
    assert OFFLOADED in explanation.notices


def test_an_offloaded_run_that_goes_on_is_followed_to_its_end(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    ran(cluster, "chain", tmp_path)
    offload(cluster, phase="Running", finishedAt=None)
    run = runs.select("wf")
    offload(cluster, phase="Succeeded")

    results = list(runs.follow(run))

    assert [result.state for result in results] == [RunState.RUNNING, RunState.SUCCEEDED]
    assert results[0].finished_at is None


def test_a_run_that_was_looked_at_again_is_read_as_it_is_now(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    ran(cluster, "chain", tmp_path)
    over: Any = cluster.get(WORKFLOWS, "wf")
    cluster.put(WORKFLOWS, {**over, "status": {}})
    run = runs.select("wf")
    cluster.put(WORKFLOWS, over)

    assert runs.is_over(run)
    assert runs.read(run).state is RunState.SUCCEEDED


# Where IR and store are named elsewhere.


def elsewhere(home: Path, source: Document) -> Any:
    """Return a workflow whose driver takes IR and store from objects of the cluster."""
    made = workflow("chain", store=None, uid="u")
    made["spec"]["arguments"]["parameters"] = []
    ir = {"name": "ARGOSY_IR", "valueFrom": {"configMapKeyRef": {"name": "ir-1", "key": "ir"}}}
    driver = {"name": "driver", "env": [ir], "envFrom": [source]}
    for template in made["spec"]["templates"]:
        if "container" in template:
            template["initContainers"] = [driver]
    return made


@pytest.mark.parametrize(
    ("source", "resource", "value"),
    [
        ({"configMapRef": {"name": "argosy"}}, CONFIG_MAPS, "{}"),
        ({"secretRef": {"name": "argosy"}}, SECRETS, "base64 of {}"),
    ],
)
def test_ir_and_store_may_be_in_objects_of_the_cluster(
    cluster: FakeCluster,
    runs: ClusterRuns,
    tmp_path: Path,
    source: Document,
    resource: Any,
    value: str,
) -> None:
    expected = RUNS["chain"].run(tmp_path)
    made = elsewhere(tmp_path, source)
    made["metadata"]["uid"] = expected.run_id
    url = str(tmp_path) if value == "{}" else encode_base64(str(tmp_path).encode())
    cluster.put(WORKFLOWS, made)
    cluster.put(resource, {"metadata": {"name": "argosy"}, "data": {"ARGOSY_STORE": url}})
    ir = encode_base64(RUNS["chain"].compiled().ir)
    cluster.put(CONFIG_MAPS, {"metadata": {"name": "ir-1"}, "data": {"ir": ir}})

    assert comparable(read(runs)) == comparable(expected)


def test_a_store_in_a_secret_that_may_not_be_read_leaves_the_states(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    cluster.put(WORKFLOWS, elsewhere(tmp_path, {"secretRef": {"name": "argosy"}}))
    ir = encode_base64(RUNS["chain"].compiled().ir)
    cluster.put(CONFIG_MAPS, {"metadata": {"name": "ir-1"}, "data": {"ir": ir}})
    cluster.failures["get", "secrets"] = [AccessDeniedError("you may not get secrets")]

    result = read(runs)

    assert result.state is RunState.SUCCEEDED
    assert result.notices == (
        "the workflow of this run names no store, so its records are not read",
    )


# Listing and selecting.


def put(cluster: FakeCluster, name: str, phase: str, minute: int, **more: Any) -> None:
    made = workflow("chain", store=None, uid=f"{name}-0000")
    made["metadata"] |= {"name": name, "creationTimestamp": f"2026-01-01T00:{minute:02}:00Z"}
    made["metadata"]["labels"]["workflows.argoproj.io/phase"] = phase
    made["status"] |= {"phase": phase, **more}
    cluster.put(WORKFLOWS, made)


@pytest.fixture
def several(cluster: FakeCluster) -> FakeCluster:
    put(cluster, "old", "Succeeded", 1)
    put(cluster, "bad", "Failed", 2, message="child 'x' failed")
    put(cluster, "ended", "Failed", 3, message="Stopped with strategy 'Stop'")
    put(cluster, "new", "Running", 4)
    put(cluster, "fresh", "", 5)
    cluster.put(WORKFLOWS, {"metadata": {"name": "etl", "uid": "e"}, "spec": {}})
    return cluster


def test_runs_are_listed_newest_first_and_others_are_left_out(
    several: FakeCluster, runs: ClusterRuns
) -> None:
    found = [(entry.name, entry.state.value, entry.error) for entry in runs.list()]

    assert found == [
        ("fresh", "PENDING", None),
        ("new", "RUNNING", None),
        ("ended", "CANCELED", "Stopped with strategy 'Stop'"),
        ("bad", "FAILED", "child 'x' failed"),
        ("old", "SUCCEEDED", None),
    ]
    assert {entry.pipeline for entry in runs.list()} == {"pipe"}


def test_a_run_that_ended_did_so_when_the_controller_last_changed_its_workflow(
    cluster: FakeCluster, runs: ClusterRuns
) -> None:
    put(cluster, "old", "Succeeded", 1)
    made: Any = cluster.get(WORKFLOWS, "old")
    changes = [
        {"manager": "workflow-controller", "time": "2026-01-01T00:01:30Z"},
        {"manager": "workflow-controller", "time": "2026-01-01T00:01:10Z"},
        {"manager": "kubectl-label", "time": "2026-01-01T09:00:00Z"},
    ]
    cluster.put(WORKFLOWS, {**made, "metadata": {**made["metadata"], "managedFields": changes}})

    (entry,) = runs.list()

    assert entry.finished_at is not None
    assert (entry.finished_at - entry.started_at).total_seconds() == 30


@pytest.mark.parametrize(
    ("text", "name"),
    [("old", "old"), ("new-00", "new"), ("@latest", "fresh"), ("@latest-failed", "bad")],
)
def test_a_run_is_selected(several: FakeCluster, runs: ClusterRuns, text: str, name: str) -> None:
    assert runs.select(text).name == name


def test_each_run_that_was_selected_is_read(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    ran(cluster, "chain", tmp_path)
    made: Any = cluster.get(WORKFLOWS, "wf")
    metadata = {**made["metadata"], "name": "later", "uid": "later"}
    cluster.put(WORKFLOWS, {**made, "metadata": metadata})
    first, second = runs.select("wf"), runs.select("later")

    read = [runs.read(each, with_values=False).run_id for each in (first, second)]

    assert read == [first.run_id, second.run_id]


def test_what_selects_no_run_says_where_it_looked(several: FakeCluster, runs: ClusterRuns) -> None:
    with pytest.raises(MissingObjectError) as caught:
        runs.select("gone")

    assert str(caught.value) == (
        "there is no run 'gone' in namespace 'ml' of cluster 'fake'; 'argosy list -n ml' shows "
        "those that there are"
    )


def test_what_selects_several_runs_names_two(cluster: FakeCluster, runs: ClusterRuns) -> None:
    for name in ("a", "ab"):
        put(cluster, name, "Running", 1)
        made: Any = cluster.get(WORKFLOWS, name)
        metadata = {**made["metadata"], "uid": f"77-{name}"}
        cluster.put(WORKFLOWS, {**made, "metadata": metadata})

    with pytest.raises(InvalidArgumentError, match="'77' fits 2 runs, 'ab' and 'a' among them"):
        runs.select("77")


# Runs whose workflow is gone.


def gone(cluster: FakeCluster, name: str, home: Path) -> tuple[ClusterRuns, RunResult]:
    """Run a pipeline on this machine; return what reads its records, and the result."""
    return ClusterRuns(cluster, store_url=str(home)), RUNS[name].run(home)


def test_a_run_without_a_workflow_is_read_from_its_records(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    runs, expected = gone(cluster, "failure", tmp_path)

    result = read(runs, expected.run_id)

    assert (result.state, result.pipeline) == (RunState.FAILED, expected.pipeline)
    assert result.error == expected.error
    assert [(task.path, task.state.value) for task in result.tasks] == [
        ("beside", "SUCCEEDED"),
        ("fails", "FAILED"),
        ("ignores", "SUCCEEDED"),
    ]
    assert result.notices == (
        "the workflow of this run is gone; this is what its records say, without the tasks that "
        "have none",
    )


def test_values_come_from_the_records(cluster: FakeCluster, tmp_path: Path) -> None:
    runs, expected = gone(cluster, "chain", tmp_path)

    result = read(runs, expected.run_id)

    assert result.state is RunState.SUCCEEDED
    assert {str(task.path): dict(task.outputs.parameters) for task in result.tasks} == {
        "Not in Argo's grammar": {},
        "again": {"Output": "hi"},
        "hello": {"Output": "hi"},
    }


def test_a_run_without_a_workflow_is_over_and_can_be_deleted(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    runs, expected = gone(cluster, "chain", tmp_path)
    run = runs.select(expected.run_id)

    assert runs.is_over(run)
    assert len(list(runs.follow(run))) == 1
    with pytest.raises(MissingObjectError, match="was deleted; only its records are left, use 'g"):
        runs.stop(run, at_once=False)
    runs.delete(run, artifacts=False)
    with pytest.raises(MissingObjectError, match="there is no run"):
        runs.select(expected.run_id)


# Stopping and deleting.


@pytest.mark.parametrize(("at_once", "strategy"), [(False, "Stop"), (True, "Terminate")])
def test_a_run_is_stopped_by_its_spec(
    several: FakeCluster, runs: ClusterRuns, at_once: bool, strategy: str
) -> None:
    run = runs.select("new")

    runs.stop(run, at_once=at_once)

    spec: Any = several.get(WORKFLOWS, "new")["spec"]
    assert (spec["shutdown"], runs.is_over(run)) == (strategy, False)


def test_a_run_that_has_ended_is_not_stopped(several: FakeCluster, runs: ClusterRuns) -> None:
    with pytest.raises(InvalidArgumentError, match=r"run 'old' has ended \(Succeeded\)"):
        runs.stop(runs.select("old"), at_once=False)


def test_a_run_is_deleted_with_its_records(
    cluster: FakeCluster, runs: ClusterRuns, tmp_path: Path
) -> None:
    result = ran(cluster, "chain", tmp_path)

    deletion = runs.delete(runs.select("wf"), artifacts=True)

    assert replace(deletion, deleted_artifacts=0).notices == ()
    assert not list(open_store(tmp_path).list(f"runs/{result.run_id}"))
    with pytest.raises(MissingObjectError):
        cluster.get(WORKFLOWS, "wf")


def test_records_stay_in_a_store_that_cannot_be_reached(
    cluster: FakeCluster, runs: ClusterRuns
) -> None:
    url = "s3://bucket?endpoint=http://127.0.0.1:1"
    cluster.put(WORKFLOWS, workflow("chain", store=url, uid="u"))

    deletion = runs.delete(runs.select("wf"), artifacts=False)

    (notice,) = deletion.notices
    assert notice.startswith("its records stay in the store, which cannot be used from here: ")
    assert runs.list() == []


def test_a_run_that_lasts_is_not_deleted(several: FakeCluster, runs: ClusterRuns) -> None:
    with pytest.raises(InvalidArgumentError, match="stop it first with 'argosy stop new -n ml'"):
        runs.delete(runs.select("new"), artifacts=False)

"""A new workflow goes on with the run of another one, and leaves out what that one did."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from argosy_cluster.cluster import Document
from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.kept_workflows import keep_workflow
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import find_sources
from argosy_cluster.submission.known_results import (
    PlannedArguments,
    adapt_options,
    find_known_results,
    write_known_records,
)
from argosy_cluster.submission.retrying import retry_run
from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.config_objects import ConfigObject
from argosy_compiler.options import IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_expressions.argo.tags import fill
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.results import RunResult
from argosy_schemas.errors import InvalidArgumentError, MissingObjectError
from argosy_schemas.formats.packed_ir import decode_base64, unpack
from argosy_schemas.ir.known import KnownTask
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.pod import IR_PARAMETER, PATCH_INPUT, ROOT_PARAMETER, STORE_PARAMETER
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store
from cli_processes import shell_pipeline

SCRIPTS = {
    "one": 'echo one > "$0"',
    "two": '[ -e FUSE ] && echo two > "$0"',
    "three": 'echo three > "$0"',
}


def shell(tmp_path: Path, *, cache: bool = False) -> Pipeline:
    fuse = str(tmp_path / "fuse")
    scripts = {key: text.replace("FUSE", fuse) for key, text in SCRIPTS.items()}
    document: Any = json.loads(
        shell_pipeline("retried", scripts, after={"two": "one", "three": "two"})
    )
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": cache}
    return read_pipeline(json.dumps(document).encode(), file="retried.json")


class World:
    """A cluster whose workflows the embedded engine ran."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cluster = FakeCluster()
        self.runs = ClusterRuns(self.cluster)

    def run(self, pipeline: Pipeline, **changes: Any) -> RunResult:
        """Run a pipeline, and put its workflow into the cluster as ``wf``."""
        options = CompileOptions(store=str(self.home), service_account="runner")
        compiled = compile_pipeline(pipeline, options)
        result = run_workflow(
            compiled.workflow, compiled.ir, settings=RunSettings(home=self.home, jobs=1)
        )
        document: Any = json.loads(json.dumps(compiled.workflow))
        given = {ROOT_PARAMETER: str(self.home / "artifacts")}
        for parameter in document["spec"]["arguments"]["parameters"]:
            parameter["value"] = given.get(parameter["name"], parameter.get("value"))
        document["metadata"] |= {
            "name": "wf",
            "uid": result.run_id,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {**document["metadata"]["labels"], "team": "a"},
        }
        document["spec"] |= changes
        phase = "Succeeded" if result.state == "SUCCEEDED" else "Failed"
        document["status"] = {"phase": phase}
        self.cluster.put(WORKFLOWS, document)
        return result

    def workflow(self, name: str) -> Any:
        return self.cluster.get(WORKFLOWS, name)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home")
    with made.runs:
        yield made


def tasks(workflow: Document) -> list[str]:
    """Return the tasks of the root that have nodes."""
    spec: Any = workflow["spec"]
    root = next(one for one in spec["templates"] if one["name"] == "root")
    names = (task["name"] for task in root["dag"]["tasks"])
    return sorted(name for name in names if name != "known-results")


def arguments(workflow: Document) -> Mapping[str, str]:
    spec: Any = workflow["spec"]
    return {each["name"]: each["value"] for each in spec["arguments"]["parameters"]}


def carried(workflow: Document) -> Pipeline:
    return unpack(decode_base64(arguments(workflow)[IR_PARAMETER]))


def test_a_failed_run_goes_on_without_what_succeeded(world: World, tmp_path: Path) -> None:
    failed = world.run(shell(tmp_path), priority=7, shutdown="Stop")

    retried = retry_run(world.runs, "wf")

    made = world.workflow(retried.name)
    assert (retried.run_id, retried.known) == (failed.run_id, 1)
    assert tasks(made) == ["three", "two"]
    assert carried(made).known.tasks == {"one"}
    assert read_run_identity(made["metadata"]).run_id == failed.run_id
    assert made["metadata"]["labels"]["team"] == "a"
    assert (made["spec"]["priority"], made["spec"]["serviceAccountName"]) == (7, "runner")
    assert "shutdown" not in made["spec"]
    assert arguments(made)[STORE_PARAMETER] == str(world.home)


def test_a_run_goes_on_whose_workflow_cannot_be_kept(world: World, tmp_path: Path) -> None:
    failed = world.run(shell(tmp_path))
    (world.home / "runs" / failed.run_id / "workflow.json" / "in-its-place").mkdir(parents=True)

    retried = retry_run(world.runs, "wf")

    assert tasks(world.workflow(retried.name)) == ["three", "two"]
    (notice,) = retried.notices
    assert notice.startswith("the run cannot be retried once its workflow is gone: ")


def test_the_run_is_listed_once_as_its_newest_workflow(world: World, tmp_path: Path) -> None:
    failed = world.run(shell(tmp_path))
    retried = retry_run(world.runs, "wf")

    (entry,) = world.runs.list()

    assert (entry.run_id, entry.name) == (failed.run_id, retried.name)
    assert world.runs.select(failed.run_id[:8]).name == retried.name


def test_all_workflows_of_a_run_are_deleted(world: World, tmp_path: Path) -> None:
    failed = world.run(shell(tmp_path))
    retried = retry_run(world.runs, "wf")
    world.cluster.put(WORKFLOWS, {**world.workflow(retried.name), "status": {"phase": "Failed"}})

    world.runs.delete(world.runs.select(failed.run_id), artifacts=False)

    assert list(world.runs.list()) == []
    assert not (world.home / "runs" / failed.run_id / "workflow.json").exists()


def test_a_task_and_what_follows_it_are_asked_to_run_again(world: World, tmp_path: Path) -> None:
    (tmp_path / "fuse").touch()
    world.run(shell(tmp_path, cache=True))

    with pytest.raises(InvalidArgumentError, match="run 'wf' succeeded; name a task"):
        retry_run(world.runs, "wf")
    retried = retry_run(world.runs, "wf", again=("two",))

    made = world.workflow(retried.name)
    assert tasks(made) == ["three", "two"]
    assert sorted(carried(made).known.outdated) == ["three", "two"]


def test_a_run_goes_on_after_its_workflow_was_deleted(world: World, tmp_path: Path) -> None:
    failed = world.run(shell(tmp_path))
    keep_workflow(world.workflow("wf"), failed.run_id, open_store(world.home))
    world.cluster.delete(WORKFLOWS, "wf")

    with pytest.raises(MissingObjectError):
        retry_run(world.runs, failed.run_id)
    retried = retry_run(world.runs, failed.run_id, store_url=str(world.home))

    assert retried.run_id == failed.run_id
    assert tasks(world.workflow(retried.name)) == ["three", "two"]


def test_a_retried_run_can_be_retried(world: World, tmp_path: Path) -> None:
    failed = world.run(shell(tmp_path))
    first = retry_run(world.runs, "wf")
    made = dict(world.workflow(first.name))
    world.cluster.put(WORKFLOWS, {**made, "status": {"phase": "Failed"}})

    second = retry_run(world.runs, failed.run_id)

    assert second.run_id == failed.run_id
    assert tasks(world.workflow(second.name)) == ["three", "two"]
    assert read_run_identity(world.workflow(second.name)["metadata"]).name == "wf"


def test_a_run_that_lasts_is_not_retried(world: World, tmp_path: Path) -> None:
    world.run(shell(tmp_path))
    running = {**world.workflow("wf"), "status": {"phase": "Running"}}
    world.cluster.put(WORKFLOWS, running)

    with pytest.raises(InvalidArgumentError, match="run 'wf' has not ended; wait for its end"):
        retry_run(world.runs, "wf")


def with_workspace(pipeline: Pipeline) -> Pipeline:
    spec = {"platforms": {"kubernetes": {"pipelineConfig": {"workspace": {"size": "1Gi"}}}}}
    text = json.dumps(dict(pipeline.document)) + "\n---\n" + json.dumps(spec)
    return read_pipeline(text.encode(), file="workspace.yaml")


def have_workspace(world: World, **status: Any) -> None:
    """Let Argo have made the workspace of the first workflow."""
    claim = {"name": "kfp-workspace", "persistentVolumeClaim": {"claimName": "wf-kfp-workspace"}}
    workflow = world.workflow("wf")
    status = {**workflow["status"], "persistentVolumeClaims": [claim], **status}
    world.cluster.put(WORKFLOWS, {**workflow, "status": status})


def mounted(workflow: Any) -> set[str]:
    """Return the claims that pods of a workflow mount."""
    volumes = [one for each in workflow["spec"]["templates"] for one in each.get("volumes", ())]
    claims = [one["persistentVolumeClaim"] for one in volumes if "persistentVolumeClaim" in one]
    environment = {"workflow": {"name": workflow["metadata"]["name"]}}
    return {fill(claim["claimName"], environment) for claim in claims}


def test_a_run_that_goes_on_has_the_workspace_of_its_first_workflow(
    world: World, tmp_path: Path
) -> None:
    world.run(with_workspace(shell(tmp_path)))
    assert mounted(world.workflow("wf")) == {"wf-kfp-workspace"}
    have_workspace(world)

    first = world.workflow(retry_run(world.runs, "wf").name)
    world.cluster.put(WORKFLOWS, {**first, "status": {"phase": "Failed"}})
    second = world.workflow(retry_run(world.runs, first["metadata"]["name"]).name)

    for made in (first, second):
        assert tasks(made) == ["three", "two"]
        assert mounted(made) == {"wf-kfp-workspace"}
        assert "volumeClaimTemplates" not in made["spec"]


def test_a_run_whose_workspace_is_gone_does_not_go_on(world: World, tmp_path: Path) -> None:
    failed = world.run(with_workspace(shell(tmp_path)))
    have_workspace(world, persistentVolumeClaims=None)
    gone = (
        "the workspace of run 'wf' is gone, and with it what its tasks wrote there; submit the "
        "pipeline anew"
    )

    with pytest.raises(InvalidArgumentError) as caught:
        retry_run(world.runs, "wf")
    assert str(caught.value) == gone

    have_workspace(world)
    keep_workflow(world.workflow("wf"), failed.run_id, open_store(world.home))
    world.cluster.delete(WORKFLOWS, "wf")
    with pytest.raises(InvalidArgumentError) as caught:
        retry_run(world.runs, failed.run_id, store_url=str(world.home))
    assert str(caught.value) == gone


def with_claims(tmp_path: Path) -> Pipeline:
    """Return a pipeline that makes a claim, writes there twice, and deletes it."""
    document: Any = json.loads(json.dumps(dict(shell(tmp_path).document)))
    dag, components = document["root"]["dag"]["tasks"], document["components"]
    executors = document["deploymentSpec"]["executors"]
    texts = ("access_modes", "pvc_name_suffix", "size")
    for key, inputs in (("createpvc", texts), ("deletepvc", ("pvc_name",))):
        executors[f"exec-{key}"] = {"container": {"image": f"argostub/{key}"}}
        given = {name: {"parameterType": "STRING"} for name in inputs}
        if key == "createpvc":
            given["access_modes"] = {"parameterType": "LIST"}
        components[f"comp-{key}"] = {
            "executorLabel": f"exec-{key}",
            "inputDefinitions": {"parameters": given},
        }
        dag[key] = {
            "taskInfo": {"name": key},
            "componentRef": {"name": f"comp-{key}"},
            "cachingOptions": {},
        }
    components["comp-createpvc"]["outputDefinitions"] = {
        "parameters": {"name": {"parameterType": "STRING"}}
    }
    dag["createpvc"]["inputs"] = {
        "parameters": {
            "access_modes": {"runtimeValue": {"constant": ["ReadWriteOnce"]}},
            "pvc_name_suffix": {"runtimeValue": {"constant": "-data"}},
            "size": {"runtimeValue": {"constant": "1Gi"}},
        }
    }
    name = {"taskOutputParameter": {"producerTask": "createpvc", "outputParameterKey": "name"}}
    dag["deletepvc"] |= {
        "inputs": {"parameters": {"pvc_name": name}},
        "dependentTasks": ["createpvc", "three"],
    }
    dag["one"]["dependentTasks"] = ["createpvc"]
    mounts = {
        f"exec-{key}": {"pvcMount": [{**name, "mountPath": "/data"}]} for key in ("one", "two")
    }
    spec = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": mounts}}}}
    text = json.dumps(document) + "\n---\n" + json.dumps(spec)
    return read_pipeline(text.encode(), file="claims.yaml")


def patched(workflow: Any, task: str) -> list[str]:
    """Return the claims that the patch of a task's pod mounts."""
    root = next(one for one in workflow["spec"]["templates"] if one["name"] == "root")
    (found,) = [one for one in root["dag"]["tasks"] if one["name"] == task]
    (patch,) = [one for one in found["arguments"]["parameters"] if one["name"] == PATCH_INPUT]
    volumes = json.loads(fill(patch["value"], {}))["volumes"]
    return [volume["persistentVolumeClaim"]["claimName"] for volume in volumes]


def end_nodes(world: World, **phases: str) -> None:
    """Give the workflow the nodes that Argo would have."""
    root = {"id": "wf", "name": "wf", "type": "DAG", "templateName": "root", "phase": "Failed"}
    nodes = [root] + [
        {
            "id": f"wf-{number}",
            "name": f"wf.{task}",
            "type": "Pod",
            "templateName": "pod",
            "boundaryID": "wf",
            "phase": phase,
        }
        for number, (task, phase) in enumerate(phases.items())
    ]
    status: Any = {"phase": "Failed", "nodes": {each["id"]: each for each in nodes}}
    world.cluster.put(WORKFLOWS, {**world.workflow("wf"), "status": status})


def test_a_run_that_goes_on_keeps_its_volume_claim(world: World, tmp_path: Path) -> None:
    world.run(with_claims(tmp_path))
    end_nodes(world, createpvc="Succeeded", one="Succeeded", two="Failed")

    first = world.workflow(retry_run(world.runs, "wf").name)

    assert tasks(first) == ["deletepvc", "three", "two"]
    assert patched(first, "two") == ["wf-data"]
    assert carried(first).known.tasks == {"createpvc", "one"}
    world.cluster.put(WORKFLOWS, {**first, "status": {"phase": "Failed", "nodes": {}}})
    second = world.workflow(retry_run(world.runs, first["metadata"]["name"]).name)
    assert tasks(second) == ["deletepvc", "three", "two"]
    assert patched(second, "two") == ["wf-data"]


def test_a_claim_that_was_not_made_gets_the_name_that_drivers_expect(
    world: World, tmp_path: Path
) -> None:
    world.run(with_claims(tmp_path))
    end_nodes(world, createpvc="Failed")

    made = world.workflow(retry_run(world.runs, "wf").name)

    spec: Any = made["spec"]
    root = next(one for one in spec["templates"] if one["name"] == "root")
    (create,) = [one for one in root["dag"]["tasks"] if one["name"] == "createpvc"]
    environment = {"workflow": {"name": made["metadata"]["name"]}}
    (claim,) = create["arguments"]["parameters"]
    assert fill(claim["value"], environment) == "wf-data"


@pytest.mark.parametrize(
    ("nodes", "again", "message"),
    [
        (
            {"createpvc": "Succeeded", "deletepvc": "Succeeded"},
            (),
            "task 'deletepvc' of run 'wf' has deleted a volume claim, and with it what other tasks "
            "wrote there; submit the pipeline anew",
        ),
        (
            {"createpvc": "Succeeded", "two": "Failed"},
            ("createpvc",),
            "task 'createpvc' has made its volume claim, and cannot make it again; name a task "
            "that follows it",
        ),
    ],
)
def test_claims_that_a_run_cannot_go_on_with_are_refused(
    world: World, tmp_path: Path, nodes: dict[str, str], again: tuple[str, ...], message: str
) -> None:
    world.run(with_claims(tmp_path))
    end_nodes(world, **nodes)

    with pytest.raises(InvalidArgumentError) as caught:
        retry_run(world.runs, "wf", again=again)

    assert str(caught.value) == message


def test_nobody_knows_the_claims_of_a_workflow_that_is_gone(world: World, tmp_path: Path) -> None:
    failed = world.run(with_claims(tmp_path))
    keep_workflow(world.workflow("wf"), failed.run_id, open_store(world.home))
    world.cluster.delete(WORKFLOWS, "wf")

    with pytest.raises(InvalidArgumentError, match="makes volume claims, and only its workflow"):
        retry_run(world.runs, failed.run_id, store_url=str(world.home))


def test_what_the_cache_has_is_known_to_a_new_run(world: World, tmp_path: Path) -> None:
    pipeline = shell(tmp_path, cache=True)
    first = world.run(pipeline)

    settled = find_known_results(
        pipeline,
        CompileOptions(root=str(world.home / "artifacts")),
        PlannedArguments(),
        url=str(world.home),
    )

    assert sorted(settled.tasks) == ["one"]
    reference = settled.tasks[TaskPath("one")].record
    assert reference is not None
    assert reference.run_id == first.run_id


def test_a_run_has_records_of_its_own_for_what_it_knew(world: World, tmp_path: Path) -> None:
    pipeline = shell(tmp_path, cache=True)
    first = world.run(pipeline)
    store, run_id = open_store(world.home), RunId("new-run")
    settled = find_known_results(
        pipeline, CompileOptions(), PlannedArguments(), url=str(world.home)
    )
    known = unpack(compile_pipeline(pipeline, CompileOptions(), known=settled.tasks).ir).known
    records = RunRecords(store, run_id, known=known)

    before = records.read_success(TaskPath("one"))
    write_known_records(settled.records, run_id, store=store)
    (world.home / "runs" / first.run_id / "tasks" / "one" / "success.json").unlink()
    after = RunRecords(store, run_id, known=known).read_success(TaskPath("one"))

    assert before is not None
    assert after is not None
    assert (after.run_id, after.outputs) == (run_id, before.outputs)
    assert after.cached_from == before.reference


def test_the_ir_of_a_run_that_goes_on_is_in_no_config_map(world: World) -> None:
    url = str(world.home)

    adapted = adapt_options(CompileOptions(ir=IrPlacement.CONFIGMAP), url)

    assert (adapted.ir, adapted.store) == (IrPlacement.AUTO, url)
    kept = CompileOptions(ir=IrPlacement.STORE, store="s3://bucket/argosy")
    assert adapt_options(kept, url) == kept


def test_the_store_of_a_workflow_without_drivers_is_in_its_options() -> None:
    pipeline = read_pipeline(shell_pipeline("small", {"one": "true"}).encode(), file="small.json")
    options = CompileOptions(store_from=ConfigObject(kind="configmap", name="argosy"))
    known = {TaskPath("one"): KnownTask(phase="Succeeded")}
    document: Any = compile_pipeline(pipeline, options, known=known).workflow

    sources = find_sources(document)

    assert (sources.store, sources.store_object) == (None, options.store_from)

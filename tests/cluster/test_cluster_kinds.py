"""Templates, schedules and steps by ``templateRef``, as Argo runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from argo_cluster import ArgoCluster, ArgoRun, Json
from argosy_compiler import compile_pipeline
from argosy_compiler.objects.arguments import give_arguments
from argosy_compiler.objects.kinds import ObjectOptions, WorkflowKind, make_object
from argosy_compiler.objects.schedules import Schedule
from argosy_schemas.reading.pipeline import read_pipeline

EXAMPLE = Path(__file__).parents[2] / "examples" / "14-step-of-a-workflow"
PIPELINE = read_pipeline((EXAMPLE / "pipeline.yaml").read_bytes(), file="pipeline.yaml")
NAME = "score-of-a-test"


def make(cluster: ArgoCluster, kind: WorkflowKind, **arguments: str) -> str:
    """The object of the example's pipeline, as text."""
    compiled = compile_pipeline(PIPELINE, cluster.options)
    schedule = Schedule(times=("@every 5s",)) if kind is WorkflowKind.CRON else None
    workflow = give_arguments(compiled.workflow, PIPELINE, arguments)
    options = ObjectOptions(kind=kind, name=NAME, schedule=schedule)
    return json.dumps(make_object(workflow, options))


@pytest.fixture
def template(cluster: ArgoCluster, tmp_path: Path) -> Iterator[str]:
    """The name of the WorkflowTemplate, which the service account may make workflows from."""
    account = f"{cluster.namespace}:{cluster.options.service_account}"
    rights = ("--verb", "create,get", "--resource", "workflows.argoproj.io")
    cluster.kubectl("create", "role", NAME, *rights)
    cluster.kubectl("create", "rolebinding", NAME, "--role", NAME, "--serviceaccount", account)
    (tmp_path / "template.json").write_text(make(cluster, WorkflowKind.TEMPLATE))
    cluster.kubectl("apply", "-f", str(tmp_path / "template.json"))
    yield NAME
    cluster.kubectl("delete", "workflowtemplate,role,rolebinding", NAME)


def output_of(run: ArgoRun) -> Any:
    """The output of a workflow of the example, as Argo shows it."""
    (parameter,) = run.get()["status"]["nodes"][run.name]["outputs"]["parameters"]
    return json.loads(parameter["value"])


def test_a_workflow_from_a_template_is_a_run_with_the_labels_of_others(
    cluster: ArgoCluster, template: str
) -> None:
    run = cluster.submit_from(f"workflowtemplate/{template}", "-p", "rows=14")

    assert run.end() == "Succeeded"
    assert output_of(run) == 0.5
    assert run.get()["metadata"]["labels"]["argosy.dev/pipeline"] == "score"
    (pod,) = run.pods()
    assert pod["metadata"]["labels"]["pipeline/runid"] == run.get()["metadata"]["uid"]


def test_a_step_of_another_workflow_gets_and_gives_values(
    cluster: ArgoCluster, template: str
) -> None:
    text = (EXAMPLE / "workflow-of-mine.yaml").read_text()
    workflow: Json = yaml.safe_load(text.replace("{name: score,", f"{{name: {template},"))
    workflow["spec"]["serviceAccountName"] = cluster.options.service_account

    run = cluster.submit(workflow)

    assert run.end() == "Succeeded"
    (pod,) = (pod for pod in run.pods() if "print" in pod["metadata"]["name"])
    assert "The score is 0.5" in cluster.read_log(pod["metadata"]["name"])


def test_a_cron_workflow_runs_with_the_values_that_it_was_given(
    cluster: ArgoCluster, tmp_path: Path
) -> None:
    (tmp_path / "cron.json").write_text(make(cluster, WorkflowKind.CRON, rows="2"))
    cluster.kubectl("apply", "-f", str(tmp_path / "cron.json"))
    selector = f"workflows.argoproj.io/cron-workflow={NAME}"
    try:
        name = cluster.wait_for_workflow(selector)
    finally:
        cluster.kubectl("delete", "cronworkflow", NAME, "--cascade=orphan")

    run = ArgoRun(cluster=cluster, name=name)
    assert run.end() == "Succeeded"
    assert output_of(run) == 3.5

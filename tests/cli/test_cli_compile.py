"""``argosy compile``, as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_processes import argosy

EXAMPLES = Path(__file__).parents[2] / "examples"
PIPELINE = """{
  "schemaVersion": "2.1.0",
  "pipelineInfo": {"name": "large"},
  "root": {"dag": {"tasks": {"say": {"componentRef": {"name": "comp-say"}}}}},
  "components": {"comp-say": {"executorLabel": "exec-say"}},
  "deploymentSpec": {"executors": {"exec-say": {"container": {"image": "alpine"}}}}
}"""


def test_stats_say_pods_sizes_and_limits_beside_the_workflow(tmp_path: Path) -> None:
    ended = argosy("compile", str(EXAMPLES / "10-loops" / "pipeline.yaml"), "--stats", cwd=tmp_path)

    lines = ended.err.splitlines()
    assert ended.status == 0
    assert lines[0] == "pods: 3 for 3 tasks, 1.00 per task (0 decide, 0 are volume claims)"
    assert lines[1] == "loops of a length known at run time, counted once: 1"
    size = len(json.dumps(json.loads(ended.out), separators=(",", ":"), ensure_ascii=False))
    assert lines[-1] == f"bytes of the workflow: {size:,} of 1,048,576 ({size / 10485.76:.1f} %)"


def test_what_argo_cannot_hold_is_not_written(tmp_path: Path) -> None:
    pipeline = json.loads(PIPELINE)
    spec = {"parameterType": "STRING", "isOptional": True, "defaultValue": "x" * 2**20}
    pipeline["root"]["inputDefinitions"] = {"parameters": {"text": spec}}
    (tmp_path / "large.json").write_text(json.dumps(pipeline))

    ended = argosy("compile", "large.json", "-o", "workflow.json", "--stats", cwd=tmp_path)

    assert ended.status == 2
    assert not (tmp_path / "workflow.json").exists()
    (error,) = ended.errors
    assert "and Argo takes 1,048,576 together with its status; " in error
    # What it consists of is told all the same.
    assert ended.err.startswith("pods: 1 for 1 task, 1.00 per task")


def test_a_dash_is_standard_output(tmp_path: Path) -> None:
    ended = argosy("compile", str(EXAMPLES / "01-hello" / "pipeline.yaml"), "-o", "-", cwd=tmp_path)

    assert json.loads(ended.out)["kind"] == "Workflow"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--max-templates", "x"), "'x' is not a whole number"),
        (("--max-dag-tasks", "2"), "2 is too few; use 3 or more"),
        (("--max-templates", "1"), "and --max-templates allows 1"),
    ],
)
def test_a_number_of_the_caller_is_called_so(
    words: tuple[str, str], message: str, tmp_path: Path
) -> None:
    file = str(EXAMPLES / "01-hello" / "pipeline.yaml")

    ended = argosy("compile", file, *words, cwd=tmp_path)

    assert ended.status == 2
    assert message in ended.errors[0]


def compile_hello(directory: Path, *words: str) -> Any:
    ended = argosy("compile", str(EXAMPLES / "01-hello" / "pipeline.yaml"), *words, cwd=directory)
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def test_a_cron_workflow_runs_by_a_schedule_with_the_values_given_now(tmp_path: Path) -> None:
    words = ("--schedule", "0 3 * * *", "--schedule", "@weekly", "--timezone", "Europe/Berlin")

    cron = compile_hello(
        tmp_path, "--kind", "cronworkflow", *words, "--store", "s3://b/a", "-p", "name=Argo"
    )

    assert cron["kind"] == "CronWorkflow"
    assert cron["spec"]["schedules"] == ["0 3 * * *", "@weekly"]
    parameters = cron["spec"]["workflowSpec"]["arguments"]["parameters"]
    assert {"name": "name", "value": "Argo"} in parameters


def test_patches_apply_in_their_order_to_whatever_is_made(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text("spec: {priority: 1, podGC: {strategy: OnPodSuccess}}")
    (tmp_path / "second.json").write_text('{"spec": {"priority": 2}}')

    template = compile_hello(
        tmp_path, "--kind", "WorkflowTemplate", "--patch", "first.yaml", "--patch", "second.json"
    )

    assert template["spec"]["priority"] == 2
    assert template["spec"]["podGC"] == {"strategy": "OnPodSuccess"}


def test_images_come_from_the_registries_that_are_named(tmp_path: Path) -> None:
    rules = ("--image-map", "docker.io=r.example.org/hub", "--image-map", "ghcr.io=r.example.org")

    workflow = compile_hello(tmp_path, *rules)

    (pod,) = (one for one in workflow["spec"]["templates"] if "container" in one)
    assert pod["container"]["image"].startswith("r.example.org/hub/library/python:")
    assert pod["sidecars"][0]["image"].startswith("r.example.org/argosy/argosy:")


@pytest.mark.parametrize(
    ("words", "text", "error"),
    [
        (["--patch", "patch.yaml"], None, "--patch 'patch.yaml' cannot be read: No such file"),
        (["--patch", "patch.yaml"], "[]", "--patch 'patch.yaml' must hold one object"),
        (["--patch", "patch.yaml"], "a: [", "--patch 'patch.yaml'"),
        (["--patch", "patch.yaml"], "kind: Pod", "the patch sets 'kind'"),
        (
            ["--patch", "patch.yaml"],
            "spec: {priority: high, nope: 1}",
            "--patch: this is not a Workflow: spec.priority: Input should be a valid integer",
        ),
        (
            ["--patch", "patch.yaml"],
            "spec: {nope: 1}",
            "--patch: Argo has no such fields: workfl",
        ),
        (["--suspended"], None, "--timezone and --suspended belong to a --schedule"),
        (["--schedule", "@daily"], None, "a CronWorkflow needs --schedule, and only"),
        (["-p", "nam=x"], None, "the pipeline has no parameter 'nam'; did you mean 'name'?"),
        (["--image-map", "docker.io"], None, "--image-map 'docker.io' is not FROM=TO"),
        (["--name", "A"], None, "--name 'A' cannot be the name of a Workflow"),
    ],
)
def test_what_fits_no_object_is_one_line(
    words: list[str], text: str | None, error: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "patch.yaml").write_text(text)

    ended = argosy("compile", str(EXAMPLES / "01-hello" / "pipeline.yaml"), *words, cwd=tmp_path)

    assert ended.status == 2
    assert ended.out == ""
    assert [line.startswith(error) for line in ended.errors] == [True], ended.errors

"""Everything that the compiler emits passes the Pod Security Standard *restricted* by itself."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from argo_pods import find_incomplete, make_pods
from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.options import PodSecurity
from argosy_schemas.reading.pipeline import read_pipeline
from pod_security import find_violations

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "kfp-pipelines"
PIPELINES = sorted(path for path in CORPUS.rglob("*.yaml") if "invalid" not in path.parts)
WORKFLOWS = sorted(
    [*ROOT.glob("examples/*/workflow.json"), *ROOT.glob("tests/golden/*/*.workflow.yaml")]
)
EXAMPLE = ROOT / "examples/03-train/pipeline.yaml"
OPTIONS = CompileOptions(store="s3://bucket/argosy")


def compile_file(path: Path, options: CompileOptions = OPTIONS) -> Any:
    return compile_pipeline(read_pipeline(path.read_bytes(), file=path.name), options).workflow


def check(workflow: Any) -> None:
    """Fail if a pod of the workflow is refused, or not whole."""
    pods = dict(make_pods(workflow))
    assert {
        name: found for name, pod in pods.items() if (found := [*find_violations(pod["spec"])])
    } == {}
    assert {name: found for name, pod in pods.items() if (found := [*find_incomplete(pod)])} == {}
    # Patches that tasks pass hold none of what the standard looks at.
    dags = json.dumps([one for one in workflow["spec"]["templates"] if "dag" in one])
    for word in ("privileged", "hostPath", "hostNetwork", "hostPort", "procMount", "capabilities"):
        assert f'"{word}"' not in dags.replace("\\", "")


@pytest.mark.skipif(not PIPELINES, reason="needs ../shared/kfp-pipelines")
@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.relative_to(CORPUS).as_posix())
def test_pods_of_real_pipelines_are_restricted(path: Path) -> None:
    check(compile_file(path))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pods_of_examples_and_golden_workflows_are_restricted(path: Path) -> None:
    check(yaml.safe_load(path.read_text()))


def test_examples_and_golden_workflows_are_found() -> None:
    assert len(WORKFLOWS) > 30
    kinds = {
        kind
        for path in WORKFLOWS
        for template in yaml.safe_load(path.read_text())["spec"]["templates"]
        for kind in (*template, *(one["name"] for one in template.get("initContainers", ())))
    }
    # Steps, deciding pods, pods that make claims, twins of exit tasks, init containers of users.
    assert kinds >= {"driver", "container", "resource", "steps", "fetch"}


@pytest.mark.parametrize(
    ("broken", "violation"),
    [
        ("securityContext", "container wait: runAsNonRoot"),
        ("podSpecPatch", "container init: allowPrivilegeEscalation"),
    ],
)
def test_a_workflow_without_its_settings_is_refused(broken: str, violation: str) -> None:
    workflow = compile_file(EXAMPLE)
    spec = {name: value for name, value in workflow["spec"].items() if name != broken}

    ((_, pod),) = make_pods({"spec": spec})

    assert violation in find_violations(pod["spec"])


def test_a_patch_that_names_a_container_which_the_pod_lacks_is_found() -> None:
    workflow = copy.deepcopy(compile_file(ROOT / "examples/13-secrets-and-claims/pipeline.yaml"))
    for template in workflow["spec"]["templates"]:
        template.pop("podSpecPatch", None)
    template = {"name": "make", "resource": {"action": "create", "manifest": "{}"}}
    workflow["spec"]["templates"].append(template)

    found = [*find_incomplete(dict(make_pods(workflow))["make"])]

    assert found == [
        "initContainers.driver has no image",
        "initContainers.driver mounts 'argosy-no-token', which is no volume",
        "containers.launcher has no image",
        "containers.launcher mounts 'argosy-no-token', which is no volume",
    ]


def test_baseline_leaves_tasks_as_their_images_are() -> None:
    workflow = compile_file(
        EXAMPLE,
        CompileOptions(store="s3://bucket", pod_security=PodSecurity.BASELINE),
    )

    for _, pod in make_pods(workflow):
        assert "securityContext" not in pod["spec"]
        assert "securityContext" not in next(
            one for one in pod["spec"]["containers"] if one["name"] == "main"
        )
        own = [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]
        contexts = {one["name"]: one.get("securityContext") for one in own}
        assert contexts["main"] is None
        assert (
            contexts["driver"]
            == contexts["launcher"]
            == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
        )

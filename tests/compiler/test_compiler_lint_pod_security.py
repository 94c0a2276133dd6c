"""What a namespace with a Pod Security Standard refuses is found before a pod is made."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import PodSecurity
from argosy_schemas.reading.pipeline import read_pipeline

EXAMPLE = Path(__file__).parents[2] / "examples/01-hello/pipeline.yaml"


def make_workflow(level: PodSecurity) -> Any:
    pipeline = read_pipeline(EXAMPLE.read_bytes(), file="pipeline.yaml")
    options = CompileOptions(store="s3://bucket", pod_security=level)
    return copy.deepcopy(compile_pipeline(pipeline, options).workflow)


def lint(level: PodSecurity, change: Callable[[Any], Any]) -> list[tuple[str, str]]:
    workflow = make_workflow(level)
    change(workflow["spec"])
    return [(one.path, one.message) for one in lint_workflow(workflow, "4.0")]


def _pod(spec: Any) -> Any:
    return next(one for one in spec["templates"] if "container" in one)


def _context(**settings: Any) -> Callable[[Any], Any]:
    return lambda spec: _pod(spec)["container"].setdefault("securityContext", {}).update(settings)


def _whole(**settings: Any) -> Callable[[Any], Any]:
    return lambda spec: spec.update(settings)


def _pod_context(**settings: Any) -> Callable[[Any], Any]:
    return lambda spec: spec.setdefault("securityContext", {}).update(settings)


def _volume(**source: Any) -> Callable[[Any], Any]:
    return lambda spec: _pod(spec)["volumes"].append({"name": "more", **source})


def _port(spec: Any) -> None:
    _pod(spec)["container"]["ports"] = [{"containerPort": 80, "hostPort": 80}]


def make_message(fault: str, level: PodSecurity) -> str:
    refused = f"{fault}, which a namespace that enforces '{level}' refuses"
    return f"{refused} (task 'hello'); leave it out"


MAIN = "spec.templates.pod.container"
CONTEXT = f"{MAIN}.securityContext"

BOTH: list[tuple[Callable[[Any], Any], str, str]] = [
    (_context(privileged=True), f"{CONTEXT}.privileged", "is true"),
    (_context(procMount="Unmasked"), f"{CONTEXT}.procMount", "is 'Unmasked'"),
    (
        _context(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
        f"{CONTEXT}.capabilities.add",
        "has 'SYS_ADMIN'",
    ),
    (
        _context(seccompProfile={"type": "Unconfined"}),
        f"{CONTEXT}.seccompProfile.type",
        "is 'Unconfined'",
    ),
    (
        _volume(hostPath={"path": "/"}),
        "spec.templates.pod.volumes.more",
        "is a volume of the kind 'hostPath'",
    ),
    (_port, f"{MAIN}.ports", "has the host port 80"),
]
RESTRICTED: list[tuple[Callable[[Any], Any], str, str]] = [
    (_context(runAsUser=0), f"{CONTEXT}.runAsUser", "is 0"),
    (_context(runAsNonRoot=False), f"{CONTEXT}.runAsNonRoot", "is false"),
    (
        _context(capabilities={"add": ["CHOWN"]}),
        f"{CONTEXT}.capabilities.add",
        "has 'CHOWN'",
    ),
    (
        _volume(nfs={"server": "s", "path": "/"}),
        "spec.templates.pod.volumes.more",
        "is a volume of the kind 'nfs'",
    ),
]


@pytest.mark.parametrize("level", PodSecurity)
@pytest.mark.parametrize(("change", "path", "fault"), BOTH)
def test_what_every_standard_refuses_is_found(
    level: PodSecurity, change: Callable[[Any], Any], path: str, fault: str
) -> None:
    message = make_message(fault, level)

    assert lint(level, change) == [(path, message)]


@pytest.mark.parametrize(("change", "path", "fault"), RESTRICTED)
def test_what_restricted_alone_refuses_is_found(
    change: Callable[[Any], Any], path: str, fault: str
) -> None:
    message = make_message(fault, PodSecurity.RESTRICTED)

    assert lint(PodSecurity.RESTRICTED, change) == [(path, message)]
    assert lint(PodSecurity.BASELINE, change) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (_whole(hostNetwork=True), "spec.hostNetwork"),
        (_pod_context(runAsUser=0), "spec.securityContext.runAsUser"),
        (
            _pod_context(seccompProfile={"type": "Unconfined"}),
            "spec.securityContext.seccompProfile.type",
        ),
    ],
)
def test_settings_of_the_workflow_are_those_of_all_pods(
    change: Callable[[Any], Any], path: str
) -> None:
    ((found, message),) = lint(PodSecurity.RESTRICTED, change)

    assert found == path
    assert message.endswith("refuses (all pods); leave it out")


@pytest.mark.parametrize("patch", ["", "{", "containers: [{name: wait}]"])
def test_a_workflow_without_the_patch_of_argos_containers_needs_the_controllers(
    patch: str,
) -> None:
    found = dict(lint(PodSecurity.RESTRICTED, _whole(podSpecPatch=patch)))

    assert found["spec.podSpecPatch"] == (
        "leaves out the security contexts of Argo's own containers 'init' and 'wait', so a "
        "namespace that enforces 'restricted' refuses all pods unless the controller's "
        "configuration has 'executor.securityContext'; compile again, or set that"
    )
    assert found[CONTEXT].startswith("lacks 'allowPrivilegeEscalation: false', or 'ALL'")
    assert lint(PodSecurity.BASELINE, _whole(podSpecPatch=patch)) == []


def test_three_tasks_of_a_template_are_named() -> None:
    def change(spec: Any) -> None:
        tasks = next(one for one in spec["templates"] if "dag" in one)["dag"]["tasks"]
        tasks += [{**tasks[0], "name": f"more-{number}"} for number in range(4)]
        _context(privileged=True)(spec)

    ((_, message),) = lint(PodSecurity.BASELINE, change)

    assert "(tasks 'hello', 'more-0', 'more-1' and 2 more)" in message

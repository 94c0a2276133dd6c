"""The objects: right for Kubernetes, restricted, and with no more rights than are used."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from argosy_manifests.catalog import OVERLAYS, Need, Overlay
from argosy_manifests.printing import Installation, print_overlay
from kustomize import TREE
from pod_security import find_violations

KUBERNETES = ("1.28", "1.31", "1.34", "1.37")
"""From what Argo 3.5 was made for to the newest that the package knows."""

BESIDE_OTHERS = ("service", "restricted")
INSTALLATIONS = tuple(overlay for overlay in OVERLAYS if overlay.name not in BESIDE_OTHERS)
each_installation = pytest.mark.parametrize(
    "overlay", INSTALLATIONS, ids=lambda overlay: overlay.name
)
each_overlay = pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)


def fill(overlay: Overlay) -> Installation:
    """Return all values that an overlay takes."""
    return Installation(
        namespace="team-a",
        store=None if overlay.store is Need.NO else "s3://ours/argosy",
        variables=None if overlay.variables is Need.NO else {"AWS_ACCESS_KEY_ID": "ours"},
        identity=None if overlay.identity is Need.NO else "ours",
        image="registry.example.org/image:1" if overlay.has_image else None,
    )


def read(text: str) -> list[Any]:
    return list(yaml.safe_load_all(text))


def rendered(overlay: Overlay) -> list[Any]:
    return read((TREE / "rendered" / f"{overlay.name}.yaml").read_text())


def pods(objects: Iterable[Any]) -> list[Any]:
    return [
        each["spec"]["template"]["spec"] for each in objects if "template" in each.get("spec", {})
    ]


@each_overlay
@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_knows_every_field(overlay: Overlay, version: str) -> None:
    schemas: Any = importlib.import_module("kubernetes_validate")  # it has no types

    for each in [*rendered(overlay), *read(print_overlay(overlay, fill(overlay)))]:
        schemas.validate(each, version, strict=True)


@each_overlay
def test_all_pods_are_restricted(overlay: Overlay) -> None:
    for pod in pods(rendered(overlay)):
        assert list(find_violations(pod)) == []
        # The service asks the API server, and nothing else does.
        is_service = pod.get("serviceAccountName") == "argosy-service"
        assert pod["automountServiceAccountToken"] is is_service
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"].keys() == {"requests", "limits"}


def test_there_is_a_pod_to_check() -> None:
    assert [overlay.name for overlay in OVERLAYS if pods(rendered(overlay))] == [
        "seaweedfs",
        "service",
    ]


@each_installation
def test_the_pods_of_workflows_may_do_what_they_do_and_no_more(overlay: Overlay) -> None:
    roles = [each for each in rendered(overlay) if each["kind"] in ("Role", "ClusterRole")]

    assert [(each["kind"], each["rules"]) for each in roles] == [
        (
            "Role",
            [
                # Argo's 'wait' creates the result of its task, and adds to it.
                {
                    "apiGroups": ["argoproj.io"],
                    "resources": ["workflowtaskresults"],
                    "verbs": ["create", "patch"],
                },
                # CreatePVC and DeletePVC, by Argo's resource templates.
                {
                    "apiGroups": [""],
                    "resources": ["persistentvolumeclaims"],
                    "verbs": ["create", "get", "delete"],
                },
            ],
        )
    ]


@each_installation
def test_only_the_account_of_the_pods_gets_the_role(overlay: Overlay) -> None:
    (binding,) = [each for each in rendered(overlay) if each["kind"] == "RoleBinding"]

    assert binding["roleRef"]["kind"] == "Role"
    assert [each["kind"] for each in binding["subjects"]] == ["ServiceAccount"]
    assert binding["subjects"][0]["name"] == "argosy"


@each_installation
def test_nobody_connects_to_the_pods_of_workflows(overlay: Overlay) -> None:
    policies = [each for each in rendered(overlay) if each["kind"] == "NetworkPolicy"]

    (policy,) = [each for each in policies if each["metadata"]["name"] == "argosy"]
    (selector,) = policy["spec"]["podSelector"]["matchExpressions"]
    assert selector == {"key": "workflows.argoproj.io/workflow", "operator": "Exists"}
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    assert "ingress" not in policy["spec"]


@each_overlay
def test_all_objects_are_told_apart_from_those_of_others(overlay: Overlay) -> None:
    for each in rendered(overlay):
        assert each["metadata"]["labels"]["app.kubernetes.io/part-of"] == "argosy"


def test_only_the_s3_server_listens_for_other_pods() -> None:
    (pod,) = pods(rendered(next(each for each in OVERLAYS if each.name == "seaweedfs")))

    bound = [word for word in pod["containers"][0]["args"] if ".bind=" in word]
    assert bound == ["-ip.bind=127.0.0.1", "-s3.ip.bind=0.0.0.0"]


def test_a_restricted_namespace_goes_with_every_other_overlay() -> None:
    (namespace,) = rendered(next(each for each in OVERLAYS if each.name == "restricted"))

    assert namespace["kind"] == "Namespace"
    modes = ("enforce", "warn", "audit")
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}
    assert labels.items() <= namespace["metadata"]["labels"].items()

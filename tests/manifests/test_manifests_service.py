"""The service in a cluster: its rights, its ports, its arguments, and the components beside it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from argosy_cli.commands.services.serve_command import command as serve
from argosy_cli.commands.services.service_command import command as service
from argosy_manifests.catalog import get_overlay
from argosy_manifests.printing import Installation, print_overlay, write_tree
from kustomize import ROOT, TREE, build
from pod_security import find_violations

COMPONENTS = tuple(
    f"service-{name}"
    for name in ("postgresql", "token", "multi-user", "network-policy", "monitor-token")
)


def read(text: str) -> dict[str, Any]:
    """Return the objects by kind; of several the last."""
    return read_last(list(yaml.safe_load_all(text)))


def read_last(objects: list[Any]) -> dict[str, Any]:
    return {each["kind"]: each for each in objects}


@pytest.fixture(scope="module")
def printed() -> dict[str, Any]:
    return read((TREE / "rendered" / "service.yaml").read_text())


def build_with(directory: Path, *components: str) -> dict[str, Any]:
    write_tree(directory / "argosy")
    names = ", ".join(f"argosy/components/{name}" for name in components)
    (directory / "kustomization.yaml").write_text(
        f"namespace: team-a\nresources: [argosy/overlays/service]\ncomponents: [{names}]\n"
    )
    return read(build(directory))


def pod(objects: dict[str, Any]) -> Any:
    return objects["Deployment"]["spec"]["template"]["spec"]


def test_it_may_do_what_it_does_and_no_more(printed: dict[str, Any]) -> None:
    assert printed["Role"]["rules"] == [
        {
            "apiGroups": ["argoproj.io"],
            "resources": ["workflows"],
            "verbs": ["create", "get", "list", "watch", "patch", "delete"],
        },
        {"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["argosy"],
            "verbs": ["get"],
        },
    ]
    (subject,) = printed["RoleBinding"]["subjects"]
    assert (subject["kind"], subject["name"]) == ("ServiceAccount", "argosy-service")
    assert pod(printed)["serviceAccountName"] == "argosy-service"


def test_clients_find_it_where_they_find_that_of_kubeflow(printed: dict[str, Any]) -> None:
    found = printed["Service"]

    assert found["metadata"]["name"] == "ml-pipeline"
    ports = {each["name"]: each["port"] for each in found["spec"]["ports"]}
    assert ports == {"http": 8888, "grpc": 8887}
    labels = printed["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["spec"]["selector"].items() <= labels.items()


def test_its_database_is_on_a_claim_that_one_pod_has(printed: dict[str, Any]) -> None:
    spec = printed["Deployment"]["spec"]

    (data,) = [each for each in pod(printed)["volumes"] if each["name"] == "data"]
    claim = data["persistentVolumeClaim"]["claimName"]
    assert claim == printed["PersistentVolumeClaim"]["metadata"]["name"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")


def test_the_image_is_that_of_an_own_registry() -> None:
    values = Installation(image="registry.example.org/argosy:1")

    (container,) = pod(read(print_overlay(get_overlay("service"), values)))["containers"]

    assert container["image"] == "registry.example.org/argosy:1"


def test_the_commands_know_all_arguments(tmp_path: Path) -> None:
    objects = build_with(tmp_path, *COMPONENTS)

    (container,) = pod(objects)["containers"]
    (upgrade,) = pod(objects)["initContainers"]
    known = {name for param in serve.params for name in param.opts}
    assert container["command"] == ["argosy", "serve"]
    assert {word.partition("=")[0] for word in container["args"]} <= known
    assert upgrade["command"] == ["argosy", "service", "upgrade"]
    assert "upgrade" in service.commands


def test_postgresql_takes_the_place_of_the_volume(tmp_path: Path) -> None:
    objects = build_with(tmp_path, "service-postgresql")

    assert "PersistentVolumeClaim" not in objects
    assert {each["name"] for each in pod(objects)["volumes"] if "emptyDir" in each} == {
        "data",
        "tmp",
    }
    for each in (*pod(objects)["initContainers"], *pod(objects)["containers"]):
        (variable,) = [one for one in each["env"] if one["name"] == "ARGOSY_DATABASE"]
        assert variable["valueFrom"]["secretKeyRef"]["name"] == "argosy-service-database"
        assert each["image"] == "ghcr.io/argosy/argosy:0.1.0-service"


def test_users_of_a_cluster_need_reviews_and_rights_where_runs_are(
    tmp_path: Path, printed: dict[str, Any]
) -> None:
    write_tree(tmp_path / "argosy")
    (tmp_path / "kustomization.yaml").write_text(
        "namespace: team-a\nresources: [argosy/overlays/service]\n"
        "components: [argosy/components/service-multi-user]\n"
    )
    objects = list(yaml.safe_load_all(build(tmp_path)))

    roles = {
        each["metadata"]["name"]: each["rules"] for each in objects if each["kind"] == "ClusterRole"
    }
    assert roles["argosy-service-reviews"] == [
        {
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["tokenreviews"],
            "verbs": ["create"],
        },
        {
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["subjectaccessreviews"],
            "verbs": ["create"],
        },
    ]
    # The same as in its own namespace, but for the object with the store.
    assert roles["argosy-service-runs"] == printed["Role"]["rules"][:3]
    (binding,) = [each for each in objects if each["kind"] == "ClusterRoleBinding"]
    assert binding["roleRef"]["name"] == "argosy-service-reviews"
    assert binding["subjects"][0]["namespace"] == "team-a"
    (container,) = pod(read_last(objects))["containers"]
    variables = {each["name"]: each for each in container["env"]}
    assert variables["ARGOSY_STORE"]["valueFrom"]["configMapKeyRef"]["name"] == "argosy"
    assert variables["ARGOSY_STORE_FROM"]["value"] == ""


def test_a_second_service_of_many_users_has_a_binding_of_its_own(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "service.md").read_text()
    (patch,) = [each for each in re.findall(r"```yaml\n(.*?)```", page, re.S) if "patches" in each]
    write_tree(tmp_path / "argosy")
    (tmp_path / "kustomization.yaml").write_text(
        "namespace: team-a\nresources: [argosy/overlays/service]\n"
        f"components: [argosy/components/service-multi-user]\n{patch}"
    )

    binding = read(build(tmp_path))["ClusterRoleBinding"]

    assert binding["metadata"]["name"] == "argosy-service-reviews-staging"
    assert binding["subjects"][0]["namespace"] == "team-a"


def test_the_pods_of_workflows_do_not_reach_it(tmp_path: Path) -> None:
    policy = build_with(tmp_path, "service-network-policy")["NetworkPolicy"]["spec"]

    own, others = policy["ingress"][0]["from"]
    (rule,) = own["podSelector"]["matchExpressions"]
    assert rule == {"key": "workflows.argoproj.io/workflow", "operator": "DoesNotExist"}
    assert others == {"namespaceSelector": {"matchLabels": {"argosy.dev/client": "true"}}}


@pytest.mark.parametrize("version", ["1.28", "1.37"])
def test_all_components_together_are_right_and_restricted(tmp_path: Path, version: str) -> None:
    schemas: Any = importlib.import_module("kubernetes_validate")  # it has no types
    objects = build_with(tmp_path, *COMPONENTS)
    monitor = objects.pop("ServiceMonitor")

    for each in objects.values():
        schemas.validate(each, version, strict=True)
    assert list(find_violations(pod(objects))) == []
    selector = monitor["spec"]["selector"]["matchLabels"]
    assert selector.items() <= objects["Service"]["metadata"]["labels"].items()


@pytest.mark.parametrize("first", ["service-token", "service-monitor-token"])
def test_prometheus_sends_the_token_that_everybody_is_asked_for(tmp_path: Path, first: str) -> None:
    (second,) = {"service-token", "service-monitor-token"} - {first}
    monitor = build_with(tmp_path, first, second)["ServiceMonitor"]

    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["authorization"] == {
        "credentials": {"name": "argosy-service-token", "key": "token"}
    }

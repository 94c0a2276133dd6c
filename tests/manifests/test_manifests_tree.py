"""The tree for kustomize, and what is printed of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from argosy_manifests.catalog import OVERLAYS, Overlay
from argosy_manifests.printing import write_tree
from argosy_schemas.errors import InvalidArgumentError
from kustomize import TREE, build
from pod_security import find_violations

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)


@each_overlay
def test_what_is_printed_is_what_kustomize_makes_of_the_tree(overlay: Overlay) -> None:
    rendered = (TREE / "rendered" / f"{overlay.name}.yaml").read_text()

    assert build(TREE / overlay.directory) == rendered, "run 'make manifests'"


def test_every_overlay_of_the_tree_can_be_printed() -> None:
    directories = {f"overlays/{path.name}" for path in (TREE / "overlays").iterdir()}

    assert {overlay.directory for overlay in OVERLAYS} == directories | {"base"}
    assert {path.stem for path in (TREE / "rendered").iterdir()} == {
        overlay.name for overlay in OVERLAYS
    }


def test_the_written_tree_is_built_by_a_kustomization_of_the_users(tmp_path: Path) -> None:
    write_tree(tmp_path / "argosy")
    (tmp_path / "kustomization.yaml").write_text(
        """
namespace: team-a
resources: [argosy/overlays/aws-irsa]
components: [argosy/components/restricted-namespace, argosy/components/limited-egress]
configMapGenerator:
  - name: argosy
    behavior: merge
    literals: [ARGOSY_STORE=s3://ours/argosy]
generatorOptions: {disableNameSuffixHash: true}
patches:
  - patch: |
      apiVersion: v1
      kind: ServiceAccount
      metadata: {name: argosy, annotations: {eks.amazonaws.com/role-arn: "arn:ours"}}
"""
    )

    objects = {each["kind"]: each for each in yaml.safe_load_all(build(tmp_path))}

    assert objects["Namespace"]["metadata"]["name"] == "team-a"
    assert objects["ConfigMap"]["data"] == {"ARGOSY_STORE": "s3://ours/argosy"}
    assert objects["ServiceAccount"]["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:ours"
    }
    assert objects["RoleBinding"]["subjects"][0]["namespace"] == "team-a"
    assert objects["NetworkPolicy"]["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_the_component_sets_up_the_controller_and_leaves_its_other_settings(tmp_path: Path) -> None:
    write_tree(tmp_path / "argosy")
    (tmp_path / "argo.yaml").write_text(
        """
apiVersion: v1
kind: ConfigMap
metadata: {name: workflow-controller-configmap}
data: {parallelism: "50"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: workflow-controller}
spec:
  selector: {matchLabels: {app: workflow-controller}}
  template:
    metadata: {labels: {app: workflow-controller}}
    spec:
      containers:
        - name: workflow-controller
          image: workflow-controller
          env: [{name: LEADER_ELECTION_IDENTITY, value: me}]
"""
    )
    (tmp_path / "kustomization.yaml").write_text(
        "resources: [argo.yaml]\ncomponents: [argosy/components/argo-controller]\n"
    )

    objects = {each["kind"]: each for each in yaml.safe_load_all(build(tmp_path))}

    settings: dict[str, str] = objects["ConfigMap"]["data"]
    assert settings["parallelism"] == "50"
    wait: Any = {"name": "wait", **yaml.safe_load(settings["executor"])}
    assert list(find_violations({"containers": [wait]})) == []
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert {each["name"]: each["value"] for each in container["env"]} == {
        "LEADER_ELECTION_IDENTITY": "me",
        "DEFAULT_REQUEUE_TIME": "1s",
    }


def test_a_directory_with_changes_in_it_is_left_alone(tmp_path: Path) -> None:
    write_tree(tmp_path / "argosy")

    with pytest.raises(InvalidArgumentError, match="is not empty; give a new directory"):
        write_tree(tmp_path / "argosy")


def test_nothing_but_the_tree_is_written(tmp_path: Path) -> None:
    write_tree(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"base", "components", "overlays"}

"""Certificates of a cluster's own authorities: where pods find them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argosy._cluster_options import check_cluster_options
from argosy_compiler import compile_pipeline
from argosy_compiler.config_objects import ConfigObject, parse_config_object
from argosy_compiler.options import CompileOptions
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.reading.pipeline import read_pipeline

GOLDEN = Path(__file__).parents[1] / "golden/basics/parameters.ir.yaml"
MOUNT = {"name": "argosy-ca", "mountPath": "/argosy/ca", "readOnly": True}


def compile_pod(**options: Any) -> Any:
    """Return the pod template of a pipeline with one shape."""
    pipeline = read_pipeline(GOLDEN.read_bytes(), file="parameters.ir.yaml")
    spec: Any = compile_pipeline(pipeline, CompileOptions(**options)).workflow["spec"]
    (template,) = [each for each in spec["templates"] if "initContainers" in each]
    return template


def read_env(container: Any) -> dict[str, Any]:
    return {each["name"]: each.get("value") for each in container.get("env", ())}


@pytest.mark.parametrize(
    ("text", "bundle"),
    [
        ("configmap/ca", ConfigObject(kind="configmap", name="ca", key="ca.crt")),
        ("secret/ca/root.pem", ConfigObject(kind="secret", name="ca", key="root.pem")),
    ],
)
def test_a_bundle_is_a_key_of_a_config_map_or_secret(text: str, bundle: ConfigObject) -> None:
    assert parse_config_object(text, option="--ca-bundle", default_key="ca.crt") == bundle


@pytest.mark.parametrize("text", ["ca", "file/ca", "secret/", "secret/A", "secret/a/..", "a/b/c/d"])
def test_what_names_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"--ca-bundle '{text}' "):
        parse_config_object(text, option="--ca-bundle", default_key="ca.crt")


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("configmap", {"configMap": {"name": "ca", "optional": True}}),
        ("secret", {"secret": {"secretName": "ca", "optional": True}}),
    ],
)
def test_driver_and_launcher_trust_the_bundle(kind: str, source: Any) -> None:
    pod = compile_pod(ca_bundle=ConfigObject(kind=kind, name="ca", key="root.pem"))

    assert {"name": "argosy-ca", **source} in pod["volumes"]
    for container in (pod["initContainers"][0], pod["sidecars"][0]):
        assert MOUNT in container["volumeMounts"]
        assert read_env(container)["AWS_CA_BUNDLE"] == "/argosy/ca/root.pem"
    assert MOUNT not in pod["container"]["volumeMounts"]
    assert "ARGOSY_TASK_CA_BUNDLE" not in read_env(pod["initContainers"][0])


def test_commands_of_tasks_trust_it_on_request() -> None:
    pod = compile_pod(
        ca_bundle=ConfigObject(kind="secret", name="ca", key="ca.crt"), tasks_use_ca_bundle=True
    )

    assert MOUNT in pod["container"]["volumeMounts"]
    assert read_env(pod["initContainers"][0])["ARGOSY_TASK_CA_BUNDLE"] == "/argosy/ca/ca.crt"


def test_trust_of_tasks_needs_a_bundle() -> None:
    with pytest.raises(InvalidArgumentError, match="--ca-bundle-for-tasks needs --ca-bundle"):
        check_cluster_options(CompileOptions(tasks_use_ca_bundle=True))

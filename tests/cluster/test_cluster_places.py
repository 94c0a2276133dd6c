"""Images and namespaces that allow little."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from argo_cluster import ArgoCluster
from argosy_compiler.options import PodSecurity
from argosy_schemas.reading.pipeline import read_pipeline
from driver_support import dag, leaf, pipeline, task

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_an_image_without_a_shell_runs_as_any_user_on_a_read_only_root(
    cluster: ArgoCluster,
) -> None:
    words = os.environ.get("ARGOSY_TEST_STATIC_IMAGE", "").split()
    if not words:
        pytest.skip("ARGOSY_TEST_STATIC_IMAGE names no image and command without a shell")
    image, *command = words
    static = leaf(image=image, command=command)
    workflow = cluster.compile(pipeline(dag({"work": task("comp-w")}), {"comp-w": static}))
    for template in workflow["spec"]["templates"]:
        if template.get("container", {}).get("image") == image:
            context = template["container"].setdefault("securityContext", {})
            context |= {"readOnlyRootFilesystem": True, "runAsUser": 12345}

    run = cluster.submit(workflow, "-p", "argosy-cache=false")

    assert run.end() == "Succeeded"


@pytest.fixture
def restricted(cluster: ArgoCluster) -> Iterator[ArgoCluster]:
    """The namespace that enforces Pod Security ``restricted``."""
    namespace = os.environ.get("ARGOSY_TEST_RESTRICTED_NAMESPACE")
    if namespace is None:
        pytest.skip("ARGOSY_TEST_RESTRICTED_NAMESPACE names no namespace")
    found = replace(cluster, namespace=namespace, started=[])
    yield found
    found.clean()


@pytest.mark.parametrize("example", ["01-hello", "03-train", "05-containers", "11-exit-handler"])
def test_an_example_runs_where_pod_security_is_restricted(
    restricted: ArgoCluster, example: str
) -> None:
    text = (EXAMPLES / example / "pipeline.yaml").read_bytes()

    run = restricted.start(read_pipeline(text, file=example), "-p", "argosy-cache=false")

    assert run.end() == "Succeeded"


def test_a_command_is_root_where_pod_security_is_baseline(cluster: ArgoCluster) -> None:
    script = 'test "$(id -u)" = 0 && touch /root-was-here'
    work = leaf(command=["sh", "-c", script])
    root = {"exec-work": {"securityContext": {"runAsUser": 0}}}
    of = pipeline(
        dag({"work": task("comp-work"), "same": task("comp-same")}),
        {"comp-work": work, "comp-same": work},
        kubernetes=root,
    )

    run = cluster.start(of, "-p", "argosy-cache=false", pod_security=PodSecurity.BASELINE)

    assert run.end() == "Succeeded"


@pytest.fixture
def objects(cluster: ArgoCluster) -> Iterator[None]:
    """The Secret and the ConfigMap of the example."""
    example = EXAMPLES / "13-secrets-and-claims"
    for kind, name in (("secret generic", "warehouse"), ("configmap", "settings")):
        cluster.kubectl("create", *kind.split(), name, f"--from-file={example / name}")
    yield
    cluster.kubectl("delete", "secret/warehouse", "configmap/settings")


@pytest.mark.usefixtures("objects")
def test_the_example_of_secrets_and_claims_runs(cluster: ArgoCluster) -> None:
    storage_class = os.environ.get("ARGOSY_TEST_STORAGE_CLASS")
    if storage_class is None:
        pytest.skip("ARGOSY_TEST_STORAGE_CLASS names no storage class")
    text = (EXAMPLES / "13-secrets-and-claims" / "pipeline.yaml").read_text()
    text = text.replace("constant: standard", f"constant: {storage_class}")

    run = cluster.start(read_pipeline(text.encode(), file="pipeline.yaml"))

    assert run.end() == "Succeeded"
    (record,) = run.ended_attempts("add-up")
    assert record.outputs.parameters == {"Output": 24}

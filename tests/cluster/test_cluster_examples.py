"""The examples, and volume claims, run on a cluster."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from argo_cluster import ArgoCluster
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json
from argosy_store.locations import join_uri

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = sorted(
    path.parent
    for path in REPOSITORY.glob("examples/*/pipeline.yaml")
    # It needs a Secret, a ConfigMap and a storage class of the cluster.
    if path.parent.name != "13-secrets-and-claims"
)
LINES = "tests/lines.txt"
WORDS = {
    "02-parameters": ["-p", "rows=3"],
    "12-python-api": ["-p", "window=7"],
    "14-step-of-a-workflow": ["-p", "rows=16"],
}


@pytest.mark.parametrize("example", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_an_example_succeeds_and_leaves_no_pod_that_failed(
    cluster: ArgoCluster, example: Path
) -> None:
    words = WORDS.get(example.name, [])
    if example.name == "06-importer":
        cluster.store.put(LINES, b"one\ntwo\n")
        words = ["-p", f"uri={join_uri(cluster.url, LINES)}"]
    pipeline = read_pipeline((example / "pipeline.yaml").read_bytes(), file="pipeline.yaml")

    run = cluster.start(pipeline, *words)

    assert run.end(timeout_seconds=600) == "Succeeded"
    # Its pods fail on purpose.
    if example.name != "07-retries":
        assert {*run.wait_for_pods()} == {"Succeeded"}


def test_a_claim_is_made_mounted_and_deleted(cluster: ArgoCluster) -> None:
    storage_class = os.environ.get("ARGOSY_TEST_STORAGE_CLASS")
    if storage_class is None:
        pytest.skip("ARGOSY_TEST_STORAGE_CLASS names no storage class")
    golden = REPOSITORY / "tests/golden/kubernetes/claims.ir.yaml"
    documents = list(yaml.safe_load_all(golden.read_bytes()))
    made = documents[0]["root"]["dag"]["tasks"]["createpvc"]["inputs"]["parameters"]
    made["storage_class_name"]["runtimeValue"]["constant"] = storage_class
    text = "\n---\n".join(map(to_json, documents))

    run = cluster.start(read_pipeline(text.encode(), file="claims.yaml"))

    assert run.end() == "Succeeded"


def test_argo_shows_outputs_and_what_the_cache_served(cluster: ArgoCluster) -> None:
    file = REPOSITORY / "examples/08-caching/pipeline.yaml"
    pipeline = read_pipeline(file.read_bytes(), file="pipeline.yaml")
    first = cluster.start(pipeline)
    assert first.end(timeout_seconds=600) == "Succeeded"

    second = cluster.start(pipeline)

    assert second.end() == "Succeeded"
    (summary,) = second.node("slow-square")["outputs"]["parameters"]
    assert json.loads(summary["value"])["state"] == "cached"
    (root,) = (
        node for node in second.get()["status"]["nodes"].values() if node["name"] == second.name
    )
    assert root["outputs"]["parameters"][0]["value"] == "49"

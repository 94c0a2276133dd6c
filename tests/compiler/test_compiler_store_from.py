"""A store that an object of the cluster names, so that no workflow has to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argosy._cluster_options import check_cluster_options
from argosy_compiler import compile_pipeline
from argosy_compiler.config_objects import ConfigObject, parse_config_object
from argosy_compiler.options import CompileOptions
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from driver_support import dag, leaf, pipeline, task

GOLDEN = Path(__file__).parents[1] / "golden/basics/parameters.ir.yaml"


@pytest.mark.parametrize(
    ("source", "field"),
    [("configmap/argosy", "configMapRef"), ("secret/argosy", "secretRef")],
)
def test_driver_and_launcher_take_the_store_from_the_object(source: str, field: str) -> None:
    options = CompileOptions(
        store_from=parse_config_object(source, option="--store-from"), store_secret="keys"
    )
    read = read_pipeline(GOLDEN.read_bytes(), file="parameters.ir.yaml")

    spec: Any = compile_pipeline(read, options).workflow["spec"]

    assert "argosy-store" not in [each["name"] for each in spec["arguments"]["parameters"]]
    assert options.store_from is not None
    (pod,) = [each for each in spec["templates"] if "initContainers" in each]
    for container in (pod["initContainers"][0], pod["sidecars"][0]):
        assert container["envFrom"] == [
            {field: {"name": "argosy", "optional": True}},
            {"secretRef": {"name": "keys", "optional": True}},
        ]
        # A variable of the container would take precedence over the object.
        assert "ARGOSY_STORE" not in [each["name"] for each in container.get("env", ())]
    assert "envFrom" not in pod["container"]
    # The driver compares the secrets that a task uses with it.
    told = {"name": "ARGOSY_STORE_FROM", "value": "argosy"}
    assert (told in pod["initContainers"][0]["env"]) is (options.store_from.kind == "secret")


@pytest.mark.parametrize("text", ["argosy", "configmap/argosy/key", "secret/A"])
def test_what_names_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"--store-from '{text}' "):
        parse_config_object(text, option="--store-from")


def test_two_stores_are_refused() -> None:
    source = ConfigObject(kind="secret", name="argosy")

    with pytest.raises(InvalidArgumentError, match="--store and --store-from name two stores"):
        check_cluster_options(CompileOptions(store="s3://b", store_from=source))


def test_a_task_must_not_use_the_secret_that_names_the_store() -> None:
    config = {"secretAsVolume": [{"secretName": "argosy", "mountPath": "/x"}]}
    made = pipeline(dag({"t": task("comp-t")}), {"comp-t": leaf()}, kubernetes={"exec-t": config})
    source = ConfigObject(kind="secret", name="argosy")

    with pytest.raises(InvalidPipelineError, match="it uses the secret 'argosy', which has"):
        compile_pipeline(made, CompileOptions(store_from=source))

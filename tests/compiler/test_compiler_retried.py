"""A workflow that goes on with a run has the run's id, and what Argo makes of it again has not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.config_objects import ConfigObject
from argosy_compiler.options import IrPlacement, options_from_json, options_to_json
from argosy_expressions.argo.tags import fill
from argosy_runs.argo.identity import RunIdentity, read_run_identity
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.retried_run import RetriedRun
from argosy_schemas.names import RunId
from argosy_schemas.reading.pipeline import read_pipeline

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
AT = datetime(2026, 12, 1, 10, 30, 5, tzinfo=UTC)
RETRIED = RetriedRun(
    id=RunId("first-uid"), name="hello-abcde", created_at=AT, workflow="hello-abcde-r2"
)


def compiled(options: CompileOptions) -> dict[str, Any]:
    found: Any = compile_pipeline(read_pipeline(HELLO.read_bytes(), file="hello"), options).workflow
    return dict(found)


def variables(workflow: dict[str, Any], kind: str, name: str) -> dict[str, str]:
    """Return the variables of a container in a workflow that has this name and the UID ``uid``."""
    (template,) = [one for one in workflow["spec"]["templates"] if "container" in one]
    environment = {"workflow": {"name": name, "uid": "uid"}}
    return {
        one["name"]: fill(one["value"], environment)
        for one in template[kind][0]["env"]
        if one["name"] in ("ARGOSY_RUN", "ARGOSY_NAME", "ARGOSY_FIRST_CREATED")
    }


def test_pods_of_a_retried_run_have_its_id_and_name() -> None:
    workflow = compiled(CompileOptions(retried=RETRIED))

    assert workflow["metadata"]["name"] == "hello-abcde-r2"
    assert "generateName" not in workflow["metadata"]
    assert variables(workflow, "initContainers", "hello-abcde-r2") == {
        "ARGOSY_RUN": "first-uid",
        "ARGOSY_NAME": "hello-abcde",
        "ARGOSY_FIRST_CREATED": "2026-12-01T10:30:05Z",
    }
    assert variables(workflow, "sidecars", "hello-abcde-r2") == {"ARGOSY_RUN": "first-uid"}
    label = workflow["spec"]["podMetadata"]["labels"]["pipeline/runid"]
    environment = {"workflow": {"name": "hello-abcde-r2", "uid": "uid"}}
    assert fill(label, environment) == "first-uid"


def test_pods_of_a_workflow_that_argo_made_of_it_are_of_another_run() -> None:
    workflow = compiled(CompileOptions(retried=RETRIED))

    assert variables(workflow, "initContainers", "hello-abcde-r2-xyz12") == {
        "ARGOSY_RUN": "uid",
        "ARGOSY_NAME": "hello-abcde-r2-xyz12",
        "ARGOSY_FIRST_CREATED": "",
    }


def metadata(name: str, **annotations: str) -> dict[str, Any]:
    times = {"creationTimestamp": "2026-12-02T00:00:00Z"}
    return {"name": name, "uid": "uid", "annotations": annotations, **times}


def test_readers_find_the_run_by_the_annotation_and_the_name() -> None:
    annotations = compiled(CompileOptions(retried=RETRIED))["metadata"]["annotations"]

    assert read_run_identity(metadata("hello-abcde-r2", **annotations)) == RunIdentity(
        run_id=RunId("first-uid"), name="hello-abcde", created_at=AT, is_retried=True
    )
    own = read_run_identity(metadata("hello-abcde-r2-xyz12", **annotations))
    assert (own.run_id, own.name, own.is_retried) == ("uid", "hello-abcde-r2-xyz12", False)
    assert read_run_identity(metadata("plain")).run_id == "uid"


def test_an_annotation_that_nobody_wrote_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match=r"argosy\.dev/retried-run' of workflow 'wf' is"):
        read_run_identity(metadata("wf", **{"argosy.dev/retried-run": "{}"}))


def test_the_options_travel_in_the_workflow() -> None:
    options = CompileOptions(
        ir=IrPlacement.STORE,
        store="s3://bucket/argosy",
        max_nodes=None,
        ca_bundle=ConfigObject(kind="secret", name="ca"),
        service_account="runner",
    )

    written = compiled(replace(options, retried=RETRIED))["metadata"]["annotations"]
    assert options_from_json(written["argosy.dev/options"]) == options
    assert json.loads(written["argosy.dev/options"])["serviceAccount"] == "runner"
    assert "annotations" not in compiled(CompileOptions())["metadata"]
    assert options_from_json(options_to_json(CompileOptions())) == CompileOptions()


def test_options_that_nobody_wrote_are_named() -> None:
    with pytest.raises(InvalidArgumentError, match="the options in the workflow are damaged"):
        options_from_json('{"store": 3}')

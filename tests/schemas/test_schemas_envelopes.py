"""Pipeline specs inside other documents, and documents that hold none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.reading.pipeline import read_pipeline
from cli_processes import shell_pipeline

INPUTS = '{"word": {"parameterType": "STRING"}, "count": {"parameterType": "NUMBER_INTEGER"}}'


def spec() -> Any:
    return json.loads(shell_pipeline("talk", {"one": "true"}, inputs=INPUTS))


def read(document: Any) -> Pipeline:
    return read_pipeline(json.dumps(document, indent=1).encode(), file="job.json")


def defaults(pipeline: Pipeline) -> dict[str, Any]:
    return {name: item.default for name, item in pipeline.root.inputs.parameters.items()}


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"parameterValues": {"word": "hi", "count": 3}}, id="values"),
        pytest.param(
            {"parameters": {"word": {"stringValue": "hi"}, "count": {"intValue": 3}}}, id="older"
        ),
    ],
)
def test_parameters_of_a_pipeline_job_are_defaults(config: Any) -> None:
    pipeline = read({"displayName": "x", "pipelineSpec": spec(), "runtimeConfig": config})

    assert pipeline.name == "talk"
    assert defaults(pipeline) == {"word": "hi", "count": 3}


def test_the_output_directory_of_a_pipeline_job_is_the_pipeline_root() -> None:
    config = {"gcsOutputDirectory": "gs://bucket/root"}

    pipeline = read({"pipelineSpec": spec(), "runtimeConfig": config})

    assert pipeline.default_pipeline_root == "gs://bucket/root"


def test_a_pipeline_version_is_read_with_its_platform_spec() -> None:
    platform = {
        "platforms": {
            "kubernetes": {
                "deploymentSpec": {"executors": {"exec-one": {"imagePullPolicy": "Always"}}}
            }
        }
    }
    document = {
        "apiVersion": "pipelines.kubeflow.org/v2beta1",
        "kind": "PipelineVersion",
        "metadata": {"name": "talk-1"},
        "spec": {"pipelineSpec": spec(), "platformSpec": platform},
    }

    pipeline = read(document)

    assert pipeline.name == "talk"


def test_a_problem_inside_has_the_line_in_the_file() -> None:
    broken = spec()
    broken["root"]["dag"]["tasks"]["one"]["componentRef"]["name"] = "comp-two"
    text = json.dumps({"pipelineSpec": broken}, indent=1)
    line = text[: text.index('"comp-two"')].count("\n") + 1

    with pytest.raises(InvalidPipelineError) as caught:
        read_pipeline(text.encode(), file="job.json")

    assert [problem.line for problem in caught.value.problems] == [line]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"pipelineSpec": spec(), "runtimeConfig": {"parameterValues": {"wrod": "hi"}}},
            "The PipelineJob gives parameter 'wrod', which its pipeline does not declare; remove "
            "it from 'runtimeConfig', or declare it",
        ),
        (
            {"pipelineSpec": spec(), "runtimeConfig": {"inputArtifacts": {"a": {}}}},
            "The PipelineJob gives input artifacts; remove them, and give them with --artifact",
        ),
        (
            {"apiVersion": "v1", "kind": "PipelineVersion", "spec": {}},
            "The PipelineVersion has no 'spec.pipelineSpec'; give what the KFP SDK compiled",
        ),
        (
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"},
            "The file holds a Kubernetes object of kind 'Workflow'; compile the pipeline with the "
            "KFP SDK 2 to its YAML",
        ),
        (
            {"name": "Train", "implementation": {"container": {"image": "a"}}},
            "The file holds a component of KFP v1, not a pipeline; load it with "
            "'kfp.components.load_component_from_file' in a pipeline, and compile that",
        ),
        (
            {"services": {}, "version": "3"},
            "The file holds an object with 'services', 'version', not a pipeline; give what the "
            "KFP SDK compiled",
        ),
        ({}, "The file holds an empty object, not a pipeline; give what the KFP SDK compiled"),
    ],
)
def test_a_document_of_another_format_is_named_as_what_it_is(document: Any, message: str) -> None:
    with pytest.raises(InvalidPipelineError) as caught:
        read(document)

    assert str(caught.value) == f"job.json:1: {message}"


def test_a_second_document_of_another_format_is_named_as_what_it_is() -> None:
    text = f"{json.dumps(spec())}\n---\nkey: value\n"

    with pytest.raises(InvalidPipelineError) as caught:
        read_pipeline(f"---\n{text}".encode(), file="p.yaml")

    assert str(caught.value) == (
        "p.yaml: Document 2: The file holds an object with 'key', not a pipeline; give what the "
        "KFP SDK compiled"
    )

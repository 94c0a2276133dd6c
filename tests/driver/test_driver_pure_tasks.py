"""Tasks without a pod: importers and volume claims, as functions of the IR and of records."""

from __future__ import annotations

import pytest

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri, TaskPath
from driver_support import (
    DATASET,
    Json,
    World,
    dag,
    given,
    importer,
    leaf,
    loop,
    output,
    output_artifact,
    pipeline,
    task,
)

DYNAMIC = importer({"uri": "STRING"}, artifactUri={"runtimeParameter": "uri"})
USE = leaf(artifacts={"a": DATASET})


def imported(component: Json, parameters: Json, **world: Json) -> Artifact:
    """The artifact that ``use`` receives from the importer ``i``."""
    root = dag(
        {
            "i": task("comp-i", parameters),
            "use": task("comp-use", artifacts={"a": output_artifact("i", "artifact")}),
            "before": task("comp-b"),
        },
        {"p": {"parameterType": "STRING", "defaultValue": "gs://b/p"}},
    )
    components = {
        "comp-i": component,
        "comp-use": USE,
        "comp-b": leaf(outputs={"Output": "STRING"}),
    }
    made = World(pipeline(root, components))
    made.succeeded("before", Output="gs://b/output")
    (artifact,) = made.resolver().inputs(TaskPath("use")).artifacts["a"]
    assert made.resolver().outputs(TaskPath("i")).artifacts == {"artifact": (artifact,)}
    return artifact


@pytest.mark.parametrize(
    ("source", "uri"),
    [
        pytest.param("gs://b/constant", "gs://b/constant", id="constant"),
        pytest.param(given("p"), "gs://b/p", id="parameter of the pipeline"),
        pytest.param(output("before"), "gs://b/output", id="output of a task"),
        pytest.param("gs://b/{{$.pipeline_job_uuid}}", "gs://b/run-1", id="with a placeholder"),
    ],
)
def test_the_uri_comes_from_any_source(source: Json, uri: str) -> None:
    assert imported(DYNAMIC, {"uri": source}) == Artifact(
        name="artifact",
        uri=ArtifactUri(uri),
        type=ArtifactType(schema_title="system.Dataset"),
        metadata={},
    )


def test_metadata_has_placeholders_in_keys_and_values_at_any_depth() -> None:
    p, n = ("{{$.inputs.parameters['metadata']}}", "{{$.inputs.parameters['metadata-2']}}")
    component = importer(
        {"metadata": "STRING", "metadata-2": "NUMBER_INTEGER"},
        artifactUri={"constant": "gs://b/k"},
        metadata={p: p, "list": [p, n, 1.0], "deep": {"n": n, n: f"is {n}"}, "flag": True},
    )

    artifact = imported(component, {"metadata": "name", "metadata-2": 3.0})

    assert artifact.metadata == {
        "name": "name",
        "list": ["name", 3, 1],
        "deep": {"n": 3, "3": "is 3"},
        "flag": True,
    }


def test_an_import_into_the_workspace_is_marked_for_the_sdk() -> None:
    component = importer(artifactUri={"constant": "gs://b/k"}, downloadToWorkspace=True)

    assert imported(component, {}).metadata == {"_kfp_workspace": True}


def test_an_importer_without_a_uri_is_an_error() -> None:
    with pytest.raises(FinalTaskError) as caught:
        imported(DYNAMIC, {"uri": ""})

    assert str(caught.value) == (
        "task 'i': the URI to import is empty; give the importer an artifact_uri"
    )


def test_input_artifacts_of_the_run_are_inputs_like_others() -> None:
    root = dag(
        {"use": task("comp-use", artifacts={"a": {"componentInputArtifact": "given"}})},
        artifacts={"given": DATASET},
    )
    artifact = Artifact(
        name="given", uri=ArtifactUri("gs://b/k"), type=ArtifactType(schema_title="system.Dataset")
    )
    world = World(pipeline(root, {"comp-use": USE}), artifacts={"given": (artifact,)})

    assert world.input_artifacts("use") == {"a": ("gs://b/k",)}


def test_a_missing_artifact_is_an_error_unless_the_input_is_optional() -> None:
    root = dag(
        {"use": task("comp-use", artifacts={"a": {"componentInputArtifact": "given"}})},
        artifacts={"given": {**DATASET, "isOptional": True}},
    )
    optional = leaf(artifacts={"a": {**DATASET, "isOptional": True}})

    assert World(pipeline(root, {"comp-use": optional})).input_artifacts("use") == {}
    with pytest.raises(FinalTaskError) as caught:
        World(pipeline(root, {"comp-use": USE})).input_artifacts("use")

    assert str(caught.value) == (
        "task 'use': input artifact 'a' is missing; pass one or make the input optional"
    )


CREATE = leaf(
    {
        "pvc_name": {"parameterType": "STRING", "isOptional": True},
        "pvc_name_suffix": {"parameterType": "STRING", "isOptional": True},
    },
    {"name": "STRING"},
    image="argostub/createpvc",
    command=[],
)


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        pytest.param({"pvc_name": "mine"}, "mine", id="its own name"),
        pytest.param({"pvc_name_suffix": "data"}, "demo-x7k2p-data", id="suffix"),
        pytest.param({"pvc_name_suffix": "-data"}, "demo-x7k2p-data", id="suffix with a dash"),
        pytest.param({}, "demo-x7k2p-createpvc", id="neither"),
        pytest.param({"pvc_name": "", "pvc_name_suffix": "d"}, "demo-x7k2p-d", id="empty name"),
    ],
)
def test_the_name_of_a_claim_follows_from_the_workflow(inputs: Json, name: str) -> None:
    root = dag(
        {
            "createpvc": task("comp-c", inputs),
            "use": task("comp-use", {"x": output("createpvc", "name")}),
        }
    )
    world = World(pipeline(root, {"comp-c": CREATE, "comp-use": leaf({"x": "STRING"})}))

    assert world.inputs("use") == {"x": name}


def test_claims_of_iterations_are_apart() -> None:
    body = dag(
        {
            "c": task("comp-c", {"pvc_name_suffix": "-data"}),
            "use": task("comp-use", {"x": output("c", "name")}),
        },
        {"item": "STRING"},
    )
    root = dag({"for-loop-1": task("comp-body", **loop(["a", "b"]))})
    components = {"comp-body": body, "comp-c": CREATE, "comp-use": leaf({"x": "STRING"})}
    world = World(pipeline(root, components))

    assert [world.inputs(f"for-loop-1/{i}/use")["x"] for i in (0, 1)] == [
        "demo-x7k2p-for-loop-1-0-data",
        "demo-x7k2p-for-loop-1-1-data",
    ]


def test_a_claim_with_both_names_is_refused() -> None:
    root = dag(
        {
            "c": task("comp-c", {"pvc_name": "a", "pvc_name_suffix": "b"}),
            "use": task("comp-use", {"x": output("c", "name")}),
        }
    )
    world = World(pipeline(root, {"comp-c": CREATE, "comp-use": leaf({"x": "STRING"})}))

    with pytest.raises(FinalTaskError) as caught:
        world.inputs("use")

    assert str(caught.value) == (
        "task 'c': 'pvc_name' and 'pvc_name_suffix' are both given; give one"
    )

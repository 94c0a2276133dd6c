from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from argosy_launcher.outputs.collecting import (
    CollectedArtifact,
    collect_artifacts,
    collect_parameters,
)
from argosy_launcher.outputs.executor_output import ExecutorOutput, ReportedArtifact
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Artifact, Content, ContentKind, Reason
from argosy_schemas.formats.step import OutputArtifact, OutputParameter, UriMapping
from argosy_schemas.ir.model import ArtifactType, ParameterType
from argosy_schemas.names import ArtifactUri
from argosy_schemas.values import JsonValue
from launcher_pods import step_of

MODEL = ArtifactType(schema_title="system.Model")
ROOT = "s3://bucket/demo/run-1/train/attempt-1"
SEEN = "/work/io"
INPUT = Artifact(
    name="41",
    uri=ArtifactUri("s3://bucket/demo/run-0/data"),
    type=ArtifactType(schema_title="system.Dataset"),
    metadata={"rows": 3},
    content=Content(kind=ContentKind.DIRECTORY, files=2, size_bytes=9),
)
OUTPUT = OutputArtifact(
    name="model",
    type=MODEL,
    is_list=False,
    metadata={"static": "yes", "kept": 1},
    path=f"{SEEN}/outputs/model",
    uri=ArtifactUri(f"{ROOT}/model"),
    seen_uri=f"{SEEN}/outputs/model",
)
STEP = step_of(
    "train",
    output_artifacts=(OUTPUT,),
    uri_mappings=(UriMapping(seen=f"{SEEN}/outputs", stored=ROOT),),
    seen_artifacts={f"{SEEN}/inputs/data": INPUT},
)


def parameter(kind: ParameterType, said: ExecutorOutput | None, data: bytes | None) -> JsonValue:
    step = step_of("x", output_parameters=(OutputParameter(name="p", type=kind, path="/out/p"),))
    return collect_parameters(step, said, {"p": data})["p"]


def artifacts(*said: ReportedArtifact, **changes: Any) -> tuple[CollectedArtifact, ...]:
    step = replace(STEP, output_artifacts=(replace(OUTPUT, **changes),))
    return collect_artifacts(step, ExecutorOutput(artifacts={"model": said}))


def expected(**changes: Any) -> Artifact:
    artifact = Artifact(
        name="model",
        uri=OUTPUT.uri,
        type=MODEL,
        metadata=OUTPUT.metadata,
    )
    return replace(artifact, **changes)


def test_the_executor_output_goes_before_the_parameter_file() -> None:
    said = ExecutorOutput(parameters={"p": "said"})

    assert parameter(ParameterType.STRING, said, b"written") == "said"


@pytest.mark.parametrize(
    ("kind", "value", "collected"),
    [
        (ParameterType.NUMBER_INTEGER, 3.0, 3),
        (ParameterType.NUMBER_DOUBLE, 2, 2),
        (ParameterType.STRING, {"b": 1, "a": [True]}, '{"a":[true],"b":1}'),
        (ParameterType.STRING, 1e-7, "0.0000001"),
        (ParameterType.LIST, [1.0, "x"], [1, "x"]),
        (ParameterType.BOOLEAN, False, False),
        (ParameterType.STRING, None, None),
    ],
)
def test_a_value_of_the_executor_output_becomes_one_of_the_declared_type(
    kind: ParameterType, value: JsonValue, collected: JsonValue
) -> None:
    result = parameter(kind, ExecutorOutput(parameters={"p": value}), None)

    assert repr(result) == repr(collected)


def test_a_file_is_parsed_by_type_where_the_executor_output_is_silent() -> None:
    assert parameter(ParameterType.NUMBER_INTEGER, ExecutorOutput(), b" 7\n") == 7
    assert parameter(ParameterType.STRING, None, b" 7\n") == " 7\n"


def test_what_a_python_function_returned_as_none_is_null() -> None:
    """The SDK's executor then writes its output file without the parameter."""
    assert parameter(ParameterType.STRING, ExecutorOutput(), None) is None


def test_a_misspelt_output_parameter_is_named() -> None:
    said = ExecutorOutput(parameters={"P": "said"})

    with pytest.raises(TaskError) as caught:
        parameter(ParameterType.STRING, said, None)

    assert str(caught.value) == (
        "the executor output reports 'P', which is not an output parameter of the component, and "
        "has nothing for its output parameter 'p'; correct the name"
    )


def test_an_output_that_is_not_declared_is_ignored_where_all_others_have_values() -> None:
    said = ExecutorOutput(parameters={"P": "said", "p": None})

    assert parameter(ParameterType.STRING, said, None) is None
    assert parameter(ParameterType.STRING, replace(said, parameters={"P": 1}), b"x") == "x"


@pytest.mark.parametrize(
    ("kind", "said", "data", "problem"),
    [
        (
            ParameterType.STRING,
            None,
            None,
            "output parameter 'p' is missing, there is no file '/out/p'; let the command write it",
        ),
        (
            ParameterType.LIST,
            ExecutorOutput(parameters={"p": {}}),
            None,
            "output parameter 'p' is an object, not a LIST; let the component write a LIST",
        ),
        (
            ParameterType.NUMBER_INTEGER,
            ExecutorOutput(parameters={"p": 3.5}),
            None,
            "output parameter 'p' is 3.5, not a NUMBER_INTEGER; "
            "let the component write a NUMBER_INTEGER",
        ),
        (
            ParameterType.NUMBER_INTEGER,
            None,
            b"1.0",
            "output parameter 'p' in '/out/p' '1.0' is not a NUMBER_INTEGER; "
            "let the component write a NUMBER_INTEGER",
        ),
        (
            ParameterType.STRING,
            ExecutorOutput(parameters={"p": "\ud800"}),
            None,
            "output parameter 'p' holds half of a surrogate pair, which is not text; "
            "encode it, e.g. as base64",
        ),
    ],
)
def test_a_wrong_or_missing_parameter_is_named(
    kind: ParameterType, said: ExecutorOutput | None, data: bytes | None, problem: str
) -> None:
    with pytest.raises(TaskError) as caught:
        parameter(kind, said, data)

    assert (str(caught.value), caught.value.reason) == (problem, Reason.INVALID_OUTPUT)


def test_a_file_that_nests_too_deeply_is_refused() -> None:
    with pytest.raises(TaskError, match="levels deep; let the component write a LIST"):
        parameter(ParameterType.LIST, None, b"[" * 200_000)


def test_an_artifact_that_nobody_mentions_is_where_it_was_told_to_be() -> None:
    (collected,) = collect_artifacts(STEP, None)

    assert collected == CollectedArtifact(
        output="model", artifact=expected(), path=f"{SEEN}/outputs/model"
    )


def test_metadata_of_the_component_goes_over_that_of_the_definition() -> None:
    (collected,) = artifacts(
        ReportedArtifact(name="best", uri=OUTPUT.seen_uri, metadata={"kept": 2.0, "new": None})
    )

    assert collected.artifact == expected(
        name="best", metadata={"static": "yes", "kept": 2.0, "new": None}
    )


def test_a_custom_path_is_uploaded_to_the_uri_of_the_output() -> None:
    (collected,) = artifacts(ReportedArtifact(uri=OUTPUT.seen_uri, custom_path="/data/model.bin"))

    assert collected.path == "/data/model.bin"
    assert collected.artifact == expected(custom_path="/data/model.bin")


def test_an_artifact_below_the_root_of_the_task_is_uploaded_below_it() -> None:
    """``Dataset(uri=dsl.get_uri('best'))``."""
    (collected,) = artifacts(ReportedArtifact(uri=f"{SEEN}/outputs/best/v1"))

    assert collected.path == f"{SEEN}/outputs/best/v1"
    assert collected.artifact == expected(uri=f"{ROOT}/best/v1")


def test_on_a_cluster_the_path_is_where_the_sdk_looks_for_the_uri() -> None:
    step = replace(STEP, uri_mappings=(UriMapping(seen=ROOT, stored=ROOT),))
    said = {"model": (ReportedArtifact(uri=f"{ROOT}/best"),)}

    (collected,) = collect_artifacts(step, ExecutorOutput(artifacts=said))

    assert collected.path == "/s3/bucket/demo/run-1/train/attempt-1/best"
    assert collected.artifact.uri == f"{ROOT}/best"


def test_an_input_that_is_passed_on_is_not_uploaded_again() -> None:
    (collected,) = artifacts(
        ReportedArtifact(name="41", uri=f"{SEEN}/inputs/data", metadata={"rows": 4})
    )

    assert collected == CollectedArtifact(
        output="model",
        artifact=expected(
            name="41",
            uri=INPUT.uri,
            metadata={"static": "yes", "kept": 1, "rows": 4},
            content=INPUT.content,
        ),
        path=None,
    )


def test_the_longest_known_prefix_decides() -> None:
    """Where inputs lie below the root of the task, they are inputs all the same."""
    for mappings in ((f"{SEEN}", f"{SEEN}/outputs"), (f"{SEEN}/outputs", f"{SEEN}")):
        step = replace(
            STEP, uri_mappings=tuple(UriMapping(seen=seen, stored=ROOT) for seen in mappings)
        )
        said = {"model": (ReportedArtifact(uri=f"{SEEN}/inputs/data"),)}

        (collected,) = collect_artifacts(step, ExecutorOutput(artifacts=said))

        assert (collected.artifact.uri, collected.path) == (INPUT.uri, None)


def test_an_input_that_is_passed_on_without_metadata_keeps_its_own() -> None:
    (collected,) = artifacts(ReportedArtifact(uri=f"{SEEN}/inputs/data"))

    assert collected.artifact.metadata == {"rows": 3}


def test_a_part_of_an_input_is_stored_already() -> None:
    (collected,) = artifacts(ReportedArtifact(uri=f"{SEEN}/inputs/data/part-1"))

    assert (collected.artifact.uri, collected.path) == (f"{INPUT.uri}/part-1", None)


@pytest.mark.parametrize(
    ("uri", "stored"),
    [
        ("s3://other/model", "s3://other/model"),
        ("https://example.org/m", "https://example.org/m"),
        ("oci://registry/model:1", "oci://registry/model:1"),
        ("/mnt/models/1", "file:///mnt/models/1"),
        (f"{SEEN}/outputs-2/x", f"file://{SEEN}/outputs-2/x"),
        (f"{SEEN}/outputs/../../../etc/passwd", f"file://{SEEN}/outputs/../../../etc/passwd"),
    ],
)
def test_a_uri_of_somebody_else_is_registered_and_not_uploaded(uri: str, stored: str) -> None:
    (collected,) = artifacts(ReportedArtifact(uri=uri, custom_path="/etc/passwd"))

    assert (collected.artifact.uri, collected.path) == (stored, None)


def test_of_several_artifacts_for_one_output_the_first_counts() -> None:
    (collected,) = artifacts(ReportedArtifact(name="a"), ReportedArtifact(name="b"))

    assert collected.artifact.name == "a"


def test_every_artifact_of_a_list_is_collected_in_order() -> None:
    collected = artifacts(
        ReportedArtifact(name="a", uri=f"{OUTPUT.seen_uri}/a"),
        ReportedArtifact(name="b", uri="s3://other/b"),
        ReportedArtifact(name="c", uri=f"{SEEN}/inputs/data"),
        is_list=True,
    )

    assert [(each.artifact.name, each.artifact.uri, each.path) for each in collected] == [
        ("a", f"{ROOT}/model/a", f"{SEEN}/outputs/model/a"),
        ("b", "s3://other/b", None),
        ("c", INPUT.uri, None),
    ]


def test_a_list_may_be_empty() -> None:
    assert artifacts(is_list=True) == ()


def test_a_list_that_nobody_mentions_is_what_is_found_at_its_path() -> None:
    step = replace(STEP, output_artifacts=(replace(OUTPUT, is_list=True),))

    (collected,) = collect_artifacts(step, ExecutorOutput())

    assert (collected.path, collected.reported) == (OUTPUT.path, False)


def test_metadata_that_is_not_text_is_refused_by_name() -> None:
    with pytest.raises(TaskError, match="metadata of output artifact 'model' holds half of a"):
        artifacts(ReportedArtifact(metadata={"x": "\udfff"}))


def test_a_misspelt_output_artifact_is_named() -> None:
    step = replace(STEP, output_artifacts=(OUTPUT,))
    said = ExecutorOutput(artifacts={"modell": (ReportedArtifact(),)})

    with pytest.raises(TaskError, match="reports 'modell', which is not an output artifact"):
        collect_artifacts(step, said)

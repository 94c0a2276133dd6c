"""The inputs of a run: text in, checked values out."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_driver.resolving.run_parameters import parse_run_artifacts
from argosy_schemas.checking.run_parameters import parse_run_parameters
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.model import ArtifactType, Pipeline
from argosy_schemas.names import ArtifactUri
from argosy_schemas.values import JsonValue
from driver_support import DATASET, dag, leaf, pipeline, task


def declaring(inputs: dict[str, object], artifacts: dict[str, object] | None = None) -> Pipeline:
    root = dag({"t": task("comp-t")}, inputs, artifacts=artifacts)
    return pipeline(root, {"comp-t": leaf()})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("STRING", "text", "text"),
        ("STRING", "5", "5"),
        ("STRING", "", ""),
        ("STRING", "null", "null"),
        ("NUMBER_INTEGER", "5", 5),
        ("NUMBER_INTEGER", "5.0", 5),
        ("NUMBER_DOUBLE", "0.5", 0.5),
        ("BOOLEAN", "true", True),
        ("LIST", "[1.0, 2]", [1, 2]),
        ("STRUCT", '{"a": null}', {"a": None}),
    ],
)
def test_a_string_is_taken_as_it_is_and_all_else_is_json(
    kind: str, text: str, value: JsonValue
) -> None:
    assert parse_run_parameters(declaring({"p": kind}), {"p": text}) == {"p": value}


def test_what_is_not_given_has_its_default_or_is_null() -> None:
    of = declaring(
        {
            "default": {"parameterType": "LIST", "defaultValue": []},
            "optional": {"parameterType": "STRING", "isOptional": True},
            "null": {"parameterType": "NUMBER_INTEGER", "defaultValue": 1, "isOptional": True},
        }
    )

    assert parse_run_parameters(of, {"optional": None, "null": "null"}) == {
        "default": [],
        "optional": None,
        "null": None,
    }


def test_all_problems_are_told_at_once() -> None:
    of = declaring(
        {
            "epochs": "NUMBER_INTEGER",
            "name": "STRING",
            "size": {"parameterType": "STRING", "literals": ["s", "m"]},
        },
        {"data": DATASET},
    )

    with pytest.raises(InvalidArgumentError) as caught:
        parse_run_parameters(of, {"epochs": "many", "epoch": "3", "size": "l", "data": "x"})

    assert str(caught.value).splitlines() == [
        "the pipeline has no parameter 'epoch'; did you mean 'epochs'?",
        "parameter 'epochs': 'many' is not a NUMBER_INTEGER; write a number, e.g. 3",
        "parameter 'name' is required; give a value of type STRING",
        "parameter 'size': is 'l', not one of \"s\", \"m\"",
    ]


def test_artifacts_are_uris_or_local_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    of = declaring({"p": "STRING"}, {"a": DATASET, "b": DATASET})
    kind = ArtifactType(schema_title="system.Dataset", schema_version="0.0.1")

    found = parse_run_artifacts(of, {"a": "gs://b/k", "b": "x/y.csv", "p": "text"})

    assert found == {
        "a": (Artifact(name="a", uri=ArtifactUri("gs://b/k"), type=kind),),
        "b": (Artifact(name="b", uri=ArtifactUri(f"file://{tmp_path}/x/y.csv"), type=kind),),
    }


def test_a_required_artifact_must_be_given() -> None:
    of = declaring({}, {"a": DATASET, "b": {**DATASET, "isOptional": True}})

    with pytest.raises(InvalidArgumentError) as caught:
        parse_run_artifacts(of, {})

    assert str(caught.value) == "artifact 'a' is required; give its URI"

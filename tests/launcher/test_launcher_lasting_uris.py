"""Parameters that are places of artifacts become the URIs at which the artifacts are stored."""

from __future__ import annotations

import json

import pytest

from argosy_launcher.outputs.collecting import collect_artifacts
from argosy_launcher.outputs.executor_output import ExecutorOutput, ReportedArtifact
from argosy_launcher.outputs.lasting_uris import find_stored_uris, make_lasting
from argosy_schemas.formats.records import Artifact
from argosy_schemas.formats.step import OutputArtifact, Step, UriMapping
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri
from argosy_schemas.values import JsonValue
from launcher_pods import step_of

ROOT = "file:///home/me/.argosy/root/train/1"


def artifact(uri: str, **metadata: JsonValue) -> Artifact:
    return Artifact(name="a", uri=ArtifactUri(uri), type=ArtifactType(), metadata=metadata)


def output(name: str, seen: str, path: str, stored: str) -> OutputArtifact:
    return OutputArtifact(
        name=name,
        type=ArtifactType(),
        is_list=False,
        metadata={},
        path=f"{path}/{name}",
        uri=ArtifactUri(f"{stored}/{name}"),
        seen_uri=f"{seen}/{name}",
    )


LAPTOP = step_of(
    "train",
    output_artifacts=(output("model", "/task/outputs", "/task/outputs", ROOT),),
    uri_mappings=(UriMapping(seen="/task/outputs", stored=ROOT),),
    seen_artifacts={
        "/task/inputs/1/rows": artifact("/data/rows"),
        "/task/inputs/2/rows": artifact("s3://bucket/rows/"),
        "/run/workspace/.artifacts/3/rows": artifact("s3://bucket/rows", _kfp_workspace=True),
    },
)
CLUSTER = step_of(
    "train",
    output_artifacts=(output("model", "s3://bucket/root", "/s3/bucket/root", "s3://bucket/root"),),
    seen_artifacts={
        "gs://other/rows": artifact("gs://other/rows"),
        "/argosy/artifacts/az/c/k": artifact("az://c/k"),
    },
)


def lasting(step: Step, value: JsonValue, said: ExecutorOutput | None = None) -> JsonValue:
    return make_lasting(value, find_stored_uris(step, collect_artifacts(step, said)))


@pytest.mark.parametrize(
    ("step", "seen", "stored"),
    [
        (LAPTOP, "/task/inputs/1/rows", "/data/rows"),
        (LAPTOP, "file:///task/inputs/1/rows", "/data/rows"),
        (LAPTOP, "/task/inputs/2/rows/part-1", "s3://bucket/rows/part-1"),
        (LAPTOP, "/task/inputs/2/rows/", "s3://bucket/rows/"),
        (LAPTOP, "/task/inputs/2/rows\n", "s3://bucket/rows\n"),
        (LAPTOP, "/task/outputs/model", f"{ROOT}/model"),
        (CLUSTER, "/s3/bucket/root/model/x", "s3://bucket/root/model/x"),
        (CLUSTER, "/gcs/other/rows", "gs://other/rows"),
        (CLUSTER, "/argosy/artifacts/az/c/k", "az://c/k"),
    ],
)
def test_the_place_of_an_artifact_becomes_its_uri(step: Step, seen: str, stored: str) -> None:
    assert lasting(step, seen) == stored
    assert lasting(step, [{"at": seen}, 1, None]) == [{"at": stored}, 1, None]
    assert lasting(step, {seen: True}) == {stored: True}
    text = json.dumps({"at": [seen], "ü": 1.50}, indent=1, ensure_ascii=False)
    assert lasting(step, text) == text.replace(json.dumps(seen), json.dumps(stored))


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (LAPTOP, "/task/inputs/1/rows-2"),
        (LAPTOP, "/task/inputs"),
        (LAPTOP, "/task/inputs/1/rows/../../2"),
        (LAPTOP, "see /task/inputs/1/rows"),
        (LAPTOP, '{"x": "see /task/inputs/1/rows", "open'),
        (LAPTOP, "/run/workspace/.artifacts/3/rows"),
        (LAPTOP, ""),
        (CLUSTER, "s3://bucket/root/model"),
        (CLUSTER, "/s3/bucket/root"),
        (CLUSTER, "gs://other/rows"),
    ],
)
def test_other_text_stays(step: Step, text: str) -> None:
    assert lasting(step, text) == text


def test_an_artifact_that_the_component_names_itself_has_its_own_uri() -> None:
    said = ExecutorOutput(artifacts={"model": (ReportedArtifact(uri="/task/outputs/mine"),)})

    assert lasting(LAPTOP, "/task/outputs/mine/x", said) == f"{ROOT}/mine/x"


def test_a_path_that_the_component_chose_stays() -> None:
    said = ExecutorOutput(artifacts={"model": (ReportedArtifact(custom_path="/claim/model"),)})

    assert lasting(LAPTOP, "/claim/model", said) == "/claim/model"

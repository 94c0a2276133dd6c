"""A launcher writes for its own attempt only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from argosy_launcher.sidecar.own_step import check_own_step
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.step import OutputArtifact, UriMapping
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri
from launcher_pods import step_of

OWN = "s3://b/root/demo/run-1/train/attempt-1"
ENVIRONMENT = {"ARGOSY_RUN": "run-1", "ARGOSY_TASK": "train", "ARGOSY_ATTEMPT": "attempt-1"}
OUTPUT = OutputArtifact(
    name="model",
    type=ArtifactType(schema_title="system.Model"),
    is_list=False,
    metadata={},
    path="/s3/b/x",
    uri=ArtifactUri(f"{OWN}/model"),
    seen_uri="s3://b/x",
)
STEP = step_of(
    "true",
    root="s3://b/root?endpoint=http://h",
    output_artifacts=(OUTPUT,),
    uri_mappings=(UriMapping(seen=OWN, stored=OWN),),
)


def test_the_step_of_the_own_attempt_is_taken() -> None:
    check_own_step(STEP, ENVIRONMENT)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"run_id": "run-2"}, "is about 'run-2', and 'ARGOSY_RUN' is 'run-1'"),
        ({"task_path": "test"}, "is about 'test', and 'ARGOSY_TASK' is 'train'"),
        ({"attempt_id": "a"}, "is about 'a', and 'ARGOSY_ATTEMPT' is 'attempt-1'"),
        (
            {"output_artifacts": (replace(OUTPUT, uri=ArtifactUri("s3://b/root/x")),)},
            f"stores at 's3://b/root/x', which is not below '{OWN}'",
        ),
        (
            {"uri_mappings": (UriMapping(seen=OWN, stored=f"{OWN}2"),)},
            f"stores at '{OWN}2', which is not below '{OWN}'",
        ),
    ],
)
def test_a_step_of_anything_else_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(FinalTaskError) as caught:
        check_own_step(replace(STEP, **changes), ENVIRONMENT)

    assert str(caught.value).startswith(f"the step of this pod {problem}; ")

"""A driver refuses an environment that the controller did not fill in as the compiler meant."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from argosy_driver.settings import DriverSettings, read_settings
from argosy_schemas import pod
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.names import AttemptId, RunId, TaskPath

COMPLETE = {
    pod.ENV_TASK: "train",
    pod.ENV_RUN: "run-1",
    pod.ENV_NAME: "demo-x7",
    pod.ENV_CREATED: "2026-01-02T03:04:05Z",
    pod.ENV_IR: "H4sI",
    pod.ENV_STORE: "s3://bucket/argosy",
    pod.ENV_ATTEMPT: "pod-1",
}


def as_variable(texts: object) -> str:
    return base64.b64encode(json.dumps(texts).encode()).decode()


def test_what_a_workflow_leaves_out_has_its_default() -> None:
    assert read_settings(COMPLETE) == DriverSettings(
        task=TaskPath("train"),
        run=RunId("run-1"),
        name="demo-x7",
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ir="H4sI",
        store="s3://bucket/argosy",
        attempt=AttemptId("pod-1"),
    )


def test_parameters_and_statuses_arrive_as_texts() -> None:
    settings = read_settings(
        COMPLETE
        | {
            pod.ENV_CACHE: "false",
            pod.ENV_PARAMETERS: as_variable({"rows": "5", "name": None}),
            pod.ENV_UPSTREAM: as_variable({"a": "Failed", "b": None}),
        }
    )

    assert settings.cache is False
    assert settings.parameters == {"rows": "5", "name": None}
    assert settings.upstream == {"a": "Failed"}


@pytest.mark.parametrize(
    "name", [pod.ENV_TASK, pod.ENV_RUN, pod.ENV_NAME, pod.ENV_CREATED, pod.ENV_IR, pod.ENV_ATTEMPT]
)
def test_a_variable_that_is_empty_is_named(name: str) -> None:
    with pytest.raises(FinalTaskError, match=f"the variable '{name}' of container 'driver' is emp"):
        read_settings(COMPLETE | {name: ""})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (pod.ENV_CREATED, "{{=failed}}", "is '{{=failed}}', not a time;"),
        (pod.ENV_CREATED, "2026-01-02T03:04:05", "not a time with its zone;"),
        (pod.ENV_CACHE, "yes", "is 'yes', not 'true' or 'false';"),
        (pod.ENV_PARAMETERS, "{{=failed}}", "look for a failed expression in the workflow"),
        (pod.ENV_UPSTREAM, as_variable(["a"]), "look for a failed expression in the workflow"),
    ],
)
def test_text_that_no_expression_yields_is_refused(name: str, value: str, problem: str) -> None:
    with pytest.raises(FinalTaskError) as caught:
        read_settings(COMPLETE | {name: value})

    assert str(caught.value).startswith(f"the variable '{name}' of container 'driver' ")
    assert problem in str(caught.value)

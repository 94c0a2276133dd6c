"""What Argo shows of a task that succeeded."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from argosy_launcher.sidecar.summary import summarize
from argosy_schemas.formats.records import (
    AttemptRecord,
    AttemptState,
    RecordReference,
    Values,
)
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_schemas.values import JsonValue
from launcher_pods import step_of


def summary(step: Step, outputs: Values) -> Any:
    record = AttemptRecord(
        run_id=step.run_id,
        pipeline=step.pipeline,
        task_path=step.task_path,
        attempt_id=step.attempt_id,
        state=AttemptState.SUCCEEDED,
        started_at=datetime(2024, 5, 1, 12, tzinfo=UTC),
        outputs=outputs,
    )
    text = summarize(step, record)
    assert "{{" not in text
    return json.loads(text)


def test_outputs_are_texts_as_parameters_of_a_workflow_are() -> None:
    parameters: dict[str, JsonValue] = {"name": "it's", "n": 0.5, "items": ["a", 1], "no": None}

    shown = summary(step_of("true"), Values(parameters=parameters))

    assert shown == {
        "state": "succeeded",
        "outputs": {"items": '["a",1]', "n": "0.5", "name": "it's", "no": "null"},
    }


def test_a_cached_task_names_the_run_that_its_result_is_from() -> None:
    source = RecordReference(
        run_id=RunId("run-0"), task_path=TaskPath("train"), attempt_id=AttemptId("a")
    )
    step = replace(step_of("true"), decision=Decision.CACHED, cached_from=source)

    shown = summary(step, Values(parameters={"n": 1}))

    assert shown == {"state": "cached", "run": "run-0", "outputs": {"n": "1"}}


def test_an_adopted_task_says_so() -> None:
    step = replace(step_of("true"), decision=Decision.ADOPTED)

    assert summary(step, Values())["state"] == "adopted"


@pytest.mark.parametrize("count", [1, 50])
def test_it_stays_short_whatever_the_outputs(count: int) -> None:
    parameters = {f"p{n}": "x" * 1000 for n in range(count)}

    shown = summary(step_of("true"), Values(parameters=parameters, large={"big": "key"}))

    assert shown["outputs"]["p0"].startswith("xxx")
    assert shown["outputs"]["big"] == "(long: see the record)"
    assert len(json.dumps(shown)) < 4000


def test_no_text_of_a_user_begins_a_tag_of_argo() -> None:
    shown = summary(step_of("true"), Values(parameters={"t": "{{workflow.uid}} {{{="}))

    assert shown["outputs"] == {"t": "{{workflow.uid}} {{{="}

"""Exit tasks run whatever happened, also when the workflow is stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_expressions.argo import evaluate
from argosy_schemas.reading.pipeline import read_pipeline

GOLDEN = Path(__file__).parents[1] / "golden"


def spec(case: str, max_dag_tasks: int = 200) -> Any:
    source = GOLDEN / f"{case}.ir.yaml"
    pipeline = read_pipeline(source.read_bytes(), file=case)
    return compile_pipeline(pipeline, CompileOptions(max_dag_tasks=max_dag_tasks)).workflow["spec"]


def test_an_exit_task_has_a_twin_that_needs_a_stop_or_a_deadline() -> None:
    found = spec("exits/handler")
    root = next(one for one in found["templates"] if one["name"] == "root")
    twins = next(one for one in found["templates"] if one["name"] == found["onExit"])

    _, (twin,) = twins["steps"]
    original = next(one for one in root["dag"]["tasks"] if one["name"] == twin["name"])
    assert twin["template"] == original["template"]
    assert twin["arguments"]["parameters"] == [
        {"name": "task", "value": "report"},
        {
            "name": "upstream",
            "value": "{{=sprig.b64enc(toJson({'.': workflow.status}))}}",
        },
    ]
    assert twin["when"] == "{{=steps['stopped'].status == 'Succeeded'}}"


def test_whether_a_run_was_stopped_is_asked_once_and_without_a_pod() -> None:
    """A ``when`` that turns false gives up what has begun, and messages of nodes change."""
    templates = {one["name"]: one for one in spec("exits/handler")["templates"]}

    (asks,) = templates["on-exit"]["steps"][0]
    arguments = {"parameters": [{"name": "path", "value": ""}]}
    assert templates[asks["template"]] == {
        "name": "stopped",
        "inputs": {"parameters": [{"name": "path"}]},
        "steps": [
            [
                {
                    "name": "nothing",
                    "template": "stopped",
                    "when": "false",
                    "arguments": arguments,
                }
            ]
        ],
    }


@pytest.mark.parametrize(
    ("message", "stopped"),
    [
        ("workflow shutdown with strategy: Stop", True),
        # Two blanks: of a pod that ran.
        ("workflow shutdown with strategy:  Stop", True),
        ("Stopped with strategy 'Stop'", True),
        ("Step exceeded its deadline", True),
        ("retry exceeded workflow deadline 2026-11-26 05:12:40 +0000 UTC", True),
        ("main: Error (exit code 1): workflow shutdown with strategy: Stop", False),
        ("Error (exit code 1): Step exceeded its deadline", False),
        ("main: Error (exit code 1): job 7 exceeded its deadline", False),
        ('main: Error (exit code 1): ","message":"Step exceeded its deadline"', False),
        ('main: Error (exit code 1): \\","message":"Step exceeded its deadline"', False),
        ('main: Error (exit code 1): \\\\\\","message":"Step exceeded its deadline"', False),
    ],
)
def test_only_what_argo_says_of_nodes_tells_of_a_stop(message: str, stopped: bool) -> None:
    """What a command printed stands behind words of Argo's in the message of its node."""
    on_exit = next(one for one in spec("exits/handler")["templates"] if one["name"] == "on-exit")
    when = on_exit["steps"][0][0]["when"].removeprefix("{{=").removesuffix("}}")
    failures = [{"displayName": "t", "message": message, "templateName": "pod", "phase": "Failed"}]
    text = json.dumps(json.dumps(failures, separators=(",", ":")))

    assert evaluate(when, {"workflow": {"failures": text}}) is stopped


def test_what_only_ignores_failures_has_none() -> None:
    assert "onExit" not in spec("exits/ignoring")


def test_the_failure_of_what_an_exit_task_follows_stays_visible() -> None:
    root = next(one for one in spec("exits/handler")["templates"] if one["name"] == "root")

    assert root["dag"]["target"] == "exit-handler-1 report say-2"
    assert root["dag"]["failFast"] is False


def test_an_exit_task_with_a_condition_has_none() -> None:
    """What it would be decided by is not known where the workflow was stopped."""
    strategy = "strategy: ALL_UPSTREAM_TASKS_COMPLETED"
    condition = "condition: inputs.parameter_values['note'] == 'done'"
    source = (GOLDEN / "exits" / "handler.ir.yaml").read_text()
    assert source.count(strategy) == 1

    pipeline = read_pipeline(
        source.replace(strategy, f"{strategy}\n          {condition}").encode(), file="handler"
    )

    found: Any = compile_pipeline(pipeline).workflow["spec"]
    assert "onExit" not in found

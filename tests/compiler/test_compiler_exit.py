"""Exit tasks run whatever happened, also when the workflow is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_schemas.reading import read_pipeline

GOLDEN = Path(__file__).parents[1] / "golden"


def spec(case: str, max_dag_tasks: int = 200) -> Any:
    source = GOLDEN / f"{case}.ir.yaml"
    pipeline = read_pipeline(source.read_bytes(), file=case)
    return compile_pipeline(pipeline, CompileOptions(max_dag_tasks=max_dag_tasks)).workflow["spec"]


def test_an_exit_task_has_a_twin_that_needs_a_stop_or_a_deadline() -> None:
    found = spec("exits/handler")
    root = next(one for one in found["templates"] if one["name"] == "root")
    twins = next(one for one in found["templates"] if one["name"] == found["onExit"])

    (asks,), (twin,) = twins["steps"]
    original = next(one for one in root["dag"]["tasks"] if one["name"] == twin["name"])
    assert twin["template"] == original["template"]
    assert twin["arguments"]["parameters"] == [
        {"name": "task", "value": "report"},
        {
            "name": "upstream",
            "value": "{{=sprig.b64enc(toJson({'exit-handler-1': workflow.status}))}}",
        },
    ]
    assert asks["when"] == (
        "{{=workflow.failures contains 'workflow shutdown with strategy'"
        " || workflow.failures contains 'exceeded its deadline'}}"
    )
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


def test_what_only_ignores_failures_has_none() -> None:
    assert "onExit" not in spec("exits/ignoring")


def test_the_failure_of_what_an_exit_task_follows_stays_visible() -> None:
    root = next(one for one in spec("exits/handler")["templates"] if one["name"] == "root")

    assert root["dag"]["target"] == "exit-handler-1 report say-2"
    assert root["dag"]["failFast"] is False

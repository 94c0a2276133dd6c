"""``argosy lint``: every problem of a file at once, each with file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_processes import argosy, shell_pipeline

UNKNOWN = "inputs.parameter_valuez['word'] == 'a'"
LINE = "Write inputs.parameter_values['…'] or inputs.artifacts['…'].artifacts"


def pipeline(conditions: dict[str, str], *, iterations: int = 0) -> dict[str, Any]:
    """Return the IR of a pipeline: a task for each condition, and one that is a loop."""
    word = '{"word": {"parameterType": "STRING"}}'
    scripts = dict.fromkeys([*conditions, "loop"], "true")
    document: dict[str, Any] = json.loads(shell_pipeline("lint", scripts, inputs=word))
    tasks = document["root"]["dag"]["tasks"]
    for key, condition in conditions.items():
        tasks[key]["triggerPolicy"] = {"condition": condition}
    body = {"dag": {"tasks": {"inner": tasks["loop"]}}, **inputs_of("word", "item")}
    document["components"]["comp-body"] = body
    items = {"raw": json.dumps(list(range(iterations)))}
    tasks["loop"] = {
        **tasks["loop"],
        "componentRef": {"name": "comp-body"},
        "parameterIterator": {"items": items, "itemInput": "item"},
    }
    return document


def inputs_of(*names: str) -> dict[str, Any]:
    return {"inputDefinitions": {"parameters": {n: {"parameterType": "STRING"} for n in names}}}


def line_of(text: str, *keys: str) -> int:
    """Return the line of the last of ``keys``, each looked for behind the one before."""
    end = 0
    for key in keys:
        end = text.index(f'"{key}": ', end) + 1
    return text.count("\n", 0, end) + 1


@pytest.mark.parametrize("name", ["pipeline.json", "pipeline.yaml"])
def test_what_the_compiler_finds_has_file_and_line_and_comes_at_once(
    name: str, tmp_path: Path
) -> None:
    text = json.dumps(pipeline({"a": UNKNOWN, "b": UNKNOWN}, iterations=3000), indent=1)
    (tmp_path / name).write_text(text)

    ended = argosy("lint", name, "-o", "json", cwd=tmp_path)

    assert ended.status == 2
    assert [
        (one["file"], one["line"], one["path"], one["message"].partition(" (")[0])
        for one in ended.result["problems"]
    ] == [
        (
            name,
            line_of(text, "root", key, "condition"),
            f"root.dag.tasks.{key}.triggerPolicy.condition",
            LINE,
        )
        for key in "ab"
    ] + [
        (
            name,
            line_of(text, "root", "loop"),
            "root.dag.tasks.loop",
            "has 3,000 iterations of 2 nodes, 6,000 in all, and Argo keeps at most some 4,000 in"
            " one object; make the loop shorter, or raise --max-nodes where Argo offloads its"
            " status to a database",
        )
    ]


def test_conditions_are_checked_where_the_reader_finds_something_as_well(tmp_path: Path) -> None:
    conditions = {
        "a": UNKNOWN,
        "b": "inputs.parameter_values[",
        "c": "inputs.parameter_values['x']",
    }
    document = pipeline(conditions)
    document["root"]["dag"]["tasks"]["a"]["dependentTasks"] = ["nobody"]
    (tmp_path / "pipeline.json").write_text(json.dumps(document, indent=1))

    for command in (("lint",), ("compile",), ("plan", "-p", "word=x")):
        ended = argosy(command[0], "pipeline.json", *command[1:], cwd=tmp_path)

        assert ended.status == 2
        assert [error.partition(": ")[2].partition(" (")[0] for error in ended.errors] == [
            f"root.dag.tasks.a.triggerPolicy.condition: {LINE}",
            "root.dag.tasks.a.dependentTasks[0]: There is no task 'nobody' in this DAG; remove it",
            "root.dag.tasks.b.triggerPolicy.condition: Write a value here",
            "root.dag.tasks.c.triggerPolicy.condition: The task has no input 'x'",
        ]


def test_lines_of_what_the_sdk_made_of_a_file_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "from kfp import dsl\n\n\n"
        "@dsl.component(base_image='python:3.11')\n"
        "def say(n: int) -> int:\n    return n\n\n\n"
        "@dsl.pipeline(name='train')\n"
        "def train():\n"
        "    with dsl.ParallelFor(list(range(5000))) as n:\n        say(n=n)\n"
    )

    ended = argosy("lint", "train.py", "-o", "json", cwd=tmp_path)

    assert [(one["file"], one["line"]) for one in ended.result["problems"]] == [("train.py", None)]

"""``argosy lint``: every problem of a file at once, each with file and line."""

from __future__ import annotations

import json
from itertools import pairwise
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


@pytest.mark.parametrize("kind", ["WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"])
def test_of_argos_objects_workflows_alone_are_checked(kind: str, tmp_path: Path) -> None:
    document: dict[str, Any] = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "spec": {}}
    (tmp_path / "w.json").write_text(json.dumps(document))

    ended = argosy("lint", "w.json", cwd=tmp_path)

    assert ended.status == 2
    assert ended.errors == [
        f"w.json: kind: argosy lint does not check a '{kind}'; give a pipeline or a Workflow"
    ]


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
            "has 3,000 iterations of 2 nodes, 6,000 in all, and --max-nodes allows 4,000, since"
            " Argo keeps all in one object; make the loop shorter, or raise --max-nodes where Argo"
            " offloads its status to a database",
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


def shapes(count: int) -> str:
    """Return the IR of a pipeline with as many nested ones, no two of the same shape."""
    document: dict[str, Any] = json.loads(shell_pipeline("shapes", {"say": "true"}))
    say = document["root"]["dag"]["tasks"].pop("say")
    for number in range(count):
        # Ten tasks in a row, some of which also wait for the one before the last.
        tasks: dict[str, dict[str, Any]] = {
            f"say-{place}": {**say, "dependentTasks": []} for place in range(10)
        }
        for place in range(1, 10):
            awaited = [place - 1, *([place - 2] if place > 1 and number >> place - 2 & 1 else [])]
            tasks[f"say-{place}"]["dependentTasks"] = [f"say-{one}" for one in awaited]
        document["components"][f"comp-{number}"] = {"dag": {"tasks": tasks}}
        document["root"]["dag"]["tasks"][f"nested-{number}"] = {
            "taskInfo": {"name": f"nested-{number}"},
            "componentRef": {"name": f"comp-{number}"},
        }
    return json.dumps(document)


def test_a_pipeline_is_checked_as_it_is_compiled_for_the_line(tmp_path: Path) -> None:
    (tmp_path / "shapes.json").write_text(shapes(201))

    made = argosy("compile", "shapes.json", "--argo", "3.5", "--stats", cwd=tmp_path)

    assert made.status == 0
    assert "templates: 203 (no limit)" in made.err.splitlines()
    assert argosy("lint", "shapes.json", "--argo", "3.5", cwd=tmp_path).status == 0
    for words in (("--argo", "4.0"), ()):
        refused = argosy("lint", "shapes.json", *words, cwd=tmp_path)
        assert refused.status == 2
        assert "needs 204 templates, and --max-templates allows 200" in refused.errors[0]


WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: one-
  annotations: {day: 2024-01-01}
spec:
  entrypoint: main
  templates:
  - {name: main, container: {image: busybox}}
"""


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(WORKFLOW, [], id="a-date"),
        pytest.param(
            f"{WORKFLOW}---\n{WORKFLOW.replace(': main', ': gone', 1)}",
            [
                "p.yaml: workflow 2: spec.entrypoint: there is no template 'gone'; add it to "
                "spec.templates"
            ],
            id="two",
        ),
        pytest.param(
            f"{WORKFLOW}kind: Workflow\n",
            ["p.yaml:10: Key 'kind' is given twice; remove one"],
            id="a-key-twice",
        ),
        pytest.param(
            WORKFLOW.replace("apiVersion", "version"),
            ["p.yaml: apiVersion: is not 'argoproj.io/v1alpha1'; set it"],
            id="no-version",
        ),
        pytest.param(
            WORKFLOW
            + "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{b}: &{b} [{f'*{a},' * 9}]\n" for a, b in pairwise("abcdefghij")),
            ["p.yaml: The aliases stand for more than 1 MB; write the values out"],
            id="a-bomb",
        ),
    ],
)
def test_a_workflow_is_read_with_the_care_of_a_pipeline(
    text: str, problems: list[str], tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_text(text)

    ended = argosy("lint", "p.yaml", cwd=tmp_path, timeout_seconds=60)

    assert (ended.status, ended.errors) == (2 if problems else 0, problems)


@pytest.mark.parametrize("name", ["workflow.json", "workflow.yaml"])
def test_what_compile_writes_beside_a_config_map_is_checked(name: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(shell_pipeline("p", {"say": "true"}))
    words = ("--ir", "configmap", "--store", "s3://bucket", "-o", name)
    assert argosy("compile", "p.json", *words, cwd=tmp_path).status == 0
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(text.replace("entrypoint", "entrypoints"))

    ended = argosy("lint", name, cwd=tmp_path)

    assert ended.status == 2
    assert ended.errors[0].startswith(f"{name}: spec.entrypoints: is not a field of a Workflow")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("d.json", None, "d.json: is a directory; give the path of a pipeline file"),
        ("e.py", "x = 1\n", "e.py: has no @dsl.pipeline"),
        ("e.py:train", "x = 1\n", "e.py:train: has no pipeline 'train'; it has no @dsl.pipeline"),
        ("f.py", "def (\n", "f.py:1: SyntaxError: invalid syntax"),
        ("g.py", "import nothing_here\n", "g.py:1: ModuleNotFoundError: No module named"),
    ],
)
def test_a_file_is_named_once_and_as_it_was_given(
    name: str, text: str | None, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / name.partition(":")[0]
    if text is None:
        path.mkdir()
    else:
        path.write_text(text)

    ended = argosy("lint", name, cwd=tmp_path)

    assert ended.status == 2
    assert ended.errors[0].startswith(problem)
    assert len(ended.errors) == 1

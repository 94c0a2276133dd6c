"""``argosy compile``, as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_processes import argosy

EXAMPLES = Path(__file__).parents[2] / "examples"
PIPELINE = """{
  "schemaVersion": "2.1.0",
  "pipelineInfo": {"name": "large"},
  "root": {"dag": {"tasks": {"say": {"componentRef": {"name": "comp-say"}}}}},
  "components": {"comp-say": {"executorLabel": "exec-say"}},
  "deploymentSpec": {"executors": {"exec-say": {"container": {"image": "alpine"}}}}
}"""


def test_stats_say_pods_sizes_and_limits_beside_the_workflow(tmp_path: Path) -> None:
    ended = argosy("compile", str(EXAMPLES / "10-loops" / "pipeline.yaml"), "--stats", cwd=tmp_path)

    lines = ended.err.splitlines()
    assert ended.status == 0
    assert lines[0] == "pods: 3 for 3 tasks, 1.00 per task (0 decide, 0 are volume claims)"
    assert lines[1] == "loops of a length known at run time, counted once: 1"
    size = len(json.dumps(json.loads(ended.out), separators=(",", ":"), ensure_ascii=False))
    assert lines[-1] == f"bytes of the workflow: {size:,} of 1,048,576 ({size / 10485.76:.1f} %)"


def test_what_argo_cannot_hold_is_not_written(tmp_path: Path) -> None:
    pipeline = json.loads(PIPELINE)
    spec = {"parameterType": "STRING", "isOptional": True, "defaultValue": "x" * 2**20}
    pipeline["root"]["inputDefinitions"] = {"parameters": {"text": spec}}
    (tmp_path / "large.json").write_text(json.dumps(pipeline))

    ended = argosy("compile", "large.json", "-o", "workflow.json", "--stats", cwd=tmp_path)

    assert ended.status == 2
    assert not (tmp_path / "workflow.json").exists()
    (error,) = ended.errors
    assert "and Argo takes 1,048,576 together with its status; " in error
    # What it consists of is told all the same.
    assert ended.err.startswith("pods: 1 for 1 task, 1.00 per task")


def test_a_dash_is_standard_output(tmp_path: Path) -> None:
    ended = argosy("compile", str(EXAMPLES / "01-hello" / "pipeline.yaml"), "-o", "-", cwd=tmp_path)

    assert json.loads(ended.out)["kind"] == "Workflow"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--max-templates", "x"), "'x' is not a whole number"),
        (("--max-dag-tasks", "2"), "2 is too few; use 3 or more"),
        (("--max-templates", "1"), "and --max-templates allows 1"),
    ],
)
def test_a_number_of_the_caller_is_called_so(
    words: tuple[str, str], message: str, tmp_path: Path
) -> None:
    file = str(EXAMPLES / "01-hello" / "pipeline.yaml")

    ended = argosy("compile", file, *words, cwd=tmp_path)

    assert ended.status == 2
    assert message in ended.errors[0]

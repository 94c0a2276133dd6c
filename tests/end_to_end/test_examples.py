"""Each example runs, and its files are what its source compiles to."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from argosy_compiler.emit import to_model
from argosy_runs.local.reading import read_run
from cli_processes import ARGOSY, argosy
from inflated_irs import with_inflated_ir

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/pipeline.yaml"))

CASES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "01-hello": (["-p", "name=Argosy"], {"Output": "Hello, Argosy!"}),
    "03-train": ([], {"Output": 0}),
    "04-nested": (["-p", "number=5"], {"Output": 100}),
    "05-containers": ([], {"Output": 10}),
    "08-caching": ([], {"Output": 49}),
    "09-conditions": (["-p", "score=60"], {"Output": "Train longer"}),
    "10-loops": (["-p", "count=4"], {"Output": 14}),
    "11-exit-handler": ([], {}),
    "12-python-api": (["-p", "window=7"], {"Output": 2.221}),
    "13-secrets-and-claims": (
        [
            *("--secret", f"warehouse={EXAMPLES}/13-secrets-and-claims/warehouse"),
            *("--config-map", f"settings={EXAMPLES}/13-secrets-and-claims/settings"),
        ],
        {"Output": 24},
    ),
    "14-step-of-a-workflow": (["-p", "rows=16"], {"Output": 0.438}),
}
SCRIPTS = {
    "12-python-api": {"search.py"},
    "13-secrets-and-claims": {"settings", "warehouse"},
    "14-step-of-a-workflow": {"template.json", "workflow-of-mine.yaml"},
}
"""What an example has beside the files of all."""


def test_every_example_is_numbered_and_has_its_files() -> None:
    expected = {"README.md", "pipeline.py", "pipeline.yaml", "workflow.json"}

    found = {name: {path.name for path in (EXAMPLES / name).iterdir()} for name in NAMES}

    assert {name: files - {"__pycache__"} for name, files in found.items()} == {
        name: expected | SCRIPTS.get(name, set()) for name in NAMES
    }


@pytest.mark.parametrize("name", CASES)
def test_the_example_runs_to_the_outputs_that_it_shows(name: str, tmp_path: Path) -> None:
    words, outputs = CASES[name]

    ended = argosy(
        "run", str(EXAMPLES / name / "pipeline.yaml"), *words, "--output", "json", cwd=tmp_path
    )

    assert ended.status == 0, ended.err
    assert ended.result["outputs"]["parameters"] == outputs
    assert read_run(tmp_path / ".argosy", ended.result["run_id"]).to_json() == ended.result


def test_parameters_of_every_type_arrive(tmp_path: Path) -> None:
    given = tmp_path / "parameters.yaml"
    given.write_text("rows: 3\nratio: 0.25\ncolumns: [x]\nlabels: {b: 1, a: 2}\n")

    ended = argosy(
        *("run", str(EXAMPLES / "02-parameters" / "pipeline.yaml"), "--output", "json"),
        *("-f", str(given), "-p", "shuffle=false"),
        cwd=tmp_path,
    )

    assert ended.status == 0, ended.err
    text = ended.result["outputs"]["parameters"]["Output"]
    assert text.startswith("run parameters-")
    assert text.endswith(
        " with 3: 3 rows, ratio 0.25, shuffle False, 1 columns, labels ['a', 'b'], comment None"
    )


def test_retries_are_counted_and_inherited(tmp_path: Path) -> None:
    ended = argosy(
        *("run", str(EXAMPLES / "07-retries" / "pipeline.yaml"), "--output", "json"),
        cwd=tmp_path,
    )

    assert ended.status == 0, ended.err
    assert ended.task("flaky")["attempts"] == 3
    assert ended.task("inner/flaky")["attempts"] == 2


def test_an_exit_handler_runs_after_a_failure_that_stays_one(tmp_path: Path) -> None:
    ended = argosy(
        *("run", str(EXAMPLES / "11-exit-handler" / "pipeline.yaml"), "--output", "json"),
        *("-p", "fail=true"),
        cwd=tmp_path,
    )

    assert ended.status == 1
    assert ended.task("notify")["state"] == "SUCCEEDED"
    log = (tmp_path / ended.task("notify")["log"]).read_text()
    assert "exit-handler-1 ended FAILED" in log


@pytest.mark.parametrize("name", NAMES)
def test_the_workflow_beside_an_example_is_what_it_compiles_to(name: str, tmp_path: Path) -> None:
    ended = argosy("compile", str(EXAMPLES / name / "pipeline.yaml"), cwd=tmp_path)

    assert ended.status == 0, ended.err
    kept = (EXAMPLES / name / "workflow.json").read_text()
    assert json.loads(with_inflated_ir(ended.out)) == json.loads(with_inflated_ir(kept))


def test_the_template_of_the_example_is_what_it_compiles_to_and_its_workflow_is_one_of_argo(
    tmp_path: Path,
) -> None:
    example = EXAMPLES / "14-step-of-a-workflow"
    words = ("--kind", "WorkflowTemplate")

    ended = argosy("compile", str(example / "pipeline.yaml"), *words, cwd=tmp_path)

    assert ended.status == 0, ended.err
    kept = (example / "template.json").read_text()
    assert json.loads(with_inflated_ir(ended.out)) == json.loads(with_inflated_ir(kept))
    to_model(yaml.safe_load((example / "workflow-of-mine.yaml").read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_which_values_a_cluster_needs(name: str) -> None:
    workflow = json.loads((EXAMPLES / name / "workflow.json").read_text())
    parameters = workflow["spec"]["arguments"]["parameters"]
    asked = {one["name"] for one in parameters if "value" not in one} - {"argosy-store"}

    readme = (EXAMPLES / name / "README.md").read_text()

    shown = set(re.findall(r"argo submit .*-p ([\w-]+)=", readme))
    assert shown == asked


def sessions(readme: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a page, and the lines below it."""
    for block in re.findall(r"```console\n(.*?)```", readme, re.DOTALL):
        for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = session.splitlines()
            yield command, [line for line in lines if line]


def alike(lines: list[str]) -> list[str]:
    """Return lines without what is new in each run; tasks that run at once come in any order."""
    new = {
        r"^\d\d:\d\d:\d\d ": "TIME ",
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "ID",
        r"\b\d+\.\ds": "SECONDS",
        r"log: .*(?=/\.argosy/)": "log: HERE",
        r"(?<=parameters-)[0-9a-f]{5}": "NAME",
    }
    for pattern, word in new.items():
        lines = [re.sub(pattern, word, line) for line in lines]
    return sorted(lines)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_an_example_shows_what_it_prints(name: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / name, tmp_path / name)

    for command, expected in sessions((EXAMPLES / name / "README.md").read_text()):
        ended = subprocess.run(
            command.replace("/tmp/argosy-retries", str(tmp_path / "retries")),
            shell=True,
            cwd=tmp_path / name,
            env=os.environ | {"PATH": f"{Path(ARGOSY).parent}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = [line for line in (ended.stderr + ended.stdout).splitlines() if line]
        assert alike(printed) == alike(expected)

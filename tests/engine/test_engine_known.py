"""Runs of workflows that leave out tasks whose results were known, and what may become of these."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.errors import Reason
from argosy_schemas.names import TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from cli_processes import shell_pipeline
from known_results import Machine

Json = dict[str, Any]

SCRIPTS = {
    "one": 'echo "$1" > "$0"',
    "two": 'echo two > "$0"',
    "three": 'date +%s%N > "$0"',
}
WORD = '{"word": {"parameterType": "STRING", "defaultValue": "w"}}'


def document() -> bytes:
    """Return a chain of tasks, each of which may be cached and reads the one before."""
    found: Json = json.loads(
        shell_pipeline("known", SCRIPTS, inputs=WORD, after={"two": "one", "three": "two"})
    )
    tasks = found["root"]["dag"]["tasks"]
    for task, producer in (("two", "one"), ("three", "two")):
        source = {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": "text"}}
        tasks[task]["inputs"]["parameters"]["word"] = source
    for task in tasks.values():
        task["cachingOptions"] = {"enableCache": True}
    return json.dumps(found).encode()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(
        pipeline=read_pipeline(document(), file="known.json"),
        home=tmp_path / "home",
        parameters={},
    )


def states(result: RunResult) -> dict[str, str]:
    return {task.path: task.state.value for task in result.tasks}


def record_of(machine: Machine, result: RunResult, task: str) -> Path:
    return machine.home / "runs" / result.run_id / "tasks" / task / "success.json"


def test_a_run_with_other_arguments_than_those_of_the_results_fails(machine: Machine) -> None:
    machine.run(machine.compile())
    compiled = machine.compile(machine.settle())

    result = replace(machine, parameters={"word": "other"}).run(compiled)

    assert result.state is RunState.FAILED
    assert "were known for other arguments; submit the pipeline anew" in str(result.error)


def test_a_record_that_is_gone_fails_the_task_that_needs_it(machine: Machine) -> None:
    first = machine.run(machine.compile())
    known = machine.settle()
    kept = {TaskPath(path): known[TaskPath(path)] for path in ("one", "two")}
    record_of(machine, first, "two").unlink()

    result = machine.run(machine.compile(kept))

    assert states(result) == {"one": "SUCCEEDED", "two": "SUCCEEDED", "three": "FAILED"}
    (failed,) = [task for task in result.tasks if task.path == "three"]
    assert failed.failure is not None
    assert (failed.failure.reason, failed.failure.final) == (Reason.STORE_FAILED, True)
    assert failed.error == (
        "task 'three': the result of task 'two' was known when this run began, and its record in "
        f"run '{first.run_id}' is gone; retry the run, which finds out anew what is known"
    )


def test_a_record_of_a_later_attempt_is_not_the_known_one(machine: Machine) -> None:
    first = machine.run(machine.compile())
    known = machine.settle()
    kept = {TaskPath(path): known[TaskPath(path)] for path in ("one", "two")}
    path = record_of(machine, first, "two")
    path.write_text(json.dumps({**json.loads(path.read_text()), "attemptId": "another"}))

    result = machine.run(machine.compile(kept))

    assert states(result)["three"] == "FAILED"
    assert f"in run '{first.run_id}' has been replaced since" in str(result.error)


def test_known_tasks_are_cached_ones_without_an_attempt(machine: Machine) -> None:
    first = machine.run(machine.compile())

    result = machine.run(machine.compile(machine.settle()))

    assert result.state is RunState.SUCCEEDED
    assert [(task.cached, task.attempts) for task in result.tasks] == [(True, 0)] * 3
    assert [task.outputs for task in result.tasks] == [task.outputs for task in first.tasks]
    assert not list((machine.home / "runs" / result.run_id).glob("tasks/*"))

"""Nodes of Argo's controllers say the same of known tasks as the embedded engine's.

The nodes are those that Argo 3.7.18 made of such workflows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_runs.argo.runs import read_argo_run
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import JsonValue
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store
from cli_processes import shell_pipeline
from known_results import Machine

AT = "2026-01-01T00:00:00Z"
SKIPPED = "when 'false' evaluated false"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    scripts = {task: 'echo x > "$0"' for task in ("one", "two", "three")}
    after = {"two": "one", "three": "two"}
    document: Any = json.loads(shell_pipeline("known", scripts, after=after))
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": True}
    return Machine(
        pipeline=read_pipeline(json.dumps(document).encode(), file="known.json"),
        home=tmp_path,
        parameters={},
    )


def node(name: str, kind: str, template: str, phase: str, **fields: Any) -> dict[str, Any]:
    times = {"startedAt": AT, "finishedAt": AT}
    return {
        **{"id": name, "name": name, "type": kind, "templateName": template, "phase": phase},
        **times,
        **fields,
    }


def guard(**fields: Any) -> dict[str, Any]:
    inside: Any = {"boundaryID": "wf", "message": SKIPPED, "phase": "Skipped", **fields}
    return {**node("wf.known-results", "Skipped", "met", "Skipped"), **inside}


def inputs(name: str, value: str) -> dict[str, Any]:
    return {"parameters": [{"name": name, "value": value}]}


def read(
    machine: Machine, compiled: CompiledPipeline, run: RunResult, *nodes: dict[str, Any]
) -> RunResult:
    """Read the run of the embedded engine from nodes of Argo."""
    phase = nodes[0]["phase"]
    workflow: Any = {
        "metadata": {"name": "wf", "uid": run.run_id, "creationTimestamp": AT},
        "spec": compiled.workflow["spec"],
        "status": {
            **{"phase": phase, "startedAt": AT, "finishedAt": AT},
            "nodes": {one["id"]: one for one in nodes},
        },
    }
    pipeline = unpack(compiled.ir)
    records = RunRecords(open_store(machine.home), RunId(run.run_id), known=pipeline.known)
    return read_argo_run(workflow, pipeline, records, log_root=str(machine.home))


def without_times(result: RunResult) -> dict[str, JsonValue]:
    times = {"started_at": None, "finished_at": None}
    tasks = [{**task.to_json(), **times} for task in result.tasks]
    return {**result.to_json(), **times, "tasks": tasks}


def test_a_run_of_which_all_was_known_is_read_as_the_engine_returns_it(machine: Machine) -> None:
    machine.run(machine.compile())
    compiled = machine.compile(machine.settle())
    expected = machine.run(compiled)

    found = read(
        machine,
        compiled,
        expected,
        node("wf", "DAG", "root", "Succeeded", children=["wf.nothing", "wf.known-results"]),
        node("wf.nothing", "DAG", "met", "Succeeded", boundaryID="wf", inputs=inputs("path", "")),
        node(
            "wf.nothing.nothing",
            *("Skipped", "met", "Skipped"),
            boundaryID="wf.nothing",
            message=SKIPPED,
        ),
        guard(),
    )

    assert found.state is RunState.SUCCEEDED
    assert without_times(found) == without_times(expected)


def test_a_run_of_which_some_was_known_is_read_as_the_engine_returns_it(machine: Machine) -> None:
    machine.run(machine.compile())
    known = machine.settle()
    compiled = machine.compile({TaskPath(path): known[TaskPath(path)] for path in ("one", "two")})
    expected = machine.run(compiled)

    found = read(
        machine,
        compiled,
        expected,
        node("wf", "DAG", "root", "Succeeded", children=["wf.three", "wf.known-results"]),
        guard(),
        node(
            "wf.three",
            *("Pod", "pod", "Succeeded"),
            boundaryID="wf",
            inputs=inputs("task", "three"),
        ),
    )

    assert without_times(found) == without_times(expected)


def test_a_run_with_other_arguments_says_so(machine: Machine) -> None:
    first = machine.run(machine.compile())
    compiled = machine.compile(machine.settle())
    message = "Invalid 'when' expression 'this workflow leaves out tasks': it is none"

    found = read(
        machine,
        compiled,
        first,
        node("wf", "DAG", "root", "Error", children=["wf.nothing", "wf.known-results"]),
        guard(phase="Error", message=message),
    )

    assert (found.state, found.error) == (RunState.FAILED, message)

"""What a workflow leaves out where results are known, and how the rest goes on without it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from argosy_compiler import CompiledPipeline, CompileOptions, compile_pipeline
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.ir.known import SUCCEEDED, KnownResults, KnownTask, RecordReference
from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline

Json = dict[str, Any]

LEAF = {"componentRef": {"name": "comp-leaf"}, "taskInfo": {"name": "leaf"}}
STRINGS = {"parameters": {"Output": {"parameterType": "STRING"}}}


def document(tasks: Json, **components: Json) -> bytes:
    container = {"image": "busybox", "command": ["true"]}
    return json.dumps(
        {
            "pipelineInfo": {"name": "known"},
            "schemaVersion": "2.1.0",
            "sdkVersion": "kfp-2.14.0",
            "deploymentSpec": {"executors": {"exec-leaf": {"container": container}}},
            "components": {
                "comp-leaf": {
                    "executorLabel": "exec-leaf",
                    "inputDefinitions": {
                        "parameters": {"text": {"parameterType": "STRING", "isOptional": True}}
                    },
                    "outputDefinitions": STRINGS,
                },
                **{f"comp-{name}": component for name, component in components.items()},
            },
            "root": {"dag": {"tasks": tasks}},
        }
    ).encode()


def leaf(*after: str, **fields: Any) -> Json:
    return {**LEAF, "dependentTasks": list(after), **fields}


def reads(task: str, output: str = "Output") -> Json:
    return {"taskOutputParameter": {"producerTask": task, "outputParameterKey": output}}


def done(path: str, **parameters: Any) -> KnownTask:
    record = RecordReference(
        run_id=RunId("earlier"), task_path=TaskPath(path), attempt_id=AttemptId(f"a-{path}")
    )
    return KnownTask(phase=SUCCEEDED, record=record, parameters=parameters)


def compiled(text: bytes, known: Mapping[str, KnownTask]) -> CompiledPipeline:
    return compile_pipeline(
        read_pipeline(text, file="known.json"),
        CompileOptions(),
        known={TaskPath(path): task for path, task in known.items()},
    )


def dag(found: CompiledPipeline, name: str = "root") -> dict[str, Any]:
    spec: Any = found.workflow["spec"]
    template = next(one for one in spec["templates"] if one["name"] == name)
    tasks = {task["name"]: task for task in template["dag"]["tasks"]}
    if name == "root":
        assert tasks.pop("known-results")["when"].startswith("{{=workflow.parameters[")
    return tasks


def chain(length: int) -> bytes:
    return document(
        {
            f"t{n}": leaf(*([f"t{n - 1}"] if n else []), taskInfo={"name": f"t{n}"})
            for n in range(length)
        }
    )


def test_of_twenty_tasks_the_one_that_is_not_known_has_a_pod() -> None:
    found = compiled(chain(20), {f"t{n}": done(f"t{n}") for n in range(19)})

    (last,) = dag(found).values()
    assert last["name"] == "t19"
    assert "depends" not in last
    assert found.counts.steps == 1


def test_of_a_pipeline_that_is_known_whole_nothing_has_a_pod() -> None:
    found = compiled(chain(3), {f"t{n}": done(f"t{n}") for n in range(3)})

    spec: Any = found.workflow["spec"]
    assert [one for one in spec["templates"] if "container" in one] == []
    assert (found.counts.steps, found.counts.deciding) == (0, 0)


def test_the_packed_ir_says_where_the_records_are() -> None:
    found = compiled(chain(3), {"t0": done("elsewhere")})

    assert unpack(found.ir).known == KnownResults(
        tasks=frozenset({TaskPath("t0")}),
        records={
            TaskPath("t0"): RecordReference(
                run_id=RunId("earlier"),
                task_path=TaskPath("elsewhere"),
                attempt_id=AttemptId("a-elsewhere"),
            )
        },
    )


def test_what_is_not_known_does_not_wait_for_what_is() -> None:
    tasks = {"a": leaf(), "b": leaf("a"), "c": leaf("b", "x"), "x": leaf()}

    found = compiled(document(tasks), {"a": done("a"), "b": done("b")})

    assert dag(found)["c"]["depends"] == "x.Succeeded"


def test_what_requires_a_task_that_is_known_not_to_run_has_no_pod_whatever_else_happens() -> None:
    end = leaf("skipped", triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"})
    tasks = {
        "after": leaf("runs", "skipped"),
        "end": end,
        "later": leaf("after"),
        "runs": leaf(),
        "skipped": leaf(),
    }

    found = compiled(document(tasks), {"skipped": KnownTask(phase="Skipped")})

    assert dag(found).keys() == {"end", "runs"}
    assert unpack(found.ir).known.tasks == {"after", "later", "skipped"}


def test_a_condition_reads_a_known_value_from_the_workflow() -> None:
    body = {
        "dag": {"tasks": {"inside": leaf()}},
        "inputDefinitions": {"parameters": {"flag": {"parameterType": "STRING"}}},
    }
    tasks = {
        "a": leaf(),
        "branch": {
            "componentRef": {"name": "comp-branch"},
            "taskInfo": {"name": "branch"},
            "dependentTasks": ["a"],
            "inputs": {"parameters": {"flag": reads("a")}},
            "triggerPolicy": {"condition": "inputs.parameter_values['flag'] == 'yes'"},
        },
    }

    found = compiled(document(tasks, branch=body), {"a": done("a", Output="yes")})

    branch = dag(found)["branch"]
    assert branch["when"] == "{{='yes' == 'yes'}}"
    assert "depends" not in branch
    assert found.counts.deciding == 0


def test_a_known_value_that_nobody_wrote_down_needs_a_deciding_pod() -> None:
    body = {
        "dag": {"tasks": {"inside": leaf()}},
        "inputDefinitions": {"parameters": {"flag": {"parameterType": "STRING"}}},
    }
    tasks = {
        "a": leaf(),
        "branch": {
            "componentRef": {"name": "comp-branch"},
            "taskInfo": {"name": "branch"},
            "dependentTasks": ["a"],
            "inputs": {"parameters": {"flag": reads("a")}},
            "triggerPolicy": {"condition": "inputs.parameter_values['flag'] == 'yes'"},
        },
    }
    text = document(tasks, branch=body)

    for known in (done("a"), done("a", Output="y" * 20_000), done("a", Output="{{$.x}}")):
        assert compiled(text, {"a": known}).counts.deciding == 1


@pytest.mark.parametrize(("value", "count"), [('["x", "y"]', 2), ("[]", 0)])
def test_a_loop_over_a_known_list_has_its_number_of_iterations(value: str, count: int) -> None:
    tasks = {
        "a": leaf(),
        "loop": {
            "componentRef": {"name": "comp-body"},
            "taskInfo": {"name": "loop"},
            "dependentTasks": ["a"],
            "inputs": {"parameters": {"items": reads("a")}},
            "parameterIterator": {
                "itemInput": "item",
                "items": {"inputParameter": "items"},
            },
        },
    }
    body = {
        "dag": {"tasks": {"inside": leaf()}},
        "inputDefinitions": {
            "parameters": {
                "items": {"parameterType": "STRING"},
                "item": {"parameterType": "STRING"},
            }
        },
    }

    found = compiled(document(tasks, body=body), {"a": done("a", Output=value)})

    spec: Any = found.workflow["spec"]
    loop = next(one for one in spec["templates"] if one["name"].startswith("loop-"))
    (iteration,) = loop["dag"]["tasks"]
    assert iteration["withSequence"] == {"count": str(count)}


def test_a_task_that_runs_in_any_case_is_told_the_status_of_a_known_one() -> None:
    tasks = {
        "a": leaf(),
        "skipped": leaf(),
        "last": leaf(*("a", "skipped"), triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}),
    }
    known = {"a": done("a"), "skipped": KnownTask(phase="Skipped")}

    found = compiled(document(tasks), known)

    (last,) = dag(found).values()
    upstream = next(one for one in last["arguments"]["parameters"] if one["name"] == "upstream")
    assert "'a': 'Succeeded'" in upstream["value"]
    assert "'skipped': 'Skipped'" in upstream["value"]


def test_a_task_of_a_pipeline_that_is_used_twice_is_left_out_where_both_know_it() -> None:
    use = {"componentRef": {"name": "comp-inner"}, "taskInfo": {"name": "use"}}
    inner = {"dag": {"tasks": {"first": leaf(), "second": leaf("first")}}}
    text = document({"one": use, "two": use}, inner=inner)
    both = {"one/first": done("one/first"), "two/first": done("two/first")}

    found = compiled(text, {**both, "one/second": done("one/second")})

    assert list(dag(found, "inner")) == ["second"]
    assert unpack(found.ir).known.tasks == {"one/first", "two/first"}


def test_tasks_in_a_loop_keep_their_pods_unless_the_loop_is_known() -> None:
    tasks = {
        "loop": {
            "componentRef": {"name": "comp-body"},
            "taskInfo": {"name": "loop"},
            "parameterIterator": {"itemInput": "item", "items": {"raw": "[1, 2]"}},
        },
    }
    body = {
        "dag": {"tasks": {"inside": leaf()}},
        "inputDefinitions": {"parameters": {"item": {"parameterType": "NUMBER_INTEGER"}}},
    }
    text = document(tasks, body=body)
    inside = {f"loop/{n}/inside": done(f"loop/{n}/inside") for n in range(2)}

    assert compiled(text, inside).counts.steps == 2
    assert unpack(compiled(text, inside).ir).known == KnownResults()

    whole = compiled(text, {**inside, "loop": KnownTask(phase=SUCCEEDED)})
    assert whole.counts.steps == 0
    assert unpack(whole.ir).known.tasks == {"loop"}
    assert sorted(unpack(whole.ir).known.records) == ["loop/0/inside", "loop/1/inside"]

"""Large DAGs: taken apart to the size that was asked for, and nothing changed."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler import CompileOptions, IrPlacement, compile_pipeline
from argosy_compiler.large.dividing import Divided, divided
from argosy_compiler.large.folding import folded
from argosy_compiler.large.task_graph import Part, TaskGraph, read_graph
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import options_for
from argosy_compiler.passes.split_dags import taken_apart
from argosy_expressions.argo import evaluate, parse_depends
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json

GOLDEN = Path(__file__).parents[1] / "golden"
Tasks = Mapping[str, tuple[str, ...]]


def names(base: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{base}-{number}"


def graph(tasks: Tasks) -> TaskGraph:
    return read_graph(template_of(tasks)["dag"]["tasks"])


def fold(tasks: Tasks | TaskGraph, most: int, pinned: Collection[str] = ()) -> TaskGraph:
    parts = names("part")
    of = tasks if isinstance(tasks, TaskGraph) else graph(tasks)
    return folded(of, most, pinned, lambda: next(parts))


def members(one: TaskGraph) -> dict[str, Any]:
    return {
        name: members(inner.graph) if isinstance(inner, Part) else sorted(one.requires[name])
        for name, inner in one.members.items()
    }


def test_independent_tasks_share_a_part() -> None:
    assert members(fold(dict.fromkeys("abcde", ()), 3)) == {
        "d": [],
        "e": [],
        "part-1": {"a": [], "b": [], "c": []},
    }


def test_twins_between_two_tasks_share_a_part() -> None:
    tasks: Tasks = {
        "first": (),
        **dict.fromkeys("abc", ("first",)),
        "last": ("a", "b", "c"),
    }

    result = fold(tasks, 3)

    assert members(result) == {
        "first": [],
        "last": ["part-1"],
        "part-1": {"a": [], "b": [], "c": []},
    }
    assert result.requires["part-1"] == {"first"}


def row(length: int) -> Tasks:
    return {f"t{n}": (f"t{n - 1}",) if n else () for n in range(length)}


def test_a_row_is_cut_into_parts() -> None:
    assert members(fold(row(6), 3)) == {
        "t5": ["part-2"],
        "part-1": {"t0": [], "t1": ["t0"], "t2": ["t1"]},
        "part-2": {"t3": [], "t4": ["t3"]},
    }


def test_no_more_moves_than_has_to() -> None:
    assert members(fold(row(6), 5)) == {
        "t2": ["part-1"],
        "t3": ["t2"],
        "t4": ["t3"],
        "t5": ["t4"],
        "part-1": {"t0": [], "t1": ["t0"]},
    }


def test_what_is_read_from_outside_stays_where_it_is() -> None:
    assert members(fold(dict.fromkeys("abcde", ()), 3, pinned="a")) == {
        "a": [],
        "e": [],
        "part-1": {"b": [], "c": [], "d": []},
    }


def test_what_is_too_large_is_taken_apart_beside_what_is_small() -> None:
    assert members(fold({"small": (), **row(4)}, 3)) == {
        "small": [],
        "t3": ["part-1"],
        "part-1": {"t0": [], "t1": ["t0"], "t2": ["t1"]},
    }


def test_who_reads_a_task_stays_beside_it() -> None:
    whole = graph(row(4))
    reading = replace(whole, reads={**whole.reads, "t3": frozenset({"t0"})})

    assert members(fold(reading, 3)) == {
        "t0": [],
        "t3": ["part-1"],
        "part-1": {"t1": [], "t2": ["t1"]},
    }


def test_a_row_ends_before_what_also_requires_something_outside() -> None:
    """A part waits for one gate, in the place of all that is in it."""
    gated = replace(graph(row(2)), gates={"t0": "met-1", "t1": "met-2"})

    result = fold(gated, 3)

    assert (members(result), result.gates) == (members(gated), gated.gates)


WHEN = {"when": "{{= workflow.parameters.p == 'x' }}"}


@pytest.mark.parametrize(
    ("tasks", "folds"),
    [
        pytest.param(
            [
                {"name": "a", **WHEN},
                {"name": "b", **WHEN},
                {"name": "c", "depends": "a.Succeeded && b.Succeeded"},
            ],
            {"a": [], "b": [], "c": ["a", "b"]},
            id="twins",
        ),
        pytest.param(
            [
                {"name": "a", **WHEN},
                {"name": "b", "depends": "a.Succeeded"},
                {"name": "c", "depends": "b.Succeeded"},
            ],
            {"a": [], "part-1": {"b": [], "c": ["b"]}},
            id="first-of-a-row",
        ),
        pytest.param(
            [
                {"name": "a"},
                {"name": "b", "depends": "a.Succeeded", **WHEN},
                {"name": "c", "depends": "b.Succeeded"},
            ],
            {"a": [], "b": ["a"], "c": ["b"]},
            id="within-a-row",
        ),
    ],
)
def test_what_may_be_skipped_stays_where_others_see_it(
    tasks: list[dict[str, Any]], folds: dict[str, Any]
) -> None:
    assert members(fold(read_graph(tasks), 2)) == folds


def divide(tasks: Tasks, most: int) -> Divided:
    parts, gates = names("part"), names("met")
    return divided(
        graph(tasks), most, (), part_name=lambda: next(parts), gate_name=lambda: next(gates)
    )


def test_a_part_that_begins_together_requires_what_it_required() -> None:
    above = {"c": ("a", "b"), "d": ("a", "b"), "e": ("c", "d")}

    result = divide({"a": (), "b": (), **above}, 3)

    assert members(result.graph) == {
        "a": [],
        "b": [],
        "part-1": {"c": [], "d": [], "e": ["c", "d"]},
    }
    assert result.graph.requires["part-1"] == {"a", "b"}
    assert result.waiting | result.awaited == frozenset()


def test_who_waits_for_more_than_it_comes_after_is_told() -> None:
    """``y`` and ``w`` wait for ``a`` and ``b``, then ``w`` also for ``y``; ``z`` needs them all."""
    tasks: Tasks = {"a": (), "b": (), "y": ("b",), "w": ("a",), "z": ("y", "w")}

    result = divide(tasks, 3)

    assert result.waiting == {"w", "y"}
    assert result.awaited == {"a", "b", "y"}


@pytest.mark.parametrize("most", [3, 8, 20])
def test_each_part_is_small_enough_and_nothing_is_lost(most: int) -> None:
    tasks = crossing(60)

    result = taken_apart(template_of(tasks), most)

    assert all(one.size <= most for one in with_parts(result))
    assert sorted(result.tasks()) == sorted(tasks)


def template_of(tasks: Tasks) -> dict[str, Any]:
    depending = [
        {"name": name, "depends": " && ".join(f"{one}.Succeeded" for one in above)}
        for name, above in tasks.items()
    ]
    return {"name": "root", "dag": {"tasks": depending}}


def with_parts(one: TaskGraph) -> Iterator[TaskGraph]:
    yield one
    for inner in one.members.values():
        if isinstance(inner, Part):
            yield from with_parts(inner.graph)


def pipeline(tasks: Tasks) -> dict[str, Any]:
    return {
        "components": {"comp-say": {"executorLabel": "say"}},
        "deploymentSpec": {"executors": {"say": {"container": {"image": "i", "command": ["c"]}}}},
        "pipelineInfo": {"name": "p"},
        "root": {
            "dag": {
                "tasks": {
                    name: {
                        "componentRef": {"name": "comp-say"},
                        "dependentTasks": list(above),
                        "taskInfo": {"name": name},
                    }
                    for name, above in tasks.items()
                }
            }
        },
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
    }


def workflow(tasks: Tasks, max_dag_tasks: int) -> dict[str, Any]:
    read = read_pipeline(to_json(pipeline(tasks)).encode(), file="p.json")
    options = CompileOptions(
        ir=IrPlacement.STORE, max_dag_tasks=max_dag_tasks, max_templates=100_000
    )
    compiled: dict[str, Any] = dict(compile_pipeline(read, options).workflow)
    return compiled


def outcomes(spec: Mapping[str, Any], failing: set[str]) -> dict[str, str]:
    """Walk the templates as Argo does, a DAG after the other, and say what became of each task."""
    templates: dict[str, Any] = {one["name"]: one for one in spec["templates"]}
    states: dict[str, str] = {}

    def value(text: str, environment: Any) -> str:
        if text.startswith("{{="):
            result = evaluate(text[3:-2], environment)
            return result if isinstance(result, str) else to_json(result)
        for name, given in environment["inputs"]["parameters"].items():
            text = text.replace(f"{{{{inputs.parameters.{name}}}}}", given)
        return text

    def task_state(task: Any, inputs: dict[str, str], local: dict[str, str]) -> str:
        environment: Any = {
            "inputs": {"parameters": inputs},
            "tasks": {name: {"status": state} for name, state in local.items()},
        }
        condition = task.get("depends")
        if condition and not parse_depends(condition).holds({k: {v} for k, v in local.items()}):
            return "Omitted"
        if "when" in task and value(task["when"], environment) != "true":
            return "Skipped"
        given = {
            one["name"]: value(one["value"], environment) for one in task["arguments"]["parameters"]
        }
        template = templates[task["template"]]
        if "dag" in template:
            return run(template, given)
        return "Failed" if given["task"] in failing else "Succeeded"

    def run(template: Any, inputs: dict[str, str]) -> str:
        local: dict[str, str] = {}
        waiting: list[Any] = list(template["dag"]["tasks"])
        while waiting:
            ready = [
                task
                for task in waiting
                if not task.get("depends")
                or all(above in local for above in parse_depends(task["depends"]).tasks)
            ]
            for task in ready:
                waiting.remove(task)
                local[task["name"]] = task_state(task, inputs, local)
                if "container" in templates[task["template"]]:
                    states[task["name"]] = local[task["name"]]
        return "Failed" if "Failed" in local.values() else "Succeeded"

    return {**states, "": run(templates["root"], {})}


def random_tasks(seed: int) -> Tasks:
    choose = random.Random(seed)
    count = choose.randint(5, 16)
    return {
        f"t{n}": tuple(
            sorted({f"t{choose.randrange(n)}" for _ in range(choose.randint(0, 3))} if n else ())
        )
        for n in range(count)
    }


@pytest.mark.parametrize("most", [3, 4, 7])
@pytest.mark.parametrize("seed", range(40))
def test_outcomes_are_those_of_the_whole(seed: int, most: int) -> None:
    tasks = random_tasks(seed)
    failing = {name for name in tasks if random.Random(f"{seed}{name}").random() < 0.2}

    whole = outcomes(workflow(tasks, 1000)["spec"], failing)
    parted = workflow(tasks, most)["spec"]

    assert max(len(one.get("dag", {}).get("tasks", ())) for one in parted["templates"]) <= most
    seen = outcomes(parted, failing)
    assert {name: seen.get(name, "Omitted") for name in whole} == whole


def test_too_small_a_bound_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="--max-dag-tasks 2: use 3 or more"):
        workflow({"a": (), "b": (), "c": ()}, 2)


def test_what_argo_could_not_nest_is_refused() -> None:
    with pytest.raises(InvalidPipelineError, match="has 400 tasks in one DAG, which Argo cannot"):
        workflow(crossing(400), 3)


def above(shape: str, number: int) -> tuple[str, ...]:
    if shape == "fan" and number:
        return ("t0",)
    if shape == "row" and number:
        return (f"t{number - 1}",)
    if shape == "layers" and number >= 20:
        return (f"t{number - 20}", f"t{number - 19}")
    return ()


@pytest.mark.parametrize("shape", ["independent", "fan", "row", "layers"])
def test_a_thousand_tasks_fit(shape: str) -> None:
    spec = workflow({f"t{n}": above(shape, n) for n in range(1000)}, 200)["spec"]

    assert max(len(one.get("dag", {}).get("tasks", ())) for one in spec["templates"]) <= 200
    assert len(spec["templates"]) <= 200
    assert len(to_json(spec)) < 256 * 1024


def crossing(count: int) -> Tasks:
    """Return layers of five tasks, each after two of the layer above."""
    return {
        f"t{n}": (f"t{n - 5}", f"t{n // 5 * 5 - 5 + (n + 1) % 5}") if n >= 5 else ()
        for n in range(count)
    }


@pytest.mark.parametrize("line", ["3.5", "3.6", "3.7"])
def test_before_argo_4_nothing_is_taken_apart(line: str) -> None:
    read = read_pipeline(to_json(pipeline(crossing(400))).encode(), file="p.json")

    compiled = compile_pipeline(read, replace(options_for(line), store="s3://bucket"))

    spec: Any = compiled.workflow["spec"]
    assert [len(one.get("dag", {}).get("tasks", ())) for one in spec["templates"]] == [400, 0]
    assert list(lint_workflow(compiled.workflow, line)) == []

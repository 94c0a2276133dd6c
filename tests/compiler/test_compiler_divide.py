"""Large DAGs: divided to the size that was asked for, and every outcome kept."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from argosy_compiler import CompiledPipeline, CompileOptions, IrPlacement, compile_pipeline
from argosy_compiler.large.division import Division
from argosy_compiler.large.task_graph import TaskGraph, read_graph
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import ARGO_LINES, get_default_options
from argosy_expressions.argo import evaluate, parse_depends
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json

Tasks = Mapping[str, tuple[str, ...]]
WHEN = {"when": "{{= workflow.parameters.p == 'x' }}"}


def divide(tasks: Tasks, most: int, *, published: str = "", **more: Any) -> Division:
    """Divide a DAG; ``more`` are further fields of its tasks."""
    template = template_of(tasks)
    template["dag"]["tasks"] = [
        {**one, **more.get(one["name"], {})} for one in template["dag"]["tasks"]
    ]
    return Division(read_graph(template), most, frozenset(published))


def template_of(tasks: Tasks) -> dict[str, Any]:
    depending = [
        {"name": name, "depends": " && ".join(f"{one}.Succeeded" for one in before)}
        for name, before in tasks.items()
    ]
    return {"name": "root", "dag": {"tasks": depending}}


def members(one: TaskGraph) -> dict[str, Any]:
    return {
        name: members(inner) if isinstance(inner, TaskGraph) else sorted(one.requires[name])
        for name, inner in one.members.items()
    }


def row(length: int) -> Tasks:
    return {f"t{n}": (f"t{n - 1}",) if n else () for n in range(length)}


def crossing(count: int) -> Tasks:
    """Return layers of five tasks, each after two of the layer above."""
    return {
        f"t{n}": (f"t{n - 5}", f"t{n // 5 * 5 - 5 + (n + 1) % 5}") if n >= 5 else ()
        for n in range(count)
    }


def test_independent_tasks_share_a_part() -> None:
    division = divide(dict.fromkeys("abcde", ()), 3)

    assert members(division.graph) == {
        "d": [],
        "e": [],
        "part-1": {"a": [], "b": [], "c": []},
    }
    assert division.late == set()


def test_the_tasks_of_a_fan_out_share_a_part() -> None:
    tasks = {"first": (), **dict.fromkeys("abcd", ("first",)), "last": tuple("abcd")}

    division = divide(tasks, 4)

    assert members(division.graph) == {
        "first": [],
        "last": ["part-1"],
        "part-1": {"a": [], "b": [], "c": [], "d": []},
    }
    assert division.graph.requires["part-1"] == {"first"}
    assert division.late == set()


def test_the_rows_of_a_fan_out_share_parts() -> None:
    """Three rows of two tasks each, of which two rows have room in a part of four."""
    rows: Tasks = {
        f"{n}{end}": (f"{n}a",) if end == "b" else ("first",) for n in "xyz" for end in "ab"
    }
    tasks = {"first": (), **rows, "last": ("xb", "yb", "zb")}

    division = divide(tasks, 4)

    assert members(division.graph) == {
        "first": [],
        "last": ["part-1", "part-2"],
        "part-1": {"xa": [], "xb": ["xa"], "ya": [], "yb": ["ya"]},
        "part-2": {"za": [], "zb": ["za"]},
    }
    assert division.late == set()


def test_no_more_parts_are_made_than_have_to_be() -> None:
    fan_outs: Tasks = {
        **dict.fromkeys("ab", ()),
        **dict.fromkeys(("a1", "a2", "a3", "a4", "a5"), ("a",)),
        **dict.fromkeys(("b1", "b2", "b3", "b4"), ("b",)),
    }

    division = divide(fan_outs, 7)

    assert sorted(division.graph.members) == ["a", "b", "b1", "b2", "b3", "b4", "part-1"]


def test_what_the_outputs_of_the_dag_read_stays_where_it_is() -> None:
    assert members(divide(dict.fromkeys("abcde", ()), 3, published="a").graph) == {
        "a": [],
        "e": [],
        "part-1": {"b": [], "c": [], "d": []},
    }


def test_a_row_is_cut_without_any_loss() -> None:
    division = divide(row(6), 4)

    assert members(division.graph) == {
        "t0": [],
        "t1": ["t0"],
        "t2": ["t1"],
        "part-1": {"t3": [], "t4": ["t3"], "t5": ["t4"]},
    }
    assert division.graph.requires["part-1"] == {"t2"}
    assert division.late == set()


def test_who_may_wait_for_more_than_it_comes_after_is_late() -> None:
    division = divide({"a": (), "b": (), "y": ("b",), "z": ("a",), "last": ("y", "z")}, 4)

    assert members(division.graph) == {
        "a": [],
        "b": [],
        "y": ["b"],
        "part-1": {"z": ["a"], "last": ["y", "z"]},
    }
    assert division.graph.follows["part-1"] == {"a", "y"}
    assert division.late == {"z", "last"}


def test_what_is_behind_a_cut_may_be_several_parts() -> None:
    """Each begins when what it alone comes after has ended."""
    tree: Tasks = {f"t{n}": (f"t{(n - 1) // 2}",) if n else () for n in range(31)}

    division = divide(tree, 12)

    assert {name: names for name, names in division.graph.follows.items() if names} == {
        "part-1": {"t4", "t5"},
        "part-2": {"t5", "t6"},
        "part-3": {"t7", "t8"},
    }


@pytest.mark.parametrize("more", [{"a": WHEN}, {"last": {"x": "{{=tasks['a'].status}}"}}])
def test_what_may_be_skipped_or_is_read_stays_beside_what_requires_it(more: Any) -> None:
    tasks = {**dict.fromkeys("abcdef", ()), "last": tuple("abcdef")}

    division = divide(tasks, 4, **more)

    assert "a" in division.graph.members
    assert division.late == set()


@pytest.mark.parametrize("most", [3, 8, 20])
def test_each_part_is_small_enough_and_nothing_is_lost(most: int) -> None:
    tasks = crossing(60)

    graph = divide(tasks, most).graph

    assert all(one.size <= most for one in with_parts(graph))
    assert sorted(graph.tasks()) == sorted(tasks)


def with_parts(one: TaskGraph) -> Iterator[TaskGraph]:
    yield one
    for inner in one.members.values():
        if isinstance(inner, TaskGraph):
            yield from with_parts(inner)


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


def compiled(document: Mapping[str, Any], max_dag_tasks: int) -> CompiledPipeline:
    read = read_pipeline(to_json(document).encode(), file="p.json")
    options = CompileOptions(
        ir=IrPlacement.STORE, max_dag_tasks=max_dag_tasks, max_templates=100_000
    )
    return compile_pipeline(read, options)


def workflow(tasks: Tasks, max_dag_tasks: int) -> dict[str, Any]:
    return dict(compiled(pipeline(tasks), max_dag_tasks).workflow)


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
    """Return tasks after some of those before them, or fan-outs of rows between others."""
    choose = random.Random(seed)
    tasks: dict[str, tuple[str, ...]] = {}
    for _ in range(choose.randint(2, 5)):
        known = list(tasks)
        before = tuple(sorted(choose.sample(known, min(len(known), choose.randint(0, 3)))))
        width, length = choose.choice([(1, 1), (1, 2), (3, 1), (3, 2), (5, 1)])
        for _ in range(width):
            above = before
            for _ in range(length):
                name = f"t{len(tasks)}"
                tasks[name] = above
                above = (name,)
        if choose.random() < 0.5:
            inner = {one for names in tasks.values() for one in names}
            leaves = [name for name in tasks if name not in inner]
            tasks[f"t{len(tasks)}"] = tuple(leaves)
    return tasks


@pytest.mark.parametrize("most", [3, 4, 7])
@pytest.mark.parametrize("seed", range(80))
def test_outcomes_are_those_of_the_whole(seed: int, most: int) -> None:
    tasks = random_tasks(seed)
    failing = {name for name in tasks if random.Random(f"{seed}{name}").random() < 0.2}

    whole = outcomes(workflow(tasks, 1000)["spec"], failing)
    divided = workflow(tasks, most)["spec"]

    assert max(len(one.get("dag", {}).get("tasks", ())) for one in divided["templates"]) <= most
    seen = outcomes(divided, failing)
    assert {name: seen.get(name, "Omitted") for name in whole} == whole


def test_too_small_a_bound_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="--max-dag-tasks 2: use 3 or more"):
        workflow({"a": (), "b": (), "c": ()}, 2)


def test_what_argo_could_not_nest_is_refused() -> None:
    with pytest.raises(InvalidPipelineError) as error:
        workflow(crossing(400), 3)

    assert str(error.value) == (
        "root.dag: has 400 tasks in one DAG, and --max-dag-tasks allows 3; it cannot be divided,"
        " since Argo nests DAGs no deeper than 100; group the tasks in pipelines of their own, or"
        " raise --max-dag-tasks where the cluster takes more, as Argo's minimal CRDs do"
    )


def test_a_dag_whose_last_tasks_decide_something_outside_is_refused() -> None:
    with pytest.raises(InvalidPipelineError, match="outside read values of its last tasks"):
        compiled(deciding(crossing(20)), 4)


def test_a_dag_one_of_whose_tasks_decides_something_outside_is_divided_around_it() -> None:
    spec: Any = compiled(deciding(row(8)), 4).workflow["spec"]

    inner = next(one for one in spec["templates"] if one["name"] == "inner")
    assert [task["name"] for task in inner["dag"]["tasks"]] == ["t7", "part-1"]


def deciding(tasks: Tasks) -> dict[str, Any]:
    """Return a pipeline with a condition on what the last task of a nested pipeline puts out."""
    document = pipeline(tasks)
    output = {"parameters": {"Output": {"parameterType": "STRING"}}}
    value = {"taskOutputParameter": {"producerTask": "inner", "outputParameterKey": "Output"}}
    condition = "inputs.parameter_values['x'] == 'a'"
    last = {"producerSubtask": list(tasks)[-1], "outputParameterKey": "Output"}
    document["components"]["comp-say"]["outputDefinitions"] = output
    document["components"]["comp-inner"] = {
        "dag": {
            **document["root"]["dag"],
            "outputs": {"parameters": {"Output": {"valueFromParameter": last}}},
        },
        "outputDefinitions": output,
    }
    document["components"]["comp-condition"] = {
        "inputDefinitions": {"parameters": {"x": {"parameterType": "STRING"}}},
        "dag": {"tasks": {"a": {"componentRef": {"name": "comp-say"}}}},
    }
    document["root"]["dag"] = {
        "tasks": {
            "inner": {"componentRef": {"name": "comp-inner"}},
            "condition": {
                "componentRef": {"name": "comp-condition"},
                "dependentTasks": ["inner"],
                "inputs": {"parameters": {"x": value}},
                "triggerPolicy": {"condition": condition},
            },
        }
    }
    return document


def before(shape: str, number: int) -> tuple[str, ...]:
    if shape == "fan" and number:
        return ("t0",)
    if shape == "row" and number:
        return (f"t{number - 1}",)
    if shape == "tree" and number:
        return (f"t{(number - 1) // 2}",)
    if shape == "layers" and number >= 20:
        return (f"t{number - 20}", f"t{number - 19}")
    return ()


@pytest.mark.parametrize(
    ("shape", "late"), [("independent", 0), ("fan", 0), ("row", 0), ("tree", 807), ("layers", 810)]
)
def test_a_thousand_tasks_fit(shape: str, late: int) -> None:
    """With few parts, and a note where some of them may wait for more than they need."""
    tasks = {f"t{n}": before(shape, n) for n in range(1000)}

    result = compiled(pipeline(tasks), 200)

    spec: Any = result.workflow["spec"]
    assert max(len(one.get("dag", {}).get("tasks", ())) for one in spec["templates"]) <= 200
    assert len(spec["templates"]) <= 10
    assert len(to_json(spec)) < 256 * 1024
    assert [str(note.message) for note in result.notes] == (
        [
            f"has 1,000 tasks in one DAG, and --max-dag-tasks allows 200: up to {late} wait for"
            " others that they do not need"
        ]
        if late
        else []
    )
    assert [one for line in ARGO_LINES for one in lint_workflow(result.workflow, line)] == []


@pytest.mark.parametrize("line", ["3.5", "3.6", "3.7"])
def test_before_argo_4_nothing_is_divided(line: str) -> None:
    read = read_pipeline(to_json(pipeline(crossing(400))).encode(), file="p.json")

    compiled = compile_pipeline(read, replace(get_default_options(line), store="s3://bucket"))

    spec: Any = compiled.workflow["spec"]
    assert [len(one.get("dag", {}).get("tasks", ())) for one in spec["templates"]] == [400, 0]
    assert list(lint_workflow(compiled.workflow, line)) == []


def test_an_ordinary_pipeline_imports_nothing_of_this() -> None:
    program = f"""
import sys
from argosy_compiler import compile_pipeline
from argosy_schemas.reading.pipeline import read_pipeline
compile_pipeline(read_pipeline({to_json(pipeline(row(3))).encode()!r}, file="p.json"))
print([name for name in sys.modules if name.startswith("argosy_compiler.large")])
"""

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert ended.stdout == b"[]\n"

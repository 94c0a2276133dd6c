"""What is too much for stock Argo 4 as templates is written inline where its line allows that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from argosy_compiler import Compiled, compile_pipeline
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import options_for
from argosy_expressions.argo.deferred import recovered
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json, with_texts
from forced_sharing import compile_inline

Json = dict[str, Any]
OPTIONS = replace(options_for("4.1"), store="s3://bucket/argosy")


def task(component: str, name: str, **more: Any) -> Json:
    return {"componentRef": {"name": component}, "taskInfo": {"name": name}, **more}


def groups(count: int, *, crossing: bool = False, **more: Any) -> Json:
    """Return a pipeline of nested pipelines, of which no two have the same structure.

    Each is a row of tasks with some beside it.

    Args:
        count: How many.
        crossing: Whether each but the first five follows two of those before it, so that no parts
            of it take as long as the whole.
        more: For the task of each.
    """
    components: Json = {"comp-say": {"executorLabel": "say"}}
    tasks: Json = {}
    for number in range(count):
        row, beside = number % 5 + 1, number // 5
        names = [f"say-{place}" for place in range(row + beside)]
        inner = {
            name: task("comp-say", name, dependentTasks=names[max(0, place - 1) : place][:row])
            for place, name in enumerate(names[:row])
        }
        inner |= {name: task("comp-say", name) for name in names[row:]}
        before = [f"group-{number - 5}", f"group-{(number - 4) // 5 * 5}"] if number > 4 else []
        components[f"comp-group-{number}"] = {"dag": {"tasks": inner}}
        tasks[f"group-{number}"] = task(
            f"comp-group-{number}",
            f"group-{number}",
            **({"dependentTasks": sorted(set(before))} if crossing else {}),
            **more,
        )
    return {
        "components": components,
        "deploymentSpec": {
            "executors": {"say": {"container": {"image": "busybox", "command": ["true"]}}}
        },
        "pipelineInfo": {"name": "p"},
        "root": {"dag": {"tasks": tasks}},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
    }


def compiled(document: Json, **options: Any) -> Compiled:
    read = read_pipeline(to_json(document).encode(), file="p.json")
    return compile_pipeline(read, replace(OPTIONS, **options))


def templates(workflow: Any) -> dict[str, Json]:
    return {one["name"]: one for one in workflow["spec"]["templates"]}


def holders(template: Json) -> Iterator[Json]:
    """Yield the tasks that hold a DAG inline, also those in such DAGs."""
    for one in template.get("dag", {}).get("tasks", ()):
        if "inline" in one:
            yield one
            yield from holders(one["inline"])


def seen(inline: Json) -> Json:
    """Return a DAG as it is when its tags are resolved in it."""
    return dict(with_texts(inline, lambda text: recovered(text).text))


@pytest.mark.parametrize("crossing", [False, True])
def test_groups_of_more_structures_than_there_may_be_templates_are_inline(crossing: bool) -> None:
    made = compiled(groups(30, crossing=crossing), max_templates=10, max_dag_tasks=12)

    assert len(templates(made.workflow)) <= 10
    sizes = [len(one.get("dag", {}).get("tasks", ())) for one in templates(made.workflow).values()]
    assert max(sizes) <= 12
    assert [one for line in ("4.0", "4.1") for one in lint_workflow(made.workflow, line)] == []


def test_hundreds_of_structures_fit_stock_argo_4() -> None:
    made = compiled(groups(250))

    assert len(templates(made.workflow)) == 200
    assert list(lint_workflow(made.workflow, "4.1")) == []
    (note,) = (one.message for one in made.notes if "inline" in one.message)
    assert note == (
        "has 253 templates that differ in more than texts, of which 54 are written inline; Argo"
        " before 4.0.5 would wait forever for them"
    )


@pytest.mark.parametrize(("most", "is_held"), [(22, False), (21, True)])
def test_nothing_is_inline_where_the_templates_are_just_few_enough(
    most: int, is_held: bool
) -> None:
    """The root, a pod, and a group each."""
    made = compiled(groups(20), max_templates=most)

    assert ("inline" in to_json(made.workflow)) is is_held
    assert len(templates(made.workflow)) <= most
    assert any("Argo before 4.0.5" in note.message for note in made.notes) is is_held


@pytest.mark.parametrize(
    ("copies", "what"),
    [
        (1, "has 30 tasks in one DAG, which stays whole and is written inline;"),
        (4, "has 120 tasks in one DAG, of which 120 stay in DAGs that are written inline;"),
    ],
)
def test_a_note_tells_of_large_dags_that_are_inline(copies: int, what: str) -> None:
    document = groups(0)
    names = [f"t-{copy}-{number}" for copy in range(copies) for number in range(30)]
    document["root"]["dag"]["tasks"] = {
        name: task(
            "comp-say",
            name,
            dependentTasks=sorted(
                {f"t-{copy}-{other}" for other in (number - 5, (number - 4) // 5 * 5)}
                if number > 4
                else ()
            ),
        )
        for name in names
        for copy, number in [map(int, name.split("-")[1:])]
    }

    made = compiled(document, max_dag_tasks=12)

    assert "inline" in to_json(made.workflow)
    assert [note.message for note in made.notes] == [
        f"{what} Argo before 4.0.5 would wait for it forever"
    ]


def test_what_is_inline_is_what_the_template_would_be() -> None:
    document = groups(3)
    read = read_pipeline(to_json(document).encode(), file="p.json")

    workflow: Any = compile_inline(read, OPTIONS).workflow

    apart = templates(compiled(document).workflow)
    held = list(holders(templates(workflow)["root"]))
    assert [one["name"] for one in held] == ["group-0", "group-1", "group-2"]
    for one in held:
        assert one["depends"] == "ready.Succeeded"
        assert seen(one["inline"]) | {"name": one["name"]} == apart[one["name"]]


def test_the_gate_has_a_name_of_its_own() -> None:
    document = groups(1)
    tasks = document["root"]["dag"]["tasks"]
    tasks["ready"] = task("comp-say", "ready")
    read = read_pipeline(to_json(document).encode(), file="p.json")

    workflow = compile_inline(read, OPTIONS).workflow

    names = [one["name"] for one in templates(workflow)["root"]["dag"]["tasks"]]
    assert names == ["ready-2", "group-0", "ready"]


def test_the_body_of_a_loop_waits_for_its_item_alone() -> None:
    document = groups(2, parameterIterator={"itemInput": "item", "items": {"raw": "[1, 2]"}})
    for component in ("comp-group-0", "comp-group-1"):
        item = {"item": {"parameterType": "NUMBER_INTEGER"}}
        document["components"][component]["inputDefinitions"] = {"parameters": item}
    read = read_pipeline(to_json(document).encode(), file="p.json")

    workflow = compile_inline(read, OPTIONS).workflow

    loops = [one for one in templates(workflow).values() if "withSequence" in to_json(one)]
    assert len(loops) == 2
    for loop in loops:
        (held,) = holders(loop)
        assert "depends" not in held
        assert "item != ''" in to_json(held["inline"])
    assert list(lint_workflow(workflow, "4.1")) == []


def test_a_loop_that_limits_what_runs_at_once_keeps_its_template() -> None:
    """Argo does not find the limit of a DAG that has no name."""
    document = groups(
        2,
        parameterIterator={"itemInput": "item", "items": {"raw": "[1, 2]"}},
        iteratorPolicy={"parallelismLimit": 1},
    )
    for component in ("comp-group-0", "comp-group-1"):
        item = {"item": {"parameterType": "NUMBER_INTEGER"}}
        document["components"][component]["inputDefinitions"] = {"parameters": item}
    read = read_pipeline(to_json(document).encode(), file="p.json")

    workflow = compile_inline(read, OPTIONS).workflow

    limited = [one for one in templates(workflow).values() if "parallelism" in one]
    assert [one["name"] for one in limited] == ["loop-root-group-0", "loop-root-group-1"]
    assert all(list(holders(one)) for one in limited)


def test_a_dag_that_is_full_holds_nothing_inline() -> None:
    document = groups(12)
    read = read_pipeline(to_json(document).encode(), file="p.json")

    full = compile_inline(read, replace(OPTIONS, max_dag_tasks=12)).workflow
    roomy = compile_inline(read, replace(OPTIONS, max_dag_tasks=13)).workflow

    assert len(list(holders(templates(full)["root"]))) == 0
    assert len(list(holders(templates(roomy)["root"]))) == 12

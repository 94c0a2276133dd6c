"""Templates that are alike but for texts become one where there are too many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.large.general_form import generalize
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import ARGO_LINES
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json
from forced_sharing import compile_shared

Json = dict[str, Any]
OPTIONS = CompileOptions(store="s3://bucket/argosy", pod_security=None)


def task(component: str, name: str, **more: Any) -> Json:
    return {"componentRef": {"name": component}, "taskInfo": {"name": name}, **more}


def pipeline(components: Json, executors: Json, tasks: Json) -> Json:
    return {
        "components": components,
        "deploymentSpec": {"executors": executors},
        "pipelineInfo": {"name": "p"},
        "root": {
            "dag": {"tasks": tasks},
            "inputDefinitions": {"parameters": {"chosen": {"parameterType": "STRING"}}},
        },
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
    }


def conditions(sizes: Mapping[int, int], *, text: str = "c", name: str = "say-") -> Json:
    """Return a pipeline with a condition of its own for each number: its tasks in a row."""
    components: Json = {"comp-say": {"executorLabel": "say"}}
    tasks: Json = {}
    for number, size in sizes.items():
        names = [f"{name}{number * 1000 + place}" for place in range(size)]
        components[f"comp-condition-{number}"] = {
            "dag": {
                "tasks": {
                    name: task("comp-say", name, dependentTasks=names[place - 1 : place][:1])
                    for place, name in enumerate(names)
                }
            },
            "inputDefinitions": {
                "parameters": {"pipelinechannel--chosen": {"parameterType": "STRING"}}
            },
        }
        tasks[f"condition-{number}"] = task(
            f"comp-condition-{number}",
            f"condition-{number}",
            inputs={
                "parameters": {"pipelinechannel--chosen": {"componentInputParameter": "chosen"}}
            },
            triggerPolicy={
                "condition": "inputs.parameter_values['pipelinechannel--chosen']"
                f" == '{text} {number}'"
            },
        )
    executors = {"say": {"container": {"image": "busybox", "command": ["true"]}}}
    return pipeline(components, executors, tasks)


def images(count: int) -> Json:
    """Return a pipeline of tasks with an image and an amount of memory of their own."""
    numbers = range(count)
    return pipeline(
        {f"comp-{n}": {"executorLabel": f"run-{n}"} for n in numbers},
        {
            f"run-{n}": {
                "container": {
                    "image": f"registry.example/step:{n}",
                    "command": ["true"],
                    "resources": {"resourceMemoryLimit": f"{n + 1}G"},
                }
            }
            for n in numbers
        },
        {f"step-{n}": task(f"comp-{n}", f"step-{n}") for n in numbers},
    )


def compiled(document: Json, options: CompileOptions = OPTIONS) -> Json:
    read = read_pipeline(to_json(document).encode(), file="p.json")
    return dict(compile_pipeline(read, options).workflow)


def templates(workflow: Json) -> dict[str, Json]:
    return {one["name"]: one for one in workflow["spec"]["templates"]}


def arguments(workflow: Json) -> Iterator[Json]:
    """Yield the arguments of all tasks that use a template which others use too."""
    for template in workflow["spec"]["templates"]:
        for one in template.get("dag", {}).get("tasks", ()):
            yield {each["name"]: each["value"] for each in one["arguments"]["parameters"]}


def test_hundreds_of_conditions_share_one_template() -> None:
    workflow = compiled(conditions(dict.fromkeys(range(1, 301), 2)))

    assert len(templates(workflow)) < 10
    assert templates(workflow)["condition"]["inputs"]["parameters"] == [
        {"name": "path"},
        {"name": "text_1"},
        {"name": "text_2"},
    ]
    assert {
        (each["path"], each["text_1"], each["text_2"])
        for each in arguments(workflow)
        if "text_1" in each
    } == {(f"condition-{n}/", f"say-{n}000", f"say-{n}001") for n in range(1, 301)}
    assert [one for line in ARGO_LINES for one in lint_workflow(workflow, line)] == []


def test_the_tasks_of_shared_groups_keep_their_names_but_for_numbers() -> None:
    workflow = compiled(conditions(dict.fromkeys(range(1, 301), 2)))

    assert [one["name"] for one in templates(workflow)["condition"]["dag"]["tasks"]] == [
        "say",
        "say-2",
    ]


def test_hundreds_of_images_and_resources_share_one_pod() -> None:
    workflow = compiled(images(300))

    pods = [one for one in templates(workflow).values() if "container" in one]
    assert [one["name"] for one in pods] == ["pod"]
    assert pods[0]["container"]["image"] == "{{inputs.parameters.text_1}}"
    assert pods[0]["podSpecPatch"] == "{{inputs.parameters.text_2}}"
    assert {
        (each["task"], each["text_1"], each["text_2"])
        for each in arguments(workflow)
        if "task" in each
    } == {
        (
            f"step-{n}",
            f"registry.example/step:{n}",
            to_json(
                {"containers": [{"name": "main", "resources": {"limits": {"memory": f"{n + 1}G"}}}]}
            )
            .replace("}}", "} }")
            .replace("}}", "} }"),
        )
        for n in range(300)
    }
    assert [one for line in ARGO_LINES for one in lint_workflow(workflow, line)] == []


def test_nothing_is_shared_where_argo_takes_all() -> None:
    document = conditions(dict.fromkeys(range(1, 150), 1))

    roomy = replace(OPTIONS, max_templates=10_000)
    assert compiled(document)["spec"] == compiled(document, roomy)["spec"]


@pytest.mark.parametrize(("text", "is_shared"), [("c", True), ("\u00e9", False), ("{{c}}", False)])
def test_a_text_that_no_simple_tag_carries_keeps_groups_apart(text: str, is_shared: bool) -> None:
    """Argo 3.5 writes the value of a simple tag into JSON as Go quotes it."""
    document = conditions({1: 1, 2: 1}, text=text)
    for number in (1, 2):
        outer = document["root"]["dag"]["tasks"][f"condition-{number}"]
        (inner,) = document["components"][f"comp-condition-{number}"]["dag"]["tasks"].values()
        inner["triggerPolicy"] = outer["triggerPolicy"]
        chosen = {"componentInputParameter": "pipelinechannel--chosen"}
        inner["inputs"] = {"parameters": {"pipelinechannel--chosen": chosen}}
    takes = document["components"]["comp-condition-1"]["inputDefinitions"]
    document["components"]["comp-say"]["inputDefinitions"] = takes
    read = read_pipeline(to_json(document).encode(), file="p.json")

    workflow = dict(compile_shared(read, OPTIONS).workflow)

    assert ("condition" in templates(workflow)) is is_shared


def test_what_runs_at_the_exit_uses_shared_templates_too() -> None:
    document = images(2)
    tasks = document["root"]["dag"]["tasks"]
    document["components"]["comp-exit-handler-1"] = {"dag": {"tasks": tasks.copy()}}
    tasks.clear()
    tasks["exit-handler-1"] = task("comp-exit-handler-1", "exit-handler-1")
    tasks["exit"] = task(
        "comp-0",
        "exit",
        dependentTasks=["exit-handler-1"],
        triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
    )
    read = read_pipeline(to_json(document).encode(), file="p.json")

    workflow = dict(compile_shared(read, OPTIONS).workflow)

    used = {step["template"] for group in templates(workflow)["on-exit"]["steps"] for step in group}
    assert used <= templates(workflow).keys()
    assert [one for line in ARGO_LINES for one in lint_workflow(workflow, line)] == []


def test_pods_that_differ_in_what_a_patch_can_say_have_one_form() -> None:
    def pod(zone: str, key: str) -> Json:
        tolerations = [{"key": key, "operator": "Exists"}]
        container = {"name": "main", "image": "i", "imagePullPolicy": "Always"}
        selector = {"zone": zone}
        return {"container": container, "nodeSelector": selector, "tolerations": tolerations}

    one, other = (
        generalize({"name": "pod", **each}) for each in (pod("a", "gpu"), pod("b", "tpu"))
    )

    assert one.skeleton == other.skeleton
    assert one.skeleton.keys() == {"container", "podSpecPatch"}
    assert [yaml.safe_load(text.value) for text in other.texts if text.value != "i"] == [
        {
            "nodeSelector": {"zone": "b"},
            "tolerations": [{"key": "tpu", "operator": "Exists"}],
            "containers": [{"name": "main", "imagePullPolicy": "Always"}],
        }
    ]


def test_constants_of_expressions_come_in_as_inputs_where_an_expression_can_read_them() -> None:
    expression = (
        "{'k': tasks['a-2'].status, 'x': x[0] > 1.5 ? 'y' : workflow.parameters['p'] + '\\x27'}"
    )
    tasks = [{"name": "a-2"}, {"name": "b", "when": f"{{{{={expression} }}}}"}]

    form = generalize({"name": "dag", "dag": {"tasks": tasks}})

    assert [text.value for text in form.texts] == ["", "k", "x", "1.5", "y", ""]
    assert form.fill(lambda number: form.texts[number].form.format(f"t{number}"))["dag"] == {
        "tasks": [
            {"name": "a"},
            {
                "name": "b",
                "when": "{{inputs.parameters.t0}}{{={(inputs.parameters.t1): tasks['a'].status,"
                " (inputs.parameters.t2): x[0] > fromJSON(inputs.parameters.t3) ?"
                " (inputs.parameters.t4) : workflow.parameters['p'] + '\\x27'} }}"
                "{{inputs.parameters.t5}}",
            },
        ]
    }


def test_a_note_tells_what_is_shared() -> None:
    read = read_pipeline(to_json(images(300)).encode(), file="p.json")

    notes = [note.message for note in compile_pipeline(read, OPTIONS).notes]

    assert notes == [
        "has 302 templates, and --max-templates allows 200: those that differ in texts alone become"
        " one, 3 in all"
    ]


def test_different_conditions_beyond_the_limit_are_refused_with_the_count() -> None:
    document = conditions({1: 1, 2: 2, 3: 3, 4: 4})

    with pytest.raises(InvalidPipelineError) as refused:
        compiled(document, replace(OPTIONS, max_templates=4))

    assert [problem.message for problem in refused.value.problems] == [
        "needs 6 templates, and --max-templates allows 4, though those that differ in texts alone"
        " are one; run a part as a pipeline of its own, or raise --max-templates where the cluster"
        " takes more, as Argo's minimal CRDs do"
    ]


@pytest.mark.parametrize(("size", "count"), [(499, 3), (500, 4)])
def test_a_template_has_no_more_inputs_than_argo_takes(size: int, count: int) -> None:
    read = read_pipeline(to_json(conditions({1: size, 2: size})).encode(), file="p.json")

    workflow = compile_shared(read, replace(OPTIONS, max_dag_tasks=1000)).workflow

    assert len(templates(dict(workflow))) == count

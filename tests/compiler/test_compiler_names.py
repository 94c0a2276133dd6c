"""Names of templates: no two are equal, whatever components and loops are called."""

from __future__ import annotations

from typing import Any

import pytest

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.argo.names import LONGEST, Names
from argosy_compiler.argo.template_names import RESERVED
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import ARGO_LINES
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json

Json = dict[str, Any]
TWICE: Json = {"items": {"raw": "[1, 2]"}, "itemInput": "item"}


def nested(dags: dict[str, list[str]]) -> Json:
    """Return a pipeline with a nested pipeline for each name, and in it the loops of these keys."""
    return {
        "components": {
            "comp-say": {"executorLabel": "say"},
            "comp-body": {
                "dag": {"tasks": {"say": task("say")}},
                "inputDefinitions": {"parameters": {"item": {"parameterType": "NUMBER_INTEGER"}}},
            },
            **{
                f"comp-{name}": {
                    "dag": {
                        "tasks": {
                            "say": task("say"),
                            **{key: task("body", parameterIterator=TWICE) for key in loops},
                        }
                    }
                }
                for name, loops in dags.items()
            },
        },
        "deploymentSpec": {
            "executors": {"say": {"container": {"image": "busybox", "command": ["true"]}}}
        },
        "pipelineInfo": {"name": "p"},
        "root": {"dag": {"tasks": {name: task(name) for name in dags}}},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
    }


def task(component: str, **more: Any) -> Json:
    return {
        "componentRef": {"name": f"comp-{component}"},
        "taskInfo": {"name": component},
        **more,
    }


def compiled(document: Json) -> Json:
    read = read_pipeline(to_json(document).encode(), file="p.json")
    return dict(compile_pipeline(read, CompileOptions(store="s3://bucket/argosy")).workflow)


def names(workflow: Json) -> list[str]:
    return [one["name"] for one in workflow["spec"]["templates"]]


def used_in(workflow: Json, name: str) -> dict[str, str]:
    (template,) = [one for one in workflow["spec"]["templates"] if one["name"] == name]
    return {one["name"]: one["template"] for one in template["dag"]["tasks"]}


def test_a_loop_named_like_a_component_is_another_template() -> None:
    workflow = compiled(nested({"train": ["for-loop-2"], "loop-train-for-loop-2": []}))

    assert used_in(workflow, "train")["for-loop-2"] == "loop-train-for-loop-2-2"
    assert used_in(workflow, "root")["loop-train-for-loop-2"] == "loop-train-for-loop-2"
    assert [one for line in ARGO_LINES for one in lint_workflow(workflow, line)] == []


def test_loops_whose_names_are_cut_are_different_templates() -> None:
    workflow = compiled(nested({"a" * 90: [f"{'b' * 60}-1", f"{'b' * 60}-2"]}))

    loops = [name for name in names(workflow) if name.startswith("loop-")]
    assert len(set(loops)) == 2
    assert [one for line in ARGO_LINES for one in lint_workflow(workflow, line)] == []


@pytest.mark.parametrize("name", RESERVED)
def test_a_component_named_like_a_template_of_the_compiler_is_another_one(name: str) -> None:
    workflow = compiled(nested({name: []}))

    assert used_in(workflow, "root") == {name: f"{name}-2"}


def test_a_name_is_cut_so_that_its_number_fits() -> None:
    given = Names()

    made = [given.new("a" * (LONGEST + 1)) for _ in range(11)]

    assert len(set(made)) == 11
    assert {len(name) for name in made} == {LONGEST}

"""The text of a workflow, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from argosy_compiler import CompiledPipeline, CompileOptions, IrPlacement, compile_pipeline
from argosy_compiler.emit import TextFormat, UnknownFieldError, emit, to_model
from argosy_compiler.lint import lint_workflow
from argosy_compiler.options import ARGO_LINES, get_default_options
from argosy_compiler.stats import Limit, compute_stats
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json
from driver_support import Json, dag, given, leaf, pipeline, task, when

GOLDEN = Path(__file__).parents[1] / "golden"


def compiled(case: str, options: CompileOptions) -> CompiledPipeline:
    source = GOLDEN / f"{case}.ir.yaml"
    return compile_pipeline(read_pipeline(source.read_bytes(), file=case), options)


@pytest.mark.parametrize("text_format", list(TextFormat))
def test_text_reads_back_as_the_workflow(text_format: TextFormat) -> None:
    result = compiled("kubernetes/constants", CompileOptions())

    assert yaml.safe_load(emit(result, text_format)) == result.workflow


def test_what_has_to_be_given_is_declared_without_a_value() -> None:
    """So that ``argo submit`` refuses the workflow and names it, and no pod has to."""
    document = yaml.safe_load((GOLDEN / "basics/parameters.ir.yaml").read_bytes())
    inputs = document["root"]["inputDefinitions"]
    inputs["parameters"] |= {
        "items": {"parameterType": "LIST"},
        "note": {"parameterType": "STRING", "isOptional": True},
        "nothing": {"parameterType": "LIST", "defaultValue": None},
    }
    data = {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}
    inputs["artifacts"] = {"data": data, "more": {**data, "isOptional": True}}
    read = read_pipeline(to_json(document).encode(), file="p.json")

    spec: Any = compile_pipeline(read, CompileOptions()).workflow["spec"]

    declared = spec["arguments"]["parameters"]
    asked = [one["name"] for one in declared if "value" not in one]
    assert asked == ["argosy-store", "items", "text", "data"]
    assert {"note", "nothing", "more"}.isdisjoint(one["name"] for one in declared)


def with_prompt(condition: Json | None = None) -> Any:
    """The spec of a pipeline whose inputs have defaults with braces, as prompts have."""
    inputs = {
        "prompt": {"parameterType": "STRING", "defaultValue": "{{ question }} {{"},
        "values": {"parameterType": "STRUCT", "defaultValue": {"a": "{{workflow.name}}"}},
    }
    root = dag({"t": task("comp-t", {"x": given("prompt")}, **(condition or {}))}, inputs)
    made = pipeline(root, {"comp-t": leaf({"x": "STRING"})})
    workflow = compile_pipeline(made, CompileOptions(store="s3://bucket")).workflow
    assert [one for line in ARGO_LINES for one in lint_workflow(workflow, line)] == []
    return workflow["spec"]


def test_no_default_begins_a_tag_for_argo() -> None:
    """A text that does is not declared, drivers have it in the IR; JSON has escapes."""
    declared = {one["name"]: one["value"] for one in with_prompt()["arguments"]["parameters"]}

    assert "prompt" not in declared
    assert "{{" not in "".join(declared.values())
    assert json.loads(declared["values"]) == {"a": "{{workflow.name}}"}


def test_a_condition_cannot_read_a_default_that_begins_a_tag() -> None:
    condition = when("inputs.parameter_values['x'] == 'yes'")

    with pytest.raises(InvalidPipelineError, match=r"prompt\.defaultValue: has '\{\{', where a"):
        with_prompt(condition)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("train", "train"),
        ("My team's / training", "My-team-s-training"),
        ("x" * 70, "x" * 63),
        ("übung", "bung"),
    ],
)
def test_workflow_and_pods_can_be_selected_by_pipeline_and_run(name: str, label: str) -> None:
    document: Any = yaml.safe_load((GOLDEN / "basics/parameters.ir.yaml").read_bytes())
    document["pipelineInfo"]["name"] = name
    read = read_pipeline(to_json(document).encode(), file="p.json")

    workflow: Any = compile_pipeline(read).workflow

    metadata = workflow["metadata"]
    assert metadata["labels"] == {"argosy.dev/pipeline": label}
    whole = metadata.get("annotations", metadata["labels"])
    assert whole == {"argosy.dev/pipeline": name}
    assert workflow["spec"]["podMetadata"]["labels"] == {
        "argosy.dev/pipeline": label,
        "pipeline/runid": "{{workflow.uid}}",
        "sidecar.istio.io/inject": "false",
    }


def test_a_missing_secret_does_not_keep_the_driver_from_starting() -> None:
    """Kubernetes would wait for it without a word; the driver names it."""
    spec: Any = compiled("basics/parameters", CompileOptions(store_secret="keys")).workflow["spec"]

    (pod,) = (one for one in spec["templates"] if "initContainers" in one)
    driver, launcher = pod["initContainers"][0], pod["sidecars"][0]
    assert driver["envFrom"] == [{"secretRef": {"name": "keys", "optional": True}}]
    assert launcher["envFrom"] == driver["envFrom"]
    assert {"name": "ARGOSY_STORE_SECRET", "value": "keys"} in driver["env"]


def test_argo_shows_outputs_of_the_pipeline_at_its_first_node() -> None:
    """Those that a task of the root itself provides for certain."""
    body = dag({"t": task("comp-t")}, outputs={"out": "LIST"}, passes={"out": ["t.out"]})
    root = dag(
        {"a": task("comp-t"), "b": task("comp-t"), "nested": task("comp-body")},
        outputs={"first": "LIST", "either": "LIST", "inner": "LIST"},
        passes={"first": ["a.out"], "either": ["a.out", "b.out"], "inner": ["nested.out"]},
    )
    of = pipeline(root, {"comp-t": leaf(outputs={"out": "LIST"}), "comp-body": body})

    spec: Any = compile_pipeline(of).workflow["spec"]

    (shown,) = (one["outputs"] for one in spec["templates"] if one["name"] == "root")
    expression = "fromJSON(tasks['a'].outputs.parameters.summary)['outputs']['out']"
    value = {"expression": expression, "default": ""}
    assert shown == {"parameters": [{"name": "first", "valueFrom": value}]}


def test_a_config_map_comes_before_its_workflow() -> None:
    result = compiled("basics/parameters", CompileOptions(ir=IrPlacement.CONFIGMAP))

    as_json = [json.loads(line) for line in emit(result).splitlines()]
    as_yaml = list(yaml.safe_load_all(emit(result, TextFormat.YAML)))

    assert [one["kind"] for one in as_json] == ["ConfigMap", "Workflow"]
    assert as_json == as_yaml


def test_a_field_that_argo_does_not_have_never_leaves() -> None:
    workflow: dict[str, Any] = dict(compiled("basics/parameters", CompileOptions()).workflow)
    workflow["spec"] = {**workflow["spec"], "bogus": 1}

    with pytest.raises(UnknownFieldError, match=r"no such fields: workflow\.spec\.bogus"):
        to_model(workflow)


def test_stats_count_pods_and_what_is_left() -> None:
    result = compute_stats(compiled("loops/static", CompileOptions()))

    # Two iterations of two tasks, within one DAG each, a group, and the DAG of the condition.
    assert (result.counts.steps, result.counts.deciding, result.counts.claims) == (4, 0, 0)
    assert result.pods_per_task == 1.0
    assert result.counts.open_loops == 0
    assert result.limits[:2] == (
        Limit(name="tasks in the largest DAG", value=2, maximum=200),
        Limit(name="templates", value=5, maximum=200),
    )


@pytest.mark.parametrize(("line", "maximum"), [("3.5", None), ("4.0", 200), (None, 200)])
def test_limits_are_those_that_a_workflow_was_compiled_for(
    line: str | None, maximum: int | None
) -> None:
    options = get_default_options(line)

    limits = compute_stats(compiled("loops/static", options), options).limits

    assert [one.maximum for one in limits[:2]] == [maximum, maximum]


def test_loops_of_unknown_length_count_once() -> None:
    assert compute_stats(compiled("loops/dynamic", CompileOptions())).counts.open_loops == 3


def test_a_static_loop_beyond_the_limit_is_refused_with_its_numbers() -> None:
    with pytest.raises(InvalidPipelineError) as error:
        compiled("loops/static", CompileOptions(max_nodes=7))

    assert [str(one) for one in error.value.problems] == [
        "root.dag.tasks.for-loop-2: has 2 iterations of 4 nodes, 8 in all, and --max-nodes allows"
        " 7, since Argo keeps all in one object; make the loop shorter, or raise --max-nodes where"
        " Argo offloads its status to a database"
    ]


def test_a_dynamic_loop_stops_before_it_starts() -> None:
    spec: Any = compiled("loops/dynamic", CompileOptions(max_nodes=40)).workflow["spec"]

    counts = [
        task["withSequence"]["count"]
        for template in spec["templates"]
        for task in template.get("dag", {}).get("tasks", ())
        if "withSequence" in task
    ]

    assert counts[0] == (
        "{{=int(inputs.parameters.count) > 20 ? 'loop for-loop-1 has ' + inputs.parameters.count +"
        " ' items, and --max-nodes allows 20; make it shorter, or raise that where Argo offloads"
        " its status to a database' : inputs.parameters.count}}"
    )


def test_the_embedded_engine_has_no_limit() -> None:
    spec: Any = compiled("loops/dynamic", CompileOptions(max_nodes=None)).workflow["spec"]

    assert "--max-nodes" not in json.dumps(spec)


def test_a_large_ir_names_the_ways_to_carry_it() -> None:
    source = (GOLDEN / "basics" / "parameters.ir.yaml").read_text()
    noise = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(12000))
    pipeline = read_pipeline(source.replace("alpine:3.20", noise).encode(), file="x.yaml")

    with pytest.raises(
        InvalidArgumentError, match=r"use --store URL to put it there, or --ir configmap$"
    ):
        compile_pipeline(pipeline, CompileOptions())

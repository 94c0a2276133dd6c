"""The kinds of objects that hold a compiled pipeline."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from argosy_compiler import compile_pipeline
from argosy_compiler.emit import emit, to_model
from argosy_compiler.objects.arguments import give_arguments
from argosy_compiler.objects.kinds import ObjectOptions, WorkflowKind, make_object
from argosy_compiler.objects.schedules import Concurrency, Schedule
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_expressions.argo.tags import fill
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir.model import Pipeline
from driver_support import Json, dag, leaf, pipeline, task

DAILY = Schedule(times=("@daily",))


def with_inputs(**parameters: Json) -> Pipeline:
    """A pipeline of one task whose output is that of the pipeline."""
    root = dag({"a": task("comp-a")}, parameters, {"out": "STRING"}, passes={"out": ["a.out"]})
    return pipeline(root, {"comp-a": leaf(outputs={"out": "STRING"})})


def made(kind: WorkflowKind, of: Pipeline | None = None, name: str | None = None) -> Any:
    schedule = DAILY if kind is WorkflowKind.CRON else None
    compiled = compile_pipeline(of or with_inputs(), CompileOptions(store="s3://b/a"))
    return make_object(compiled.workflow, ObjectOptions(kind=kind, name=name, schedule=schedule))


@pytest.mark.parametrize("kind", list(WorkflowKind))
def test_argo_knows_each_object(kind: WorkflowKind) -> None:
    document = made(kind)

    assert document["kind"] == kind
    assert to_model(document).model_dump(by_alias=True, exclude_unset=True, mode="json") == document


def test_a_workflow_stays_as_it_is_unless_it_gets_a_name() -> None:
    compiled = compile_pipeline(with_inputs())

    assert make_object(compiled.workflow, ObjectOptions()) == compiled.workflow
    named: Any = make_object(compiled.workflow, ObjectOptions(name="nightly"))
    assert named["metadata"]["name"] == "nightly"
    assert "generateName" not in named["metadata"]


@pytest.mark.parametrize("kind", [WorkflowKind.TEMPLATE, WorkflowKind.CRON])
def test_an_object_has_a_name_that_does_not_change(kind: WorkflowKind) -> None:
    assert made(kind)["metadata"]["name"] == "demo"
    assert made(kind, name="train.v2")["metadata"]["name"] == "train.v2"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (WorkflowKind.WORKFLOW, "Train"),
        (WorkflowKind.TEMPLATE, ""),
        (WorkflowKind.TEMPLATE, "x" * 64),
        (WorkflowKind.CRON, "x" * 53),
    ],
)
def test_a_name_that_no_object_can_have_is_refused(kind: WorkflowKind, name: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"cannot be the name of a {kind}"):
        made(kind, name=name)


@pytest.mark.parametrize("kind", [WorkflowKind.TEMPLATE, WorkflowKind.CRON])
def test_workflows_that_argo_makes_have_the_labels_of_others(kind: WorkflowKind) -> None:
    labels = made(WorkflowKind.WORKFLOW)["metadata"]["labels"]

    assert made(kind)["spec"]["workflowMetadata"]["labels"] == labels


def test_a_step_of_another_workflow_passes_any_value() -> None:
    values = {
        "text": 'a "quoted" \\ text\n of 2 lines {{workflow.name}} }} ü',
        "list": '[{"a":{"b":{}}},"{{item}}"]',
    }
    of = with_inputs(
        text={"parameterType": "STRING"}, list={"parameterType": "LIST", "defaultValue": []}
    )
    template = made(WorkflowKind.TEMPLATE, of)

    (run,) = (one for one in template["spec"]["templates"] if one["name"] == "run")
    inputs = {one["name"]: one.get("default") for one in run["inputs"]["parameters"]} | values
    manifest = fill(run["resource"]["manifest"], {"inputs": {"parameters": inputs}})
    assert "{{" not in manifest
    workflow = json.loads(manifest)
    assert workflow["spec"]["workflowTemplateRef"] == {"name": "demo"}
    given = {one["name"]: one["value"] for one in workflow["spec"]["arguments"]["parameters"]}
    assert given == {
        "argosy-root": "",
        "argosy-cache": "true",
        "argosy-store": "s3://b/a",
        **values,
    }


def test_a_step_of_another_workflow_has_the_outputs_of_the_pipeline() -> None:
    template = made(WorkflowKind.TEMPLATE)

    (run,) = (one for one in template["spec"]["templates"] if one["name"] == "run")
    (output,) = run["outputs"]["parameters"]
    assert output["name"] == "out"
    assert output["valueFrom"]["jqFilter"] == (
        '.status.nodes[.metadata.name].outputs.parameters[]? | select(.name == "out").value'
    )


def test_a_component_may_have_the_name_of_the_template_that_runs_all() -> None:
    inner = dag({"a": task("comp-a")})
    of = pipeline(dag({"run": task("comp-run")}), {"comp-run": inner, "comp-a": leaf()})

    names = [one["name"] for one in made(WorkflowKind.TEMPLATE, of)["spec"]["templates"]]

    assert len(names) == len(set(names))
    assert {"run", "run-2"} <= set(names)


def test_a_cron_workflow_has_its_schedule() -> None:
    schedule = Schedule(
        times=("0 3 * * 1-5", "@weekly"),
        timezone="Europe/Berlin",
        concurrency=Concurrency.FORBID,
        is_suspended=True,
    )
    workflow = compile_pipeline(with_inputs(), CompileOptions(store="s3://b/a")).workflow

    made: Any = make_object(workflow, ObjectOptions(kind=WorkflowKind.CRON, schedule=schedule))

    spec = dict(made["spec"])
    assert spec.pop("workflowSpec") == workflow["spec"]
    spec.pop("workflowMetadata")
    assert spec == {
        "schedules": ["0 3 * * 1-5", "@weekly"],
        "timezone": "Europe/Berlin",
        "concurrencyPolicy": "Forbid",
        "suspend": True,
    }


def test_a_cron_workflow_without_a_value_is_refused_with_the_option_that_gives_it() -> None:
    workflow = compile_pipeline(with_inputs(rows={"parameterType": "NUMBER_INTEGER"})).workflow

    with pytest.raises(InvalidArgumentError, match=r"--store URL -p rows=…$"):
        make_object(workflow, ObjectOptions(kind=WorkflowKind.CRON, schedule=DAILY))


@pytest.mark.parametrize(
    "options",
    [ObjectOptions(kind=WorkflowKind.CRON), ObjectOptions(schedule=DAILY)],
    ids=["without a schedule", "no CronWorkflow"],
)
def test_only_a_cron_workflow_has_a_schedule(options: ObjectOptions) -> None:
    with pytest.raises(InvalidArgumentError, match="a CronWorkflow needs --schedule"):
        make_object(compile_pipeline(with_inputs()).workflow, options)


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "*/5 0-23/2 1,15 JAN-MAR mon",
        "0 0 ? * 0",
        "5/15 * * * *",
        "@daily",
        "@every 1h30m",
    ],
)
def test_what_argo_reads_as_a_schedule_passes(text: str) -> None:
    assert Schedule(times=(text,)).to_json()["schedules"] == [text]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has 0 fields"),
        ("0 * * * * *", "has 6 fields"),
        ("60 * * * *", "'60' as minute, which goes from 0 to 59"),
        ("0 24 * * *", "'24' as hour"),
        ("0 0 0 * *", "'0' as day of the month"),
        ("0 0 1 13 *", "'13' as month"),
        ("0 0 * * 7", "'7' as day of the week"),
        ("0 0 * * funday", "'funday' as day of the week"),
        ("10-5 * * * *", "ends before it begins"),
        ("*/0 * * * *", "a step of 0"),
        ("1-2-3 * * * *", "'1-2-3' as minute"),
        ("@reboot", "is none of"),
        ("@every day", "is none of"),
    ],
)
def test_what_argo_does_not_read_as_a_schedule_is_refused(text: str, fault: str) -> None:
    with pytest.raises(InvalidArgumentError, match=fault):
        Schedule(times=(text,))


def test_a_time_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="'Europe/Bonn' is no time zone"):
        Schedule(times=("@daily",), timezone="Europe/Bonn")


def test_a_given_value_takes_the_place_of_a_default() -> None:
    of = with_inputs(
        rows={"parameterType": "NUMBER_INTEGER", "defaultValue": 1},
        note={"parameterType": "STRING", "isOptional": True},
        items={"parameterType": "LIST", "defaultValue": []},
    )
    workflow = compile_pipeline(of).workflow

    given: Any = give_arguments(
        workflow, of, {"rows": "5", "note": "hello", "items": '["{{item}}"]'}
    )

    values = {one["name"]: one.get("value") for one in given["spec"]["arguments"]["parameters"]}
    assert values["rows"] == "5"
    assert values["note"] == "hello"
    assert values["items"] == '["{\\u007bitem}}"]'
    assert give_arguments(workflow, of, {}) == workflow


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"rows": "many"}, "parameter 'rows'"),
        ({"row": "1"}, "no parameter 'row'; did you mean 'rows'"),
        ({"note": "{{item}}"}, "parameter 'note' has '{{' in its value"),
    ],
)
def test_a_value_that_no_run_takes_is_refused(texts: dict[str, str], message: str) -> None:
    of = with_inputs(
        rows={"parameterType": "NUMBER_INTEGER", "defaultValue": 1},
        note={"parameterType": "STRING", "isOptional": True},
    )

    with pytest.raises(InvalidArgumentError, match=message):
        give_arguments(compile_pipeline(of).workflow, of, texts)


def test_the_ir_comes_before_a_template_as_before_a_workflow() -> None:
    """``kubectl apply`` takes documents in a row, and a pod needs the ConfigMap."""
    compiled = compile_pipeline(with_inputs(), CompileOptions(ir=IrPlacement.CONFIGMAP))
    template = make_object(compiled.workflow, ObjectOptions(kind=WorkflowKind.TEMPLATE))

    first, second = emit(replace(compiled, workflow=template)).splitlines()

    assert json.loads(first)["kind"] == "ConfigMap"
    assert json.loads(second)["kind"] == "WorkflowTemplate"

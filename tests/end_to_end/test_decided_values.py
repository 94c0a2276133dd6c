"""Conditions and loops decide by the values that tasks receive: converted, checked, or null."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.results import RunResult
from argosy_runs.states import RunState, TaskState
from argosy_schemas.reading.pipeline import read_pipeline

Json = dict[str, Any]

WRITE = ["sh", "-c", 'mkdir -p "$(dirname "$1")"; printf %s "$0" > "$1"']

# As the SDK's executor writes what a Python function returns.
WRITE_NULL = [
    "sh",
    "-c",
    """file=$(printf %s "$0" | grep -o '[^"]*executor_output.json') && mkdir -p "${file%/*}" &&
    printf '{"parameterValues":{"out":null}}' > "$file"
    """,
]


def document(components: Json, root: Json) -> Json:
    """Return a pipeline whose components may use ``say``, which puts out what it gets."""
    say: Json = {
        "executorLabel": "exec-say",
        "inputDefinitions": {"parameters": {"text": {"parameterType": "STRING"}}},
        "outputDefinitions": {"parameters": {"out": {"parameterType": "STRING"}}},
    }
    container = {
        "image": "busybox",
        "command": WRITE,
        "args": ["{{$.inputs.parameters['text']}}", "{{$.outputs.parameters['out'].output_file}}"],
    }
    return {
        "pipelineInfo": {"name": "decided"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
        "deploymentSpec": {"executors": {"exec-say": {"container": container}}},
        "components": {"say": say, **components},
        "root": root,
    }


def dag(tasks: Json, inputs: Json | None = None, outputs: Json | None = None) -> Json:
    """Return a DAG; inputs are types or whole declarations, outputs selectors."""
    specs: Json = {
        name: spec if isinstance(spec, dict) else {"parameterType": spec}
        for name, spec in (inputs or {}).items()
    }
    return {
        "dag": {"tasks": tasks, "outputs": {"parameters": outputs or {}}},
        "inputDefinitions": {"parameters": specs},
        "outputDefinitions": {
            "parameters": {name: {"parameterType": "STRING"} for name in outputs or {}}
        },
    }


def task(component: str, inputs: Json | None = None, condition: str = "", **more: Any) -> Json:
    found: Json = {
        "taskInfo": {"name": "task"},
        "componentRef": {"name": component},
        "inputs": {"parameters": inputs or {}},
        **more,
    }
    if condition:
        found["triggerPolicy"] = {"condition": condition}
    return found


def loop(component: str, items: Json, inputs: Json | None = None) -> Json:
    return task(component, inputs, parameterIterator={"itemInput": "item", "items": items})


def given(name: str, member: str = "") -> Json:
    source: Json = {"componentInputParameter": name}
    if member:
        source["parameterExpressionSelector"] = f'parseJson(string_value)["{member}"]'
    return source


def constant(value: Any) -> Json:
    return {"runtimeValue": {"constant": value}}


def output(name: str) -> Json:
    return {"taskOutputParameter": {"producerTask": name, "outputParameterKey": "out"}}


def run(ir: Json, home: Path, parameters: dict[str, str] | None = None) -> RunResult:
    pipeline = read_pipeline(json.dumps(ir).encode(), file="decided.json")
    compiled = compile_pipeline(pipeline, CompileOptions(ir=IrPlacement.STORE))
    settings = RunSettings(home=home, cache=False)
    return run_workflow(
        compiled.workflow, compiled.ir, settings=settings, parameters=parameters or {}
    )


def ran(result: RunResult) -> list[str]:
    """Return the containers that ran."""
    return [
        str(one.path)
        for one in result.tasks
        if one.state is TaskState.SUCCEEDED and one.kind == "container"
    ]


def one_condition(declared: str, text: str, items: Json, lists: Json, member: str = "") -> Json:
    """Return a loop with a condition ``x`` in its body, whose one input has this type."""
    inner = {"say": task("say", {"text": constant("yes")})}
    condition = text.replace("x", "inputs.parameter_values['x']", 1)
    body = {"when": task("group", {"x": given("item", member)}, condition)}
    item = "STRUCT" if member else declared
    return document(
        {
            "group": dag(inner, {"x": declared}),
            "body": dag(body, {"item": item, **lists}),
        },
        dag({"loop": loop("body", items, {name: given(name) for name in lists})}, lists),
    )


MEMBERS = [
    (1, "x == '1'"),
    (1.5, "x == '1.5'"),
    (1.0, "x == '1'"),
    (True, "x == 'true'"),
    ([1, "<&>"], """x == '[1,"<&>"]'"""),
    ({"b": 1, "a": "é"}, """x == '{"a":"é","b":1}'"""),
    (1e21, "x == '1000000000000000000000'"),
    (2e-7, "x == '0.0000002'"),
    (2e-7, "x < '0.000001'"),
    (1.5, "x > '1'"),
    ("1", "x == '1'"),
]


@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize(("value", "text"), MEMBERS)
def test_a_member_declared_text_is_compared_as_its_text(
    value: Any, text: str, is_written: bool, tmp_path: Path
) -> None:
    raw = json.dumps([{"a": value}, {"a": "other"}])
    items = {"raw": raw} if is_written else {"inputParameter": "list"}
    lists = {} if is_written else {"list": "LIST"}

    result = run(
        one_condition("STRING", text, items, lists, "a"),
        tmp_path,
        {} if is_written else {"list": raw},
    )

    assert result.state is RunState.SUCCEEDED
    # "other" comes after each number, as texts do.
    both = ["loop/0/when/say", "loop/1/when/say"]
    assert ran(result) == (both if text.startswith("x >") else both[:1])


@pytest.mark.parametrize("member", ["", "a"])
@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        ("BOOLEAN", "x == true", "true"),
        ("BOOLEAN", "x != false", 1),
        ("NUMBER_DOUBLE", "x == 1.5", "1.5"),
        ("NUMBER_DOUBLE", "x != 1.5", True),
    ],
)
def test_an_item_of_another_type_than_declared_is_an_error(
    declared: str, text: str, value: Any, member: str, tmp_path: Path
) -> None:
    items = [{member: value}] if member else [value]

    result = run(
        one_condition(declared, text, {"inputParameter": "list"}, {"list": "LIST"}, member),
        tmp_path,
        {"list": json.dumps(items)},
    )

    assert result.state is RunState.FAILED
    failed = [one for one in result.tasks if one.state is TaskState.FAILED][-1]
    assert failed.path == "loop/0/when"
    condition = text.replace("x", "inputs.parameter_values['x']", 1)
    reads = f"(the condition '{condition}' reads it)"
    told = rf"task '.*': input '.*' is a \w+, not a {declared}; pass a value of that type"
    assert re.fullmatch(f"{told} {re.escape(reads)}", failed.error or "")


@pytest.mark.parametrize(
    ("kind", "value", "comparison"),
    [
        ("NUMBER_INTEGER", 1, "int(x) == 1"),
        ("NUMBER_DOUBLE", 0.5, "x == 0.5"),
        ("BOOLEAN", True, "x == true"),
    ],
)
def test_an_item_of_unknown_type_is_compared_as_each_group_declares_it(
    kind: str, value: Any, comparison: str, tmp_path: Path
) -> None:
    item = "pipelinechannel--n-loop-item"
    typed = comparison.replace("x", "inputs.parameter_values['x']")
    text = f"inputs.parameter_values['{item}'] == '{json.dumps(value)}'"
    say = task("say", {"text": constant("yes")})
    ir = document(
        {
            "typed": {
                "executorLabel": "exec-say",
                "inputDefinitions": {"parameters": {"text": {"parameterType": kind}}},
                "outputDefinitions": {"parameters": {"out": {"parameterType": "STRING"}}},
            },
            "as-text": dag({"typed": task("typed", {"text": given(item)})}, {item: "STRING"}),
            "as-typed": dag({"say": say}, {"x": kind}),
            "nested": dag({"when": task("as-typed", {"x": given("i")}, typed)}, {"i": kind}),
            "body": dag(
                {
                    "when": task("as-text", {item: given(item)}, text),
                    "nested": task("nested", {"i": given(item)}),
                    "typed": task("typed", {"text": given(item)}),
                },
                {item: "STRING", "n": "LIST"},
            ),
        },
        dag(
            {
                "loop": task(
                    "body",
                    {"n": given("n")},
                    parameterIterator={"itemInput": item, "items": {"inputParameter": "n"}},
                )
            },
            {"n": "LIST"},
        ),
    )
    pipeline = read_pipeline(json.dumps(ir).encode(), file="decided.json")

    notes = compile_pipeline(pipeline, CompileOptions(ir=IrPlacement.STORE)).notes
    result = run(ir, tmp_path, {"n": json.dumps([value])})

    assert notes == ()
    assert result.state is RunState.SUCCEEDED
    assert sorted(ran(result)) == ["loop/0/nested/when/say", "loop/0/typed", "loop/0/when/typed"]


@pytest.mark.parametrize("declared", ["STRING", "LIST"])
@pytest.mark.parametrize(
    ("value", "is_run"),
    [([1], True), ("[1]", None), ({"x": 1}, False), ("abc", False), ('{"x":1}', False), (3, False)],
)
def test_a_loop_over_a_member_goes_over_a_list_or_fails(
    declared: str, value: Any, is_run: bool | None, tmp_path: Path
) -> None:
    inner = {"say": task("say", {"text": constant("ran")})}
    body = {"loop": loop("inner", {"inputParameter": "list"}, {"list": given("item", "a")})}
    ir = document(
        {
            "inner": dag(inner, {"item": "STRING", "list": declared}),
            "body": dag(body, {"item": "STRUCT", "list": "LIST"}),
        },
        dag(
            {"loop": loop("body", {"inputParameter": "list"}, {"list": given("list")})},
            {"list": "LIST"},
        ),
    )

    result = run(ir, tmp_path, {"list": json.dumps([{"a": value}])})

    if is_run is None:
        is_run = declared == "STRING"
    assert (result.state is RunState.SUCCEEDED) == is_run
    assert ran(result) == (["loop/0/loop/0/say"] if is_run else [])


NULL = [
    ("x == null", True),
    ("x != null", False),
    ("x == ''", False),
    ("x != 'a'", True),
    ("string(x) != 'a'", None),
    ("x < 'b'", None),
    ("x < 'b' || inputs.parameter_values['x'] != 'q'", True),
]


@pytest.mark.parametrize(("text", "outcome"), NULL)
def test_null_passes_groups_and_is_compared_as_null(
    text: str, outcome: bool | None, tmp_path: Path
) -> None:
    condition = text.replace("x", "inputs.parameter_values['x']", 1)
    inner = {"say": task("say", {"text": constant("yes")})}
    ir = document(
        {
            "group": dag(inner, {"x": "STRING"}),
            "outer": dag({"when": task("group", {"x": given("s")}, condition)}, {"s": "STRING"}),
        },
        dag(
            {"outer": task("outer", {"s": given("s")})},
            {"s": {"parameterType": "STRING", "isOptional": True}},
        ),
    )

    result = run(ir, tmp_path)

    assert (result.state is RunState.SUCCEEDED) == (outcome is not None)
    assert ran(result) == (["outer/when/say"] if outcome else [])


@pytest.mark.parametrize("declared", ["STRING", "BOOLEAN"])
@pytest.mark.parametrize(("text", "outcome"), [one for one in NULL if "string(" not in one[0]])
def test_a_null_output_is_published_and_compared_as_null(
    declared: str, text: str, outcome: bool | None, tmp_path: Path
) -> None:
    condition = text.replace("x", "inputs.parameter_values['x']", 1)
    inner = {"say": task("say", {"text": constant("yes")})}
    ir = document(
        {
            "null": {
                "executorLabel": "exec-null",
                "outputDefinitions": {"parameters": {"out": {"parameterType": declared}}},
            },
            "group": dag(inner, {"x": "STRING"}),
        },
        dag({"null": task("null"), "when": task("group", {"x": output("null")}, condition)}),
    )
    ir["deploymentSpec"]["executors"]["exec-null"] = {
        "container": {"image": "busybox", "command": WRITE_NULL, "args": ["{{$}}"]}
    }

    result = run(ir, tmp_path)

    assert (result.state is RunState.SUCCEEDED) == (outcome is not None)
    assert ran(result) == (["null", "when/say"] if outcome else ["null"])


@pytest.mark.parametrize("spelt", ["3", "3.0", "3e0", " 3 "])
def test_a_number_is_compared_in_its_one_text_form(spelt: str, tmp_path: Path) -> None:
    inner = {"say": task("say", {"text": given("x")})}
    condition = "inputs.parameter_values['x'] == '3'"
    ir = document(
        {
            "group": dag(inner, {"x": "STRING"}),
            "outer": dag({"when": task("group", {"x": given("s")}, condition)}, {"s": "STRING"}),
        },
        dag({"outer": task("outer", {"s": given("n")})}, {"n": "NUMBER_DOUBLE"}),
    )

    result = run(ir, tmp_path, {"n": spelt})

    assert ran(result) == ["outer/when/say"]


@pytest.mark.parametrize(("declared", "default"), [("BOOLEAN", True), ("NUMBER_DOUBLE", 2.5)])
@pytest.mark.parametrize("spelt", [None, "null"])
def test_a_parameter_given_as_null_is_its_default(
    declared: str, default: Any, spelt: str | None, tmp_path: Path
) -> None:
    inner = {"say": task("say", {"text": constant("yes")})}
    condition = f"inputs.parameter_values['x'] == {json.dumps(default)}"
    ir = document(
        {"group": dag(inner, {"x": declared})},
        dag(
            {"when": task("group", {"x": given("p")}, condition)},
            {"p": {"parameterType": declared, "isOptional": True, "defaultValue": default}},
        ),
    )

    result = run(ir, tmp_path, {} if spelt is None else {"p": spelt})

    assert ran(result) == ["when/say"]

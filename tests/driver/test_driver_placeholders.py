"""Placeholders: found, looked up, replaced, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from argosy_driver.resolving.placeholders import (
    Segments,
    expand,
    find_placeholders,
    substitute,
    substitute_value,
)
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.values import JsonValue
from driver_support import World, dag, given, leaf, output, pipeline, task

VALUES = {"a": "A", "b": "", "c": "{{$.inputs.parameters['a']}}", "x y": "spaced"}


def lookup(segments: Segments) -> str | None:
    match segments:
        case ("inputs", "parameters", name):
            return VALUES.get(name)
        case ("pipeline_job_name",):
            return "job"
        case _:
            return None


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("{{$}}", ()),
        ("{{$.pipeline_root}}", ("pipeline_root",)),
        ("{{$.inputs.parameters['a-b--c']}}", ("inputs", "parameters", "a-b--c")),
        ('{{$.inputs.parameters["a"]}}', ("inputs", "parameters", "a")),
        ('{{$.inputs.parameters[\\"a\\"]}}', ("inputs", "parameters", "a")),
        (
            "{{$.inputs.artifacts['m'].metadata['k l']}}",
            ("inputs", "artifacts", "m", "metadata", "k l"),
        ),
        (
            "{{$.outputs.parameters['o'].output_file}}",
            ("outputs", "parameters", "o", "output_file"),
        ),
        ("{{$.json_escape[1]}}", ("json_escape", "1")),
    ],
)
def test_a_placeholder_is_taken_apart(text: str, segments: Segments) -> None:
    assert find_placeholders(f"before {text} after") == (segments,)


@pytest.mark.parametrize(
    "text", ["{{x}}", "{{ $.a }}", "{$.a}", "{{$.a", "{{$.inputs.parameters[a]}}", "{{$ }}"]
)
def test_what_is_no_placeholder_is_left_alone(text: str) -> None:
    assert find_placeholders(text) == ()
    assert substitute(text, lookup) == text


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        pytest.param("{{$.inputs.parameters['a']}}", "A", id="alone"),
        pytest.param("<{{$.inputs.parameters['a']}}|{{$.pipeline_job_name}}>", "<A|job>", id="two"),
        pytest.param("{{{$.inputs.parameters['a']}}}", "{A}", id="in braces"),
        pytest.param("[{{$.inputs.parameters['b']}}]", "[]", id="empty value"),
        pytest.param(
            "{{$.inputs.parameters['c']}}", "{{$.inputs.parameters['a']}}", id="value like one"
        ),
        pytest.param(
            "{{$.pipeline_google_cloud_location}}",
            "{{$.pipeline_google_cloud_location}}",
            id="unknown",
        ),
        pytest.param("{{$.inputs.parameters['x y']}}", "spaced", id="name with a blank"),
    ],
)
def test_known_placeholders_are_replaced_anywhere_in_a_text(text: str, replaced: str) -> None:
    assert substitute(text, lookup) == replaced


def test_every_string_of_a_value_is_searched_keys_among_them() -> None:
    value: JsonValue = {
        "{{$.inputs.parameters['a']}}": ["{{$.inputs.parameters['a']}}", 1, None, True]
    }

    assert substitute_value(value, lookup) == {"A": ["A", 1, None, True]}


_PIECES = st.sampled_from(
    ["{{$.inputs.parameters['n", "']}}", "{{$", "}}", "{{$}}", "{", "}", "'", "x", "0", "1", "2"]
)


@generated(
    values=st.dictionaries(
        st.sampled_from(["n0", "n1", "n2"]),
        st.lists(_PIECES, max_size=8).map("".join),
        min_size=1,
    ),
    parts=st.lists(
        st.one_of(
            st.sampled_from(["n0", "n1", "n2"]), st.text("ab ", max_size=3).map(lambda t: f"!{t}")
        ),
        max_size=8,
    ),
)
def test_what_was_put_in_is_never_searched_again(values: dict[str, str], parts: list[str]) -> None:
    # Names stand for placeholders; texts, marked, for themselves.
    text = "".join(
        part[1:] if part.startswith("!") else f"{{{{$.inputs.parameters['{part}']}}}}"
        for part in parts
    )
    expected = "".join(
        part[1:]
        if part.startswith("!")
        else values.get(part, f"{{{{$.inputs.parameters['{part}']}}}}")
        for part in parts
    )

    def find(segments: Segments) -> str | None:
        return values.get(segments[2]) if len(segments) == 3 else None

    assert substitute(text, find) == expected


# Concat and IfPresent.


def if_present(name: str, then: Any, otherwise: Any = None) -> dict[str, Any]:
    body = {"InputName": name, "Then": then}
    return {"IfPresent": body if otherwise is None else {**body, "Else": otherwise}}


P = "{{$.inputs.parameters['a']}}"


@pytest.mark.parametrize(
    ("structure", "arguments"),
    [
        pytest.param({"Concat": ["x=", P]}, ["x=A"], id="concat"),
        pytest.param({"Concat": ["<", {"Concat": [P, P]}, ">"]}, ["<AA>"], id="concat in concat"),
        pytest.param({"Concat": []}, [""], id="empty concat"),
        pytest.param(if_present("a", P), ["A"], id="present"),
        pytest.param(if_present("z", P), [], id="not present"),
        pytest.param(if_present("z", "t", "e"), ["e"], id="else"),
        pytest.param(if_present("a", ["--a", P]), ["--a", "A"], id="then is a list"),
        pytest.param(if_present("z", "t", ["--no", "a"]), ["--no", "a"], id="else is a list"),
        pytest.param(if_present("a", if_present("z", "t", "e")), ["e"], id="nested"),
        pytest.param(if_present("a", {"Concat": ["p-", P]}), ["p-A"], id="concat in then"),
        pytest.param({"Concat": ["<", if_present("z", "t"), ">"]}, ["<>"], id="absent in concat"),
        pytest.param(
            if_present("a", ["x", if_present("z", "t"), if_present("a", P)]),
            ["x", "A"],
            id="in a list",
        ),
    ],
)
def test_structures_become_arguments(structure: Mapping[str, Any], arguments: list[str]) -> None:
    found = expand(json.dumps(structure), lookup, lambda name: name in VALUES)

    assert list(found) == arguments


@pytest.mark.parametrize(
    "text",
    ['{"Concat": "x"}', '{"IfPresent": {"Then": "x"}}', '{"a": ["Concat"]}', '{"Concat": [', "{}"],
)
def test_json_that_is_no_structure_is_text(text: str) -> None:
    assert expand(text, lookup, lambda _: True) == (text,)


def test_json_arguments_get_values_as_they_are() -> None:
    found = expand("""{"name": "{{$.inputs.parameters['a']}}"}""", lookup, lambda _: True)

    assert found == ('{"name": "A"}',)


# In the inputs of tasks.


def test_constants_know_names_times_and_roots() -> None:
    texts = {
        "job": "{{$.pipeline_job_name}}",
        "resource": "{{$.pipeline_job_resource_name}}",
        "run": "job-{{$.pipeline_job_uuid}}!",
        "task": "{{$.pipeline_task_name}}",
        "created": "{{$.pipeline_job_create_time_utc}}",
        "scheduled": "{{$.pipeline_job_schedule_time_utc}}",
        "root": "{{$.pipeline_root}}/tmp",
        "workspace": "{{$.workspace_path}}/data",
        "unknown": "{{$.pipeline_google_cloud_project_id}}",
    }
    root = dag({"t": task("comp-t", texts)})
    world = World(pipeline(root, {"comp-t": leaf(dict.fromkeys(texts, "STRING"))}))

    assert world.inputs("t") == {
        "job": "demo-x7k2p",
        "resource": "demo-x7k2p",
        "run": "job-run-1!",
        "task": "t",
        "created": "2024-05-01T12:00:30Z",
        "scheduled": "2024-05-01T12:00:30Z",
        "root": "s3://bucket/root/tmp",
        "workspace": "/kfp-workspace/data",
        "unknown": "{{$.pipeline_google_cloud_project_id}}",
    }


def test_the_id_of_a_task_is_its_own_and_stays() -> None:
    text = {"x": "{{$.pipeline_task_uuid}}"}
    root = dag({"s": task("comp-t", text), "t": task("comp-t", text)})
    world = World(pipeline(root, {"comp-t": leaf({"x": "STRING"})}))

    first, second = world.inputs("s")["x"], world.inputs("t")["x"]

    assert first != second
    assert world.inputs("t")["x"] == second


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        pytest.param("5", "STRING", "5", id="text"),
        pytest.param(5, "NUMBER_INTEGER", "5", id="number"),
        pytest.param(True, "BOOLEAN", "true", id="boolean"),
        pytest.param(['q"', "\n"], "LIST", '["q\\"","\\n"]', id="list"),
        pytest.param('say "hi"\\\n', "STRING", 'say "hi"\\\n', id="quotes and newlines"),
        pytest.param(
            "{{$.pipeline_job_name}}", "STRING", "{{$.pipeline_job_name}}", id="like a placeholder"
        ),
    ],
)
def test_an_f_string_gets_the_text_of_an_upstream_value(
    value: JsonValue, kind: str, text: str
) -> None:
    channel = "pipelinechannel--before-Output"
    parameters = {
        "msg": f"got {{{{$.inputs.parameters['{channel}']}}}}!",
        channel: output("before"),
    }
    root = dag({"t": task("comp-t", parameters), "before": task("comp-b")})
    component = leaf({"msg": "STRING", channel: ParameterType(kind).value})
    world = World(pipeline(root, {"comp-t": component, "comp-b": leaf(outputs={"Output": kind})}))
    world.succeeded("before", Output=value)

    assert world.inputs("t") == {"msg": f"got {text}!", channel: value}


def test_placeholders_in_lists_and_structs_of_a_constant_are_replaced() -> None:
    value = {"a": ["{{$.pipeline_job_uuid}}", {"b": "{{$.inputs.parameters['n']}}"}]}
    root = dag({"t": task("comp-t", {"x": value, "n": 3.0})})
    world = World(pipeline(root, {"comp-t": leaf({"x": "STRUCT", "n": "NUMBER_INTEGER"})}))

    assert world.inputs("t")["x"] == {"a": ["run-1", {"b": "3"}]}


def test_values_of_a_run_are_data() -> None:
    root = dag({"t": task("comp-t", {"x": given("p")})}, {"p": "STRING"})
    of = pipeline(root, {"comp-t": leaf({"x": "STRING"})})

    assert World(of, {"p": "{{$.pipeline_job_uuid}}"}).inputs("t") == {
        "x": "{{$.pipeline_job_uuid}}"
    }


def test_a_constant_that_refers_to_itself_stays_as_it_is() -> None:
    parameters = {
        "x": "x{{$.inputs.parameters['y']}}",
        "y": "y{{$.inputs.parameters['x']}}",
    }
    root = dag({"t": task("comp-t", parameters)})
    world = World(pipeline(root, {"comp-t": leaf({"x": "STRING", "y": "STRING"})}))

    assert world.inputs("t")["x"] == "xy{{$.inputs.parameters['x']}}"

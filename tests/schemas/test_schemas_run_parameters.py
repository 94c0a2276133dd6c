"""The parameters of a run against what the pipeline declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from argosy_schemas.checking.run_parameters import (
    parse_run_parameters,
    write_run_parameters,
)
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir.model import (
    ArtifactSpec,
    ArtifactType,
    Component,
    Dag,
    Interface,
    ParameterSpec,
    ParameterType,
    Pipeline,
)
from argosy_schemas.values import JsonValue

INTEGER = ParameterSpec(type=ParameterType.NUMBER_INTEGER)
STRING = ParameterSpec(type=ParameterType.STRING)
SIZE = ParameterSpec(type=ParameterType.STRING, literals=("s", "m"))
DATASET = ArtifactSpec(type=ArtifactType(schema_title="system.Dataset"))


def declaring(
    parameters: Mapping[str, ParameterSpec], artifacts: Mapping[str, ArtifactSpec] | None = None
) -> Pipeline:
    root = Component(
        name="root",
        inputs=Interface(parameters=parameters, artifacts=artifacts or {}),
        dag=Dag(tasks={}),
    )
    return Pipeline(name="p", root=root, components={})


def test_what_is_not_given_has_its_default_or_is_null() -> None:
    pipeline = declaring(
        {
            "given": INTEGER,
            "list": ParameterSpec(type=ParameterType.LIST, default=[1]),
            "null": ParameterSpec(type=ParameterType.STRUCT, default=None, optional=True),
            "optional": ParameterSpec(type=ParameterType.STRING, optional=True),
            "overridden": ParameterSpec(type=ParameterType.STRING, default="x", optional=True),
        },
        {"data": DATASET},
    )

    checked = parse_run_parameters(pipeline, {"given": "5.0", "data": "s3://b"})

    assert checked == {"given": 5, "list": [1], "null": None, "optional": None, "overridden": "x"}


def test_defaults_are_not_checked() -> None:
    odd = ParameterSpec(type=ParameterType.STRING, default=5, literals=("a",))

    assert parse_run_parameters(declaring({"p": odd}), {}) == {"p": 5}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "parameter 'epochs' is required; give a value of type NUMBER_INTEGER"),
        (
            {"epochs": '"3"'},
            "parameter 'epochs': '3' is a string, not a NUMBER_INTEGER; write a number, e.g. 3",
        ),
        (
            {"epochs": "null"},
            "parameter 'epochs': is null, but this NUMBER_INTEGER is not optional",
        ),
        (
            {"epochs": "3", "epoch": "3"},
            "the pipeline has no parameter 'epoch'; did you mean 'epochs'?",
        ),
        ({"epochs": "3", "x": "3"}, "the pipeline has no parameter 'x'; it has 'epochs'"),
    ],
)
def test_what_does_not_fit_is_refused(given: Mapping[str, str], problem: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_run_parameters(declaring({"epochs": INTEGER}), given)

    assert str(caught.value) == problem


def test_a_pipeline_without_parameters_says_so() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_run_parameters(declaring({}), {"x": "1"})

    assert str(caught.value) == "the pipeline has no parameter 'x'; it has none"


def test_all_problems_are_told_at_once() -> None:
    pipeline = declaring({"epochs": INTEGER, "name": STRING, "size": SIZE})

    with pytest.raises(InvalidArgumentError) as caught:
        parse_run_parameters(pipeline, {"epochs": "many", "epoch": "3", "size": "l"})

    assert str(caught.value).splitlines() == [
        "the pipeline has no parameter 'epoch'; did you mean 'epochs'?",
        "parameter 'epochs': 'many' is not a NUMBER_INTEGER; write a number, e.g. 3",
        "parameter 'name' is required; give a value of type STRING",
        "parameter 'size': is 'l', not one of \"s\", \"m\"",
    ]


def test_texts_are_taken_as_they_are_for_strings_and_none_is_not_given() -> None:
    pipeline = declaring(
        {
            "epochs": INTEGER,
            "name": STRING,
            "size": ParameterSpec(type=ParameterType.STRING, default="s"),
        }
    )

    parsed = parse_run_parameters(pipeline, {"epochs": "3.0", "name": "3.0", "size": None})

    assert parsed == {"epochs": 3, "name": "3.0", "size": "s"}


def test_a_string_stays_text_and_all_else_becomes_json() -> None:
    pipeline = declaring({"text": STRING, "number": INTEGER})
    values: dict[str, JsonValue] = {"text": "3", "number": 3, "undeclared": [1, "a"]}

    assert write_run_parameters(pipeline, values) == {
        "text": "3",
        "number": "3",
        "undeclared": '[1,"a"]',
    }


def test_none_for_a_string_leaves_it_out() -> None:
    pipeline = declaring({"text": STRING, "number": INTEGER})

    assert write_run_parameters(pipeline, {"text": None, "number": None}) == {"number": "null"}


def test_values_that_are_no_json_are_refused_by_name() -> None:
    pipeline = declaring({"text": STRING, "number": INTEGER})
    values: dict[str, Any] = {"text": {"a set"}, "number": float("nan")}

    with pytest.raises(InvalidArgumentError) as caught:
        write_run_parameters(pipeline, values)

    assert str(caught.value) == (
        "parameter 'text' is not a JSON value: Object of type set is not JSON serializable\n"
        "parameter 'number' is not a JSON value: Out of range float values are not JSON compliant"
    )

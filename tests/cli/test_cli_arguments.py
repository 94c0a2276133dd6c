"""Parameters from options and files."""

from pathlib import Path

import pytest

from argosy_cli.arguments import parameter_texts, parse_assignments, read_parameters_file
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir import ParameterType
from argosy_schemas.values import JsonValue

DECLARED = {"text": ParameterType.STRING, "number": ParameterType.NUMBER_INTEGER}


def test_the_last_assignment_of_a_name_wins_and_values_may_hold_equal_signs() -> None:
    assert parse_assignments(["a=1", "b=x=y", "a=2"], option="--param") == {"a": "2", "b": "x=y"}


@pytest.mark.parametrize("word", ["a", "=1", ""])
def test_a_word_that_is_no_assignment_is_refused(word: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_assignments([word], option="--param")

    assert str(caught.value) == f"--param '{word}': write it as NAME=VALUE"


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.json", '{"number": 3, "text": "x"}'), ("p.yaml", "number: 3\ntext: x\n")],
)
def test_a_parameters_file_is_json_or_yaml(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)

    assert read_parameters_file(path) == {"number": 3, "text": "x"}


def test_a_parameters_file_without_an_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("- 1\n")

    with pytest.raises(InvalidArgumentError) as caught:
        read_parameters_file(path)

    assert str(caught.value) == (
        f"--params-file '{path}' must hold an object of parameter names and values"
    )


def test_a_string_stays_text_and_all_else_becomes_json() -> None:
    given: dict[str, JsonValue] = {"text": "3", "number": 3, "undeclared": [1, "a"]}

    assert parameter_texts(DECLARED, given, {}) == {
        "text": "3",
        "number": "3",
        "undeclared": '[1,"a"]',
    }


def test_a_null_for_a_string_is_a_parameter_not_given() -> None:
    assert parameter_texts(DECLARED, {"text": None, "number": None}, {}) == {"number": "null"}


def test_options_go_before_the_file() -> None:
    assert parameter_texts(DECLARED, {"text": "file"}, {"text": "option"}) == {"text": "option"}

"""Parameters from options and files."""

import io
import os
import sys
from pathlib import Path

import pytest

from argosy_cli.arguments import (
    load_argument,
    parse_assignments,
    parse_parameters,
    read_parameters_file,
)
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.source import Source
from argosy_schemas.values import JsonValue
from cli_processes import argosy, shell_pipeline


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: 1\n")))

    assert load_argument("-", max_size_bytes=5) == Source(file="<stdin>", data=b"a: 1\n")


def test_standard_input_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: 1\n")))

    with pytest.raises(InvalidPipelineError) as caught:
        load_argument("-", max_size_bytes=4)

    assert str(caught.value) == "<stdin>: is larger than 4 bytes; raise --max-size to read it"


def test_the_last_assignment_of_a_name_wins_and_values_may_hold_equal_signs() -> None:
    assert parse_assignments(["a=1", "b=x=y", "a=2"], option="--param") == {"a": "2", "b": "x=y"}


@pytest.mark.parametrize("word", ["a", "=1", ""])
def test_a_word_that_is_no_assignment_is_refused(word: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_assignments([word], option="--param")

    assert str(caught.value) == f"--param '{word}': write it as NAME=VALUE"


def test_a_value_that_is_no_text_is_refused_before_anything_is_written() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_assignments([os.fsdecode(b"a=\xff")], option="--param")

    assert str(caught.value) == "--param 'a' is not UTF-8; encode it as UTF-8"


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.json", '{"number": 3, "text": "x"}'), ("p.yaml", "number: 3\ntext: x\n")],
)
def test_a_parameters_file_is_json_or_yaml(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)

    assert read_parameters_file(path, {}) == {"number": 3, "text": "x"}


@pytest.mark.parametrize(("name", "text"), [("p.json", " \n"), ("p.yaml", ""), ("p.yaml", "---")])
def test_an_empty_parameters_file_gives_none(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)

    assert read_parameters_file(path, {}) == {}


def test_a_parameters_file_without_an_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("- 1\n")

    with pytest.raises(InvalidArgumentError) as caught:
        read_parameters_file(path, {})

    assert str(caught.value) == (
        f"--params-file '{path}' must hold an object of parameter names and values"
    )


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("p.json", "{", ":1: This is not valid JSON: Expecting property name enclosed in double"
         " quotes"),
        ("p.json", "n: 5", ":1: This is not valid JSON: Expecting value"),
        ("p.json", "\n# n\n{}", ":2: This is not valid JSON: Expecting value"),
        ("p.json", "---\n{}", ":1: This is not valid JSON: Expecting value"),
        ("p.json", "[1", ":1: This is not valid JSON: Expecting ',' delimiter"),
        ("p.json", "[1]", " must hold an object of parameter names and values"),
        ("p.yaml", "a: 1\na: 2", ":2: Key 'a' is given twice; remove one"),
        ("p.json", '{"a": 1, "a": 2}', ":1: Key 'a' is given twice; remove one"),
        ("p.yaml", "a: .nan", None),
        ("p.yaml", "a: &x [*x]", ":1: An alias contains itself; write the value out"),
        ("p.yaml", "a: !!set {b}", None),
        ("p.yaml", "a: " + "9" * 5000, None),
        ("p.yaml", "a: " + "[" * 100_000, None),
        ("p.json", '{"a": ' + "[" * 100_000, None),
        ("p.json", '{"a": "\\ud800"}', None),
        ("p.yaml", "a: &x [" + "y," * 999 + "]\nb: &z [" + "*x," * 999 + "]\nc: [" + "*z," * 999
         + "]", ": The aliases stand for more than 1 MB; write the values out"),
    ],
)  # fmt: skip
def test_a_parameters_file_is_read_with_the_care_of_a_pipeline_file(
    name: str, text: str, problem: str | None, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(InvalidArgumentError) as caught:
        read_parameters_file(path, {})

    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"--params-file '{path}'")
    assert problem is None or line.endswith(problem)


def test_a_date_in_a_parameters_file_is_text(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("a: 2020-01-02\n")

    assert read_parameters_file(path, {}) == {"a": "2020-01-02"}


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        (ParameterType.STRING, "3.10", "3.10"),
        (ParameterType.STRING, "01234", "01234"),
        (ParameterType.STRING, "12:30", "12:30"),
        (ParameterType.STRING, "no", "no"),
        (ParameterType.STRING, "1_000", "1_000"),
        (ParameterType.STRING, "'no'", "no"),
        (ParameterType.STRING, "", None),
        (ParameterType.NUMBER_DOUBLE, "1e-4", 1e-4),
        (ParameterType.NUMBER_DOUBLE, "3", 3),
        (ParameterType.NUMBER_INTEGER, "012", 12),
        (ParameterType.NUMBER_INTEGER, "12:30", "12:30"),
        (ParameterType.BOOLEAN, "no", False),
        (ParameterType.LIST, "[no, 012]", [False, 10]),
    ],
)
def test_the_declared_type_decides_how_an_unquoted_scalar_is_read(
    kind: ParameterType, written: str, value: JsonValue, tmp_path: Path
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"a: {written}\n")

    assert read_parameters_file(path, {"a": kind}) == {"a": value}


def test_json_in_a_file_of_another_name_is_read_as_json(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_text('{\n\t"a":\t3.10, "b": "3.10"}')

    values = read_parameters_file(path, {"b": ParameterType.STRING})

    assert values == {"a": 3.1, "b": "3.10"}


def test_a_parameter_of_the_command_line_hides_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("rows: 3\nname: file\n")
    inputs = '{"rows": {"parameterType": "NUMBER_INTEGER"}, "name": {"parameterType": "STRING"}}'
    text = shell_pipeline("p", {"a": "true"}, inputs=inputs)
    pipeline = read_pipeline(text.encode(), file="p.yaml")

    parameters = parse_parameters(["name=line"], path, lambda: pipeline)

    assert parameters == {"rows": "3", "name": "line"}


def test_the_version_is_an_option_too(tmp_path: Path) -> None:
    ended = argosy("--version", cwd=tmp_path)

    assert ended.status == 0
    assert ended.out == argosy("version", cwd=tmp_path).out.splitlines(keepends=True)[0]

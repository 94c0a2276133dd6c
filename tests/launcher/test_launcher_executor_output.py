from __future__ import annotations

import json

import pytest

from argosy_launcher.outputs.executor_output import (
    ExecutorOutput,
    ReportedArtifact,
    parse_executor_output,
)
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason

MODEL = ReportedArtifact(
    name="model",
    uri="s3://b/k/model",
    metadata={"framework": "x", "accuracy": 1.0, "classes": [1, None], "nested": {"ok": True}},
    custom_path="/data/model",
)


def parse(text: str | bytes) -> ExecutorOutput:
    data = text.encode() if isinstance(text, str) else text
    return parse_executor_output(data, path="/out.json")


@pytest.mark.parametrize(
    ("parameters", "custom_path"),
    [("parameterValues", "customPath"), ("parameter_values", "custom_path")],
)
def test_both_spellings_of_proto_json_are_read(parameters: str, custom_path: str) -> None:
    artifact = {
        "name": MODEL.name,
        "uri": MODEL.uri,
        "metadata": dict(MODEL.metadata),
        custom_path: MODEL.custom_path,
        "type": {"schemaTitle": "system.Model"},
    }
    document = {parameters: {"sum": 3}, "artifacts": {"model": {"artifacts": [artifact]}}}

    output = parse(json.dumps(document))

    assert output == ExecutorOutput(parameters={"sum": 3}, artifacts={"model": (MODEL,)})


def test_metadata_keeps_the_numbers_that_were_written() -> None:
    output = parse('{"artifacts": {"m": {"artifacts": [{"metadata": {"a": 1.0, "b": 1}}]}}}')

    assert repr(output.artifacts["m"][0].metadata) == "{'a': 1.0, 'b': 1}"


def test_metadata_keeps_infinity_and_nan_as_text() -> None:
    metadata = '{"rocCurve": [{"threshold": Infinity}, {"threshold": -Infinity}], "loss": NaN}'

    output = parse('{"artifacts": {"m": {"artifacts": [{"metadata": ' + metadata + "}]}}}")

    assert output.artifacts["m"][0].metadata == {
        "rocCurve": [{"threshold": "Infinity"}, {"threshold": "-Infinity"}],
        "loss": "NaN",
    }


@pytest.mark.parametrize("text", ["", " \n", "{}", '{"artifacts": null}'])
def test_a_file_that_says_nothing_is_no_mistake(text: str) -> None:
    assert parse(text) == ExecutorOutput()


def test_every_artifact_of_a_list_counts_in_order() -> None:
    output = parse('{"artifacts": {"m": {"artifacts": [{"uri": "a"}, {"uri": "b"}]}, "n": {}}}')

    assert output.artifacts == {
        "m": (ReportedArtifact(uri="a"), ReportedArtifact(uri="b")),
        "n": (),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "has a list for the file; write an object"),
        ('{"parameterValues": [1]}', "has a list for 'parameterValues'; write an object"),
        ('{"parametersValue": {}}', "has the unknown key 'parametersValue' in the file; "),
        ('{"artifacts": {"m": [1]}}', "has a list for 'artifacts.m'; write an object"),
        ('{"artifacts": {"m": {"items": []}}}', "has the unknown key 'items' in 'artifacts.m'; "),
        (
            '{"artifacts": {"m": {"artifacts": {}}}}',
            "has an object for 'artifacts.m.artifacts'; write a list",
        ),
        (
            '{"artifacts": {"m": {"artifacts": [{"uri": 1}]}}}',
            "has a number for 'artifacts.m.artifacts[0].uri'; write a string",
        ),
        *(
            (
                f'{{"artifacts": {{"m": {{"artifacts": [{{"{member}": "/x{text}"}}]}}}}}}',
                "has a NUL character or half of a surrogate pair in "
                f"'artifacts.m.artifacts[0].{member}'; write plain text",
            )
            for member in ("name", "uri", "custom_path")
            for text in ("\\u0000", "\\ud800")
        ),
        (
            '{"artifacts": {"m": {"artifacts": [{"meta": {}}]}}}',
            "has the unknown key 'meta' in 'artifacts.m.artifacts[0]'; ",
        ),
        (
            '{"parameterValues": {"x": NaN}}',
            "has NaN in output parameter 'x', which is not a JSON number; write a finite number ",
        ),
        (
            '{"parameterValues": {"x": {"loss": [1, -1e999]}}}',
            "has -Infinity in output parameter 'x' at 'loss[1]', which is not a JSON number; ",
        ),
        ('{"parameterValues": {"x": ', "is not JSON (Expecting value"),
        (b'{"parameterValues": {"x": "\xff"}}', "is not JSON ('utf-8' codec"),
        ("[" * 100_000, "is not JSON (it is nested too deeply); write one JSON object"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str | bytes, problem: str) -> None:
    with pytest.raises(TaskError) as caught:
        parse(text)

    assert str(caught.value).startswith(f"executor output '/out.json' {problem}")
    assert caught.value.reason == Reason.INVALID_OUTPUT


@pytest.mark.parametrize(("levels", "fits"), [(100, True), (106, False), (600, False)])
def test_values_nest_as_deeply_as_all_others(levels: int, fits: bool) -> None:
    text = '{"parameterValues": {"x": ' + "[" * levels + "1" + "]" * levels + "}}"

    if fits:
        assert parse(text).parameters["x"]
    else:
        with pytest.raises(TaskError, match="is nested more than 100 levels deep"):
            parse(text)


def test_a_file_of_many_megabytes_is_read() -> None:
    text = "x" * 20_000_000

    output = parse(json.dumps({"parameterValues": {"big": text}}))

    assert output.parameters["big"] == text

"""How conditions and loops find their values, evaluated as the engine does."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.argo.expressions import make_constant, make_tag
from argosy_compiler.pods.patch import OpenKey, OpenValue, OptionalElement, make_text_expression
from argosy_expressions.argo import evaluate
from argosy_expressions.terms import quote
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.ir.model import ControlEntry, ControlForm
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import JsonValue

GOLDEN = Path(__file__).parents[1] / "golden"
AWKWARD = ["it's", 'say "hi"', "a\\b", "{{=x}}", "}}", "ü✓😀", "line\nbreak", "\x1b[0m", "\u2028"]
VALUES: list[JsonValue] = [None, True, 0, -1.5, "plain", *AWKWARD, [1, "a"], {"k": [1]}]


def spec(case: str) -> Any:
    source = GOLDEN / f"{case}.ir.yaml"
    pipeline = read_pipeline(source.read_bytes(), file=case)
    return compile_pipeline(pipeline, CompileOptions()).workflow["spec"]


def task(found: Any, template: str, name: str) -> Any:
    holder = next(one for one in found["templates"] if one["name"] == template)
    return next(one for one in holder["dag"]["tasks"] if one["name"] == name)


def control(**members: JsonValue) -> str:
    return base64.b64encode(json.dumps(members).encode()).decode()


@pytest.mark.parametrize("text", AWKWARD)
def test_any_text_survives_a_literal(text: str) -> None:
    written = quote(text)

    assert evaluate(written, {}) == text
    assert "{{" not in written
    assert "}}" not in written
    assert '"' not in written


@pytest.mark.parametrize("value", VALUES)
def test_any_value_survives_as_a_constant(value: JsonValue) -> None:
    assert evaluate(make_constant(value), {}) == value
    assert "{{" not in make_constant(value)


def test_a_tag_ends_where_it_should() -> None:
    assert make_tag("{'a': 1}") == "{{={'a': 1} }}"


@pytest.mark.parametrize(("item", "expected"), [(1, False), (2, True), ("10", True), ("1", False)])
def test_an_item_that_is_declared_text_is_compared_as_text(item: JsonValue, expected: bool) -> None:
    when = task(spec("loops/dynamic"), "for-loop-2", "condition-4")["when"]
    name = next(piece for piece in when.split("'") if piece.startswith("pipelinechannel--"))
    environment: Any = {
        "inputs": {"parameters": {"control": control(**{name: [item]}), "index": "0"}}
    }

    assert evaluate(when[3:-2], environment) is expected


def test_a_decision_says_what_has_to_be_published() -> None:
    source = GOLDEN / "conditions" / "nested.ir.yaml"
    compiled = compile_pipeline(
        read_pipeline(source.read_bytes(), file="nested.yaml"), CompileOptions()
    )

    published = unpack(compiled.ir).control

    entry = (ControlEntry(output="result", form=ControlForm.VALUE),)
    assert {place: published[place] for place in (("root", "say"), ("comp-inner", "say-2"))} == {
        ("root", "say"): entry,
        ("comp-inner", "say-2"): entry,
    }


def test_a_patch_writes_json_around_its_open_values() -> None:
    patch: Any = {
        "list": [
            "first",
            OptionalElement("x.none", {"a": 1}),
            OptionalElement("x.some", {"b": OpenValue("x.some")}),
        ],
        "limits": OpenKey("x.kind", "2", {"cpu": "1"}),
    }

    text = evaluate(make_text_expression(patch), {"x": {"none": None, "some": "s", "kind": "gpu"}})

    assert json.loads(str(text)) == {
        "list": ["first", {"b": "s"}],
        "limits": {"gpu": "2", "cpu": "1"},
    }


USED_ON_WHAT_IT_MADE = """\
pipelineInfo: {name: again}
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.0
deploymentSpec: {executors: {say: {container: {image: busybox, command: [sh, -c, 'true']}}}}
components:
  comp-say:
    executorLabel: say
    outputDefinitions: &value {parameters: {Output: {parameterType: STRING}}}
  comp-body:
    dag:
      tasks: {say: {taskInfo: {name: say}, componentRef: {name: comp-say}}}
      outputs: &said
        parameters:
          Output: {valueFromParameter: {producerSubtask: say, outputParameterKey: Output}}
    inputDefinitions: {parameters: {items: {parameterType: LIST}, item: {parameterType: STRING}}}
    outputDefinitions: *value
  comp-all:
    dag:
      tasks:
        say:
          taskInfo: {name: loop}
          componentRef: {name: comp-body}
          inputs: {parameters: {items: {componentInputParameter: items}}}
          parameterIterator: {itemInput: item, items: {inputParameter: items}}
      outputs: *said
    inputDefinitions: {parameters: {items: {parameterType: LIST}}}
    outputDefinitions: {parameters: {Output: {parameterType: LIST}}}
root:
  dag:
    tasks:
      first:
        taskInfo: {name: first}
        componentRef: {name: comp-all}
        inputs: {parameters: {items: {runtimeValue: {constant: [a, b]}}}}
      second:
        taskInfo: {name: second}
        componentRef: {name: comp-all}
        dependentTasks: [first]
        inputs:
          parameters:
            items: {taskOutputParameter: {producerTask: first, outputParameterKey: Output}}
"""


def test_a_loop_over_what_the_same_loop_collected_elsewhere_is_counted_by_a_pod() -> None:
    """One template does for both uses, and the number of its items would lead back to itself."""
    compiled = compile_pipeline(
        read_pipeline(USED_ON_WHAT_IT_MADE.encode(), file="p.yaml"), CompileOptions()
    )

    assert [note.message for note in compiled.notes] == [
        "needs a pod: 'items' of 'comp-all' comes from another use of 'comp-all'"
    ]

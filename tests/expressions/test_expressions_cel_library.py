"""A CEL library evaluates the rest, and agrees with what is evaluated natively."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given, settings

from argosy_expressions.cel import evaluate, holds, library, parse, select
from argosy_expressions.cel.ast import Call, walk_nodes
from argosy_expressions.cel.ast import Expression as Cel
from argosy_expressions.cel.evaluation import Evaluation
from argosy_expressions.errors import EvaluationError, ExpressionError
from argosy_schemas.values import JsonValue
from cel_conditions import conditions, inputs, sdk_conditions

pytest.importorskip("cel_expr_python", reason="the platform has no wheel of cel-expr-python")

INPUTS: Mapping[str, JsonValue] = {
    "s": "heads",
    "n": 5,
    "l": [1, 2.5],
    "m": {"k": [None]},
    "b": True,
}

FOREIGN = [
    ("$l.exists(x, x > 2)", True),
    ("$l.all(x, x > 2)", False),
    ("size($l) == 2 && $n in [5, 6]", True),
    ("$s.startsWith('he') ? $b : false", True),
    ("$n + 1.0 == 6.0", True),
    ("has(inputs.parameter_values.nope)", False),
    ("$l == [1, 2.5]", True),
    ("$m == {'k': [null]}", True),
    ("parseJson('{\"a\": [1]}').a + [2.0] == [1, 2]", True),
    ("inputs.artifacts['m'].artifacts.exists(a, a.uri == 's3://b/m')", True),
    ("inputs.artifacts['m'].artifacts.all(a, a.name == '')", True),
]


def spelt(text: str) -> str:
    return text.replace("$", "inputs.parameter_values.")


@pytest.mark.parametrize(("text", "outcome"), FOREIGN)
def test_what_the_sdk_never_emits_is_evaluated_by_the_library(text: str, outcome: bool) -> None:
    expression = parse(spelt(text))

    assert expression.foreign is not None
    assert holds(expression, INPUTS, {"m": [{"uri": "s3://b/m"}]}) is outcome


class Failing(dict[str, JsonValue]):
    """Inputs of which one cannot be had."""

    def __getitem__(self, name: str) -> JsonValue:
        if name == "broken":
            raise ValueError(name)
        return super().__getitem__(name)


def test_an_input_that_is_not_read_need_not_be_there() -> None:
    inputs = Failing(l=[1], broken=None)

    assert holds(parse("size(inputs.parameter_values['l']) > 0"), inputs)
    with pytest.raises(ValueError, match="broken"):
        holds(parse("size(inputs.parameter_values['broken']) > 0"), inputs)


def test_inputs_can_be_read_as_a_whole() -> None:
    names = parse("inputs.parameter_values.exists(name, name == 'b')")

    assert holds(names, {"a": 1, "b": 2})
    assert not holds(names, {"a": 1})


def test_a_value_of_the_library_comes_back_as_json() -> None:
    value = evaluate(parse(spelt("{'a': $l.map(x, x + 1.0), 'b': [null, 'x', 1 + 1]}")), INPUTS)

    assert value == {"a": [2, 3.5], "b": [None, "x", 2]}


def test_a_selector_may_use_the_library() -> None:
    assert select("parseJson(string_value).filter(x, x > 1.0)", [1, 2], "[1,2]") == [2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size($absent) > 1", 'NOT_FOUND: Key not found in map : "absent"'),
        ("$n + 'a' == ''", "UNKNOWN: No matching overloads found : _+_(double, string)"),
        ("1 / 0 == 1", "INVALID_ARGUMENT: divide by zero"),
        ("b'a'", "The result holds bytearray, which is not JSON"),
        ("{1: 2}", "The result has the key 1, but keys in JSON are strings"),
    ],
)
def test_a_failure_in_the_library_is_one_of_ours(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate(parse(spelt(text)), INPUTS)

    assert caught.value.fault.message == message


WITHOUT_LIBRARY = """
import subprocess
import sys
sys.modules["cel_expr_python.cel"] = None
from argosy_expressions.cel import holds, parse
from argosy_expressions.errors import MissingLibraryError
assert holds(parse("inputs.parameter_values['n'] == 5"), {"n": 5})
try:
    holds(parse("size('a') == 1"), {})
except MissingLibraryError as error:
    print(error)
"""


def test_without_the_library_the_error_names_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBRARY], capture_output=True, text=True, check=True
    )

    assert done.stdout == (
        "The expression 'size('a') == 1' uses the function 'size', which needs a CEL library;"
        " install 'cel-expr-python'\n"
    )


def _native(expression: Cel, values: Mapping[str, JsonValue]) -> bool | None:
    try:
        return holds(expression, values)
    except ExpressionError:
        return None


def _by_library(expression: Cel, values: Mapping[str, JsonValue]) -> bool | None:
    message: JsonValue = {"parameter_values": values}
    try:
        value = library.evaluate(expression, {"inputs": message})
    except EvaluationError:
        return None
    return value if isinstance(value, bool) else None


def _deviates(expression: Cel, values: Mapping[str, JsonValue]) -> bool:
    """Return whether a conversion is met in which the library differs from the reference, cel-go.

    It takes booleans for ``int()``, and texts with blanks around numbers and beyond a double's
    range, and not Go's ``1_0``.
    """
    for node, _ in walk_nodes(expression.root):
        if isinstance(node, Call) and node.function in ("int", "double"):
            inner = Cel(expression.source, node.argument, frozenset(), frozenset(), None)
            try:
                value = Evaluation(inner, values, {}, {}).result()
            except EvaluationError:
                continue
            if isinstance(value, bool):
                return True
            if isinstance(value, str) and (value != value.strip() or {"_", "x"} & {*value}):
                return True
    return False


@settings(max_examples=300, deadline=None)
@given(sdk_conditions(), inputs())
def test_the_library_agrees_on_what_the_sdk_emits(
    text: str, values: Mapping[str, JsonValue]
) -> None:
    expression = parse(text)

    assert _native(expression, values) == _by_library(expression, values)


@settings(max_examples=300, deadline=None)
@given(conditions(), inputs())
def test_the_library_agrees_on_the_whole_native_grammar(
    text: str, values: Mapping[str, JsonValue]
) -> None:
    expression = parse(text)

    if not _deviates(expression, values):
        assert _native(expression, values) == _by_library(expression, values)

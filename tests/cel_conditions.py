"""Random conditions in CEL, and inputs for them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import strategies as st

from argosy_expressions.operands import Operand
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.values import JsonValue

TYPES: Mapping[str, ParameterType] = {
    "s": ParameterType.STRING,
    "t": ParameterType.STRING,
    "n": ParameterType.NUMBER_INTEGER,
    "k": ParameterType.NUMBER_INTEGER,
    "d": ParameterType.NUMBER_DOUBLE,
    "b": ParameterType.BOOLEAN,
    "c": ParameterType.BOOLEAN,
    "l": ParameterType.LIST,
    "m": ParameterType.STRUCT,
}

OPERANDS: Mapping[str, Operand] = {
    name: Operand(
        expression=f"workflow.parameters['{name}']"
        if kind is ParameterType.STRING
        else f"fromJSON(workflow.parameters['{name}'])",
        type=kind,
    )
    for name, kind in TYPES.items()
}

_WORDS = st.sampled_from([
    "", "heads", "x", "true", "F", "null", "12", "-7", "3.5", "nan", "inf", "1_0", "0x10", " 1",
    "9223372036854775808", "{", "}}", "{{x}}", "{{=1}}", "it's", 'say "hi"', "a\\b", "\\u003c",
    "<a>&", "ü😀", "a\nb", "\u001b[0m", "\u2028", '{"k":1}', '{"k":"heads"}', "[1]",
])  # fmt: skip
_INTEGERS = st.sampled_from([0, 1, -1, 2, 5, 12, -7, 2**53 + 1, 2**62, -(2**62), 10**19, -(10**20)])
_DOUBLES = st.sampled_from([0.5, -0.5, 1.5, 3.7, -3.7, 5, 12, 1e-7, 1e21, -1e300, 123456.5, 1e6])
_SCALARS = st.one_of(_WORDS, _INTEGERS, _DOUBLES, st.booleans(), st.none())
_VALUES: Mapping[ParameterType, st.SearchStrategy[JsonValue]] = {
    ParameterType.STRING: _WORDS,
    ParameterType.NUMBER_INTEGER: _INTEGERS,
    ParameterType.NUMBER_DOUBLE: _DOUBLES,
    ParameterType.BOOLEAN: st.booleans(),
    ParameterType.LIST: st.lists(_SCALARS, max_size=3),
    ParameterType.STRUCT: st.dictionaries(st.sampled_from(["k", "heads", ""]), _SCALARS),
}


def inputs() -> st.SearchStrategy[Mapping[str, JsonValue]]:
    """Values for all inputs of :data:`TYPES`, null now and then."""
    return st.fixed_dictionaries(
        {
            name: st.one_of(_VALUES[kind], _VALUES[kind], _VALUES[kind], st.none())
            for name, kind in TYPES.items()
        }
    )


def environment(values: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Return the same inputs as parameters of a workflow; a text that is null is not there."""
    parameters: dict[str, JsonValue] = {}
    for name, value in values.items():
        if TYPES[name] is not ParameterType.STRING:
            parameters[name] = json.dumps(value)
        elif value is not None:
            parameters[name] = value
    return {"workflow": {"parameters": parameters}}


def _parameter(name: str) -> str:
    return f"inputs.parameter_values['{name}']"


def _text(value: str) -> str:
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n"}
    return f"'{''.join(escapes.get(character, character) for character in value)}'"


_OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_NUMBER_LITERALS = st.sampled_from(["0", "5", "-7", "12", "9007199254740993"])
_DOUBLE_LITERALS = st.sampled_from(["0.5", "5.0", "-3.7", "1e21", "1e-7"])
_TEXT_LITERALS = _WORDS.map(_text)


def _comparison(
    left: st.SearchStrategy[str], right: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    return st.tuples(left, _OPERATORS, right).map(" ".join)


def _sdk_comparisons() -> st.SearchStrategy[str]:
    texts = st.sampled_from(["s", "t"]).map(_parameter)
    integers = st.sampled_from(["n", "k"]).map(lambda name: f"int({_parameter(name)})")
    doubles = st.sampled_from(["n", "k", "d"]).map(lambda name: f"double({_parameter(name)})")
    booleans = st.sampled_from(["b", "c"]).map(_parameter)
    return st.one_of(
        _comparison(texts, st.one_of(texts, _TEXT_LITERALS)),
        _comparison(integers, st.one_of(integers, _NUMBER_LITERALS)),
        _comparison(doubles, st.one_of(doubles, _DOUBLE_LITERALS)),
        _comparison(booleans, st.one_of(booleans, st.sampled_from(["true", "false"]))),
    )


def sdk_conditions() -> st.SearchStrategy[str]:
    """What ``dsl.If``, ``dsl.Elif`` and ``dsl.Else`` compile to."""

    def branch(conditions: list[str]) -> str:
        *before, own = conditions
        return " && ".join([*(f"!({condition})" for condition in before), own])

    return st.lists(_sdk_comparisons(), min_size=1, max_size=4).map(branch)


def conditions() -> st.SearchStrategy[str]:
    """The whole grammar that is evaluated natively, with ill-typed operations among it."""
    inputs_ = st.sampled_from(list(TYPES)).map(_parameter)
    members = st.sampled_from(["m['k']", "m.heads", "l[0]", "l[1]", "m['k'].k", "l[0][0]"]).map(
        lambda member: f"inputs.parameter_values.{member}"
    )
    values = st.recursive(
        st.one_of(
            inputs_,
            members,
            _TEXT_LITERALS,
            _NUMBER_LITERALS,
            _DOUBLE_LITERALS,
            st.sampled_from(["true", "false", "null"]),
        ),
        lambda below: st.one_of(
            st.tuples(st.sampled_from(["int", "double", "string", "bool", "parseJson"]), below).map(
                lambda call: f"{call[0]}({call[1]})"
            ),
            _comparison(below, below).map(lambda comparison: f"({comparison})"),
        ),
        max_leaves=4,
    )
    return st.recursive(
        st.one_of(_comparison(values, values), _sdk_comparisons(), inputs_),
        lambda below: st.one_of(
            below.map(lambda condition: f"!({condition})"),
            st.lists(below, min_size=2, max_size=3).map(lambda parts: " && ".join(_closed(parts))),
            st.lists(below, min_size=2, max_size=3).map(lambda parts: " || ".join(_closed(parts))),
        ),
        max_leaves=5,
    )


def _closed(parts: list[str]) -> list[str]:
    return [f"({part})" for part in parts]

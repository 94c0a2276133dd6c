"""Parameters of a condition as Argo expressions, converted or checked by their declared type.

Items of a list and members of a struct need not have the type that the receiving input declares. A
STRING takes any value as text; for any other type a value of another kind is an error, while Argo
would compare it as unequal without a message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from argosy_expressions.argo import ast as argo
from argosy_expressions.argo.parser import parse
from argosy_expressions.cel.checking import KINDS_OF_TYPE, Kinds
from argosy_expressions.cel.values import ValueKind, get_kind, to_double
from argosy_expressions.terms import (
    ATOM,
    CHOICE,
    COMPARE,
    UNARY,
    Term,
    make_boolean,
    make_literal,
    negate,
    quote,
)
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.ir.parameters import to_text
from argosy_schemas.values import JsonValue, normalize, parse_json

_NULL: Kinds = frozenset({ValueKind.NULL})
_TEXT: Kinds = frozenset({ValueKind.TEXT})
_HOLDERS: Kinds = frozenset({ValueKind.LIST, ValueKind.MAP})


class CannotError(Exception):
    """The condition has no Argo expression; the message is the reason of ``Untranslatable``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """How the workflow yields a parameter of the condition."""

    expression: str
    """Argo expression that yields the value as JSON, and fails if there is no value."""
    type: ParameterType
    """The declared type: a STRING takes the text of whatever the expression yields; for any other
    type a value of another kind is an error."""
    nullable: bool = True
    """Whether null is a value of the parameter; ``False``: null is an error, or never occurs."""
    kinds: Kinds | None = None
    """All kinds that the expression can yield, as far as known; ``None``: those of the type.

    An operand that is never null and always of its type gives a shorter expression.
    """

    @property
    def accepted_kinds(self) -> Kinds:
        """The kinds of the values that need no conversion."""
        kinds = KINDS_OF_TYPE[self.type]
        return kinds if self.nullable else kinds - _NULL

    @property
    def possible_kinds(self) -> Kinds:
        """The kinds that the expression can yield."""
        return self.accepted_kinds if self.kinds is None else self.kinds

    @property
    def is_certain(self) -> bool:
        """Whether every value of the expression needs no conversion and no check."""
        return self.possible_kinds <= self.accepted_kinds


def make_raw_term(operand: Operand) -> Term:
    """Return the term of an operand's expression, without conversion or check."""
    is_atom = not isinstance(
        parse(operand.expression), argo.Unary | argo.Binary | argo.Choice | argo.Members
    )
    return Term(
        text=operand.expression, level=ATOM if is_atom else CHOICE, kinds=operand.possible_kinds
    )


def make_parameter_term(name: str, operand: Operand) -> Term:
    """Return the term of a parameter, which fails on a value of a kind that it does not take.

    Raises:
        CannotError: Argo has no such expression, or it always fails.
    """
    term = make_raw_term(operand)
    if operand.is_certain:
        return term
    if operand.type is ParameterType.STRING and not operand.possible_kinds <= _TEXT | _NULL:
        return make_text_term(name, operand)
    kinds = operand.accepted_kinds & operand.possible_kinds
    if kinds <= _NULL:
        raise CannotError(f"'{name}' is declared {operand.type} but never has a value of this type")
    check = _CHECKS[operand.type]
    if ValueKind.NULL not in kinds:
        text, level = check(term.at(ATOM))
        return Term(text=text, level=level, kinds=kinds)
    text, _ = check("#")
    return Term(text=f"map([{term.text}], # == nil ? # : {text})[0]", kinds=kinds)


_FAILURE = "fromJSON('an input of the condition is of another type')"
_CHECKS: Mapping[ParameterType, Callable[[str], tuple[str, int]]] = {
    ParameterType.STRING: lambda text: (f"({text} + '')", ATOM),
    ParameterType.BOOLEAN: lambda text: (f"!!{text}", UNARY),
    **dict.fromkeys(
        (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE),
        lambda text: (f"{text} * 1.0", UNARY),
    ),
    ParameterType.LIST: lambda text: (f"(type({text}) == 'array' ? {text} : {_FAILURE})", ATOM),
    **dict.fromkeys(
        (ParameterType.STRUCT, ParameterType.TASK_FINAL_STATUS, ParameterType.TASK_CONFIG),
        lambda text: (f"(type({text}) == 'map' ? {text} : {_FAILURE})", ATOM),
    ),
}
"""Type to a function that makes an expression fail on null and on any other type; it returns the
new expression and how tightly its outermost operator binds."""


def make_text_term(name: str, operand: Operand, compared: str = "") -> Term:
    """Return the term of a STRING's text, whatever the operand yields; null stays null.

    Args:
        name: The parameter.
        operand: Its operand, declared a STRING.
        compared: The only text that it is compared with, if known. The text that Argo writes of a
            list or struct has the right first character, but may differ from the driver's.

    Raises:
        CannotError: Argo cannot write the text of every value that the operand may yield.
    """
    kinds = operand.possible_kinds
    if kinds & _HOLDERS and (not compared or compared[0] in "[{"):
        raise CannotError(f"it needs the text of '{name}', which may be a list or struct")
    _refuse_null(name, operand)
    text = "toJson(#)"
    if kinds == frozenset({ValueKind.DOUBLE}):
        text = _DECIMAL
    elif ValueKind.DOUBLE in kinds:
        text = f"type(#) == 'float' ? {_DECIMAL} : {text}"
    alike = ["type(#) == 'string'"] if ValueKind.TEXT in kinds else []
    if ValueKind.NULL in kinds:
        alike.append("# == nil")
    if alike:
        text = f"{' || '.join(alike)} ? # : {text}"
    return Term(text=f"map([{operand.expression}], {text})[0]", kinds=_TEXT | (kinds & _NULL))


_DIGITS = "replace(#[0], '.', '')"
_DECIMAL = (
    "(# < 0 ? '-' : '') + map([split(toJson(abs(# + 0)), 'e')], len(#) < 2 ? #[0] :"
    f" int(#[1]) > 0 ? {_DIGITS} + repeat('0', int(#[1]) + 1 - len({_DIGITS})) :"
    f" '0.' + repeat('0', -int(#[1]) - 1) + {_DIGITS})[0]"
)
"""The text of a number without exponent; ``toJson`` writes an exponent from 1e21 on, below 1e-6."""


def compare_with_text(name: str, operand: Operand, operator: str, value: str | None) -> Term:
    """Return the comparison of a STRING's text with a literal text or null.

    The values are compared, not their texts: at most two values have this text, the text itself and
    the value that it is the JSON of.

    Raises:
        CannotError: The operand may be null, but must not.
    """
    _refuse_null(name, operand)
    text = make_raw_term(operand).at(COMPARE + 1)
    if value is None:
        return make_boolean(f"{text} {operator} nil", COMPARE, frozenset())
    alike = [quote(value)] if ValueKind.TEXT in operand.possible_kinds else []
    if (other := _value_of_text(value, operand.possible_kinds)) is not None:
        alike.append(other)
    if len(alike) > 1:
        among = make_boolean(f"{text} in [{', '.join(alike)}]", COMPARE, frozenset())
        return among if operator == "==" else negate(among)
    right = alike[0] if alike else quote(value)
    return make_boolean(f"{text} {operator} {right}", COMPARE, frozenset())


def _refuse_null(name: str, operand: Operand) -> None:
    if ValueKind.NULL in operand.possible_kinds and not operand.nullable:
        raise CannotError(f"'{name}' may be null, which has no text")


def _value_of_text(text: str, kinds: Kinds) -> str | None:
    """Return the expression of the value that has this text and is not a text, if there is one."""
    try:
        value: JsonValue = to_double(parse_json(text))
    except ValueError:
        return None
    if get_kind(value) not in kinds - _TEXT - _NULL or to_text(value) != text:
        return None
    if isinstance(value, float):
        whole = normalize(value)
        is_exact = isinstance(whole, int) and abs(whole) < 2**53
        return make_literal(whole if is_exact else value).text
    return make_literal(value).text if isinstance(value, bool) else f"fromJSON({quote(text)})"

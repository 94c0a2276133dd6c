"""Parameters of a condition as Argo expressions: what they yield, converted or checked.

The items of a list, and members of structs, need not be of the type that the input they go to is
declared. A STRING takes anything, as text; on any other type all but its own kind is an error
(``ir-semantics`` 2.3), which in Argo would compare as unequal without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from argosy_expressions.argo import ast as argo
from argosy_expressions.argo.parser import parse
from argosy_expressions.cel.checking import KINDS_OF_TYPE, Kinds
from argosy_expressions.cel.values import Kind, as_double, kind_of
from argosy_expressions.terms import (
    ATOM,
    CHOICE,
    COMPARE,
    UNARY,
    Term,
    boolean,
    literal,
    negated,
    quoted,
)
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.ir.parameters import to_text
from argosy_schemas.values import JsonValue, normalize, parse_json

_NULL: Kinds = frozenset({Kind.NULL})
_TEXT: Kinds = frozenset({Kind.TEXT})
_HOLDERS: Kinds = frozenset({Kind.LIST, Kind.MAP})


class CannotError(Exception):
    """There is no such expression; the message is the reason of an ``Untranslatable``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """Where a parameter of the condition is found in the workflow."""

    expression: str
    """Argo expression that yields the JSON-typed value, and fails where there is none."""
    type: ParameterType
    """What the parameter is declared: a STRING is the text of whatever the expression yields, of
    any other type all else is an error."""
    nullable: bool = True
    """Whether null is a value of the parameter; ``False``: it is an error, or never occurs."""
    kinds: Kinds | None = None
    """All that the expression can yield, as far as known; ``None``: a value of the parameter.

    What is never null, and is known to be of its type, gives shorter text.
    """

    @property
    def accepted(self) -> Kinds:
        """The kinds of what the expression may yield as it is."""
        kinds = KINDS_OF_TYPE[self.type]
        return kinds if self.nullable else kinds - _NULL

    @property
    def yielded(self) -> Kinds:
        """The kinds of what the expression can yield."""
        return self.accepted if self.kinds is None else self.kinds

    @property
    def is_certain(self) -> bool:
        """Whether the expression yields the parameter, with nothing to convert or to refuse."""
        return self.yielded <= self.accepted


def yielded(operand: Operand) -> Term:
    """Return what the expression of an operand yields, of whatever kind that is."""
    is_atom = not isinstance(
        parse(operand.expression), argo.Unary | argo.Binary | argo.Choice | argo.Members
    )
    return Term(text=operand.expression, level=ATOM if is_atom else CHOICE, kinds=operand.yielded)


def parameter(name: str, operand: Operand) -> Term:
    """Return a parameter, which fails where the value is of a kind that it does not take.

    Raises:
        CannotError: There is no such expression, or it always fails.
    """
    term = yielded(operand)
    if operand.is_certain:
        return term
    if operand.type is ParameterType.STRING and not operand.yielded <= _TEXT | _NULL:
        return text_of(name, operand)
    kinds = operand.accepted & operand.yielded
    if kinds <= _NULL:
        raise CannotError(f"'{name}' is declared {operand.type} and never is one")
    check = _CHECKS[operand.type]
    if Kind.NULL not in kinds:
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
"""To the text of a value that fails where it is null or of another type, and how that binds."""


def text_of(name: str, operand: Operand, compared: str = "") -> Term:
    """Return the text of whatever an operand yields; null stays null.

    Args:
        name: Of the parameter.
        operand: Declared a STRING.
        compared: What alone it will be compared with, if that is known. Argo's text of a list or
            struct begins as it should, and is not all as the driver has it.

    Raises:
        CannotError: Argo cannot write the text of all that it may be.
    """
    kinds = operand.yielded
    if kinds & _HOLDERS and (not compared or compared[0] in "[{"):
        raise CannotError(f"it needs the text of '{name}', which may be a list or struct")
    _refuse_null(name, operand)
    text = "toJson(#)"
    if kinds == frozenset({Kind.DOUBLE}):
        text = _DECIMAL
    elif Kind.DOUBLE in kinds:
        text = f"type(#) == 'float' ? {_DECIMAL} : {text}"
    alike = ["type(#) == 'string'"] if Kind.TEXT in kinds else []
    if Kind.NULL in kinds:
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
"""The text of a number without an exponent; ``toJson`` writes one from 1e21 on and below 1e-6."""


def with_text(name: str, operand: Operand, operator: str, value: str | None) -> Term:
    """Return whether the text of whatever an operand yields is, or is not, this one or null.

    No text is made of anything: one text is that of itself, of at most one more value, and of
    nothing else.

    Raises:
        CannotError: The operand may be null, and must not.
    """
    _refuse_null(name, operand)
    text = yielded(operand).at(COMPARE + 1)
    if value is None:
        return boolean(f"{text} {operator} nil", COMPARE, frozenset())
    alike = [quoted(value)] if Kind.TEXT in operand.yielded else []
    if (behind := _behind(value, operand.yielded)) is not None:
        alike.append(behind)
    if len(alike) > 1:
        among = boolean(f"{text} in [{', '.join(alike)}]", COMPARE, frozenset())
        return among if operator == "==" else negated(among)
    other = alike[0] if alike else quoted(value)
    return boolean(f"{text} {operator} {other}", COMPARE, frozenset())


def _refuse_null(name: str, operand: Operand) -> None:
    if Kind.NULL in operand.yielded and not operand.nullable:
        raise CannotError(f"'{name}' may be null, which is no text")


def _behind(text: str, kinds: Kinds) -> str | None:
    """Return the expression of the value of these kinds, text apart, whose text this is."""
    try:
        value: JsonValue = as_double(parse_json(text))
    except ValueError:
        return None
    if kind_of(value) not in kinds - _TEXT - _NULL or to_text(value) != text:
        return None
    if isinstance(value, float):
        whole = normalize(value)
        is_exact = isinstance(whole, int) and abs(whole) < 2**53
        return literal(whole if is_exact else value).text
    return literal(value).text if isinstance(value, bool) else f"fromJSON({quoted(text)})"

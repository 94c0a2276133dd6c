"""Values that conditions and loops read, as expressions of Argo, and what is known of them.

An item of a list need not have the type that the loop declares, and a STRING takes anything as
text. So a value has a declared type and the kinds that it can really be, and whoever uses it
converts it, or writes an expression that fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from argosy_expressions.cel.checking import ANY, Kinds
from argosy_expressions.cel.values import ValueKind, get_kind, to_double
from argosy_expressions.operands import Operand
from argosy_expressions.terms import quote
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.values import JsonValue, parse_json

_SELECTOR = re.compile(r"""parseJson\(string_value\)\[(?:"([^"\\]*)"|'([^'\\]*)')\]""")

ANY_KIND: Kinds = ANY - {ValueKind.INT}
TEXT_KIND: Kinds = frozenset({ValueKind.TEXT})
LENGTH_KIND: Kinds = frozenset({ValueKind.DOUBLE})
NUMBERS = (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE)


class NoExpressionError(Exception):
    """No expression of Argo yields the value; the message completes "needs a pod:"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value as an expression in the scope of one DAG template."""

    text: str
    type: ParameterType
    """As it is declared: a STRING is the text of what the expression yields."""
    kinds: Kinds
    """The kinds that the expression can yield."""
    known: tuple[JsonValue, ...] | None = None
    """The values that it can yield, where the pipeline says them."""

    @property
    def nullable(self) -> bool:
        """Whether it can be null."""
        return ValueKind.NULL in self.kinds

    @property
    def operand(self) -> Operand:
        """The value as it is declared."""
        return Operand(expression=self.text, type=self.type, kinds=self.kinds)

    def of_type(self, declared: ParameterType) -> Value:
        """Return the value as an input of this type receives it, not yet converted or checked.

        A DAG does not convert what its STRING input receives, e.g. an item that is a number.

        Raises:
            NoExpressionError: That would take two conversions.
        """
        is_kept = declared is self.type or self.type is ParameterType.STRING
        if is_kept or {declared, self.type} == set(NUMBERS):
            return replace(self, type=declared)
        if not self.operand.is_certain:
            raise NoExpressionError(f"a {self.type} is passed on as a {declared}")
        return replace(self, type=declared)


def select_part(value: Value, selector: str) -> Value:
    """Return the part of a value that a selector reads; it has no declared type."""
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        raise NoExpressionError(f"it reads a part of a value by '{selector}'")
    key = match[1] if match[1] is not None else match[2]
    known = None if value.known is None else _read_members(value.known, key)
    # A missing key would be nil, and compare as unequal where it should fail.
    return replace(
        value,
        text=f"find([{parse_text(value)}], {quote(key)} in #)[{quote(key)}]",
        kinds=ANY_KIND if known is None else find_kinds(known),
        known=known,
    )


def parse_text(value: Value) -> str:
    """Return the expression of the JSON that a value is the text of."""
    if value.type is not ParameterType.STRING or ValueKind.TEXT not in value.kinds:
        return value.text
    if value.kinds <= TEXT_KIND | {ValueKind.NULL}:
        return f"fromJSON({value.text})"
    return f"map([{value.text}], type(#) == 'string' ? fromJSON(#) : #)[0]"


def _read_members(values: tuple[JsonValue, ...], key: str) -> tuple[JsonValue, ...] | None:
    """Return one member of each value; ``None`` if any lacks it."""
    found: list[JsonValue] = []
    for value in values:
        if isinstance(value, str):
            try:
                value = parse_json(value)
            except ValueError:
                return None
        if not isinstance(value, Mapping) or key not in value:
            return None
        found.append(value[key])
    return tuple(found)


def convert_to_text(value: Value, name: str) -> Value:
    """Return a value as the text that an input declared STRING receives.

    Argo and the driver write numbers from 1e21 on and below 1e-6, and ``<``, ``>`` and ``&`` in
    lists and structs, differently.
    """
    if value.kinds <= {ValueKind.LIST, ValueKind.MAP, ValueKind.NULL}:
        raise NoExpressionError(f"'{name}' is text made of a list or struct")
    kinds = TEXT_KIND | (value.kinds & {ValueKind.NULL})
    if not value.kinds & kinds:
        return replace(value, text=f"toJson({value.text})", kinds=kinds, known=None)
    text = f"map([{value.text}], type(#) == 'string' || # == nil ? # : toJson(#))[0]"
    return replace(value, text=text, kinds=kinds, known=None)


def collect_known_values(values: Sequence[Value], *, items: bool) -> tuple[JsonValue, ...] | None:
    """Return all values that any of several values can be, or all items of such lists."""
    found: list[JsonValue] = []
    for value in values:
        if value.known is None:
            return None
        for one in value.known:
            if not items:
                found.append(one)
            elif isinstance(one, Sequence) and not isinstance(one, str):
                found.extend(one)
            else:
                return None
    return tuple(found)


def find_kinds(values: Iterable[JsonValue]) -> Kinds:
    """Return the kinds of values; a number from JSON is a double."""
    return frozenset(get_kind(to_double(value)) for value in values)


def infer_type(value: JsonValue) -> ParameterType:
    """Return the type of a value that is declared nowhere."""
    if isinstance(value, bool):
        return ParameterType.BOOLEAN
    if isinstance(value, int | float):
        return ParameterType.NUMBER_DOUBLE
    if value is None or isinstance(value, str):
        return ParameterType.STRING
    return ParameterType.LIST if isinstance(value, list | tuple) else ParameterType.STRUCT

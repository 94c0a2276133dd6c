"""Values that a decision can read, as expressions of Argo, and what is known of them.

What a list holds need not be of the type that its items are declared, and a STRING takes anything,
as text. So a value says besides its type of what kinds it can be, and whoever uses it converts it
or has it fail (``ir-semantics`` 2.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from argosy_expressions.cel.checking import ANY, Kinds
from argosy_expressions.cel.values import ValueKind, as_double, kind_of
from argosy_expressions.operands import Operand
from argosy_expressions.terms import quote
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.values import JsonValue, parse_json

_SELECTOR = re.compile(r"""parseJson\(string_value\)\[(?:"([^"\\]*)"|'([^'\\]*)')\]""")

ANY_KIND: Kinds = ANY - {ValueKind.INT}
TEXT_KIND: Kinds = frozenset({ValueKind.TEXT})
LENGTH_KIND: Kinds = frozenset({ValueKind.DOUBLE})
NUMBERS = (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE)


class BarredError(Exception):
    """The value cannot be had by an expression; the message goes on from "needs a pod:"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value as an expression in the scope of one DAG template."""

    text: str
    type: ParameterType
    """What it is declared: a STRING is the text of what the expression yields."""
    kinds: Kinds
    """All that the expression can yield."""
    known: tuple[JsonValue, ...] | None = None
    """All that it can yield, where that is written in the pipeline."""

    @property
    def nullable(self) -> bool:
        """Whether it can be null."""
        return ValueKind.NULL in self.kinds

    @property
    def operand(self) -> Operand:
        """The value as it is declared."""
        return Operand(expression=self.text, type=self.type, kinds=self.kinds)

    def of_type(self, declared: ParameterType) -> Value:
        """Return it as an input of this type receives it, not yet converted or checked.

        A DAG keeps what it receives as a STRING, an item of a list that is no text for one.

        Raises:
            BarredError: That would take two steps.
        """
        is_kept = declared is self.type or self.type is ParameterType.STRING
        if is_kept or {declared, self.type} == set(NUMBERS):
            return replace(self, type=declared)
        if not self.operand.is_certain:
            raise BarredError(f"what is declared {self.type} is passed on as {declared}")
        return replace(self, type=declared)


def selected(value: Value, selector: str) -> Value:
    """Return the part of a value that a selector reads; it is of no declared type."""
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        raise BarredError(f"it reads a part of a value by '{selector}'")
    key = match[1] if match[1] is not None else match[2]
    known = None if value.known is None else _members(value.known, key)
    # A missing key would be nil, and compare as unequal without a word.
    return replace(
        value,
        text=f"find([{parsed(value)}], {quote(key)} in #)[{quote(key)}]",
        kinds=ANY_KIND if known is None else kinds_of(known),
        known=known,
    )


def parsed(value: Value) -> str:
    """Return the expression of what the text of a value says in JSON."""
    if value.type is not ParameterType.STRING or ValueKind.TEXT not in value.kinds:
        return value.text
    if value.kinds <= TEXT_KIND | {ValueKind.NULL}:
        return f"fromJSON({value.text})"
    return f"map([{value.text}], type(#) == 'string' ? fromJSON(#) : #)[0]"


def _members(values: tuple[JsonValue, ...], key: str) -> tuple[JsonValue, ...] | None:
    """Return one member of each value; ``None``: not all have it."""
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


def as_text(value: Value, name: str) -> Value:
    """Return a value as the text that an input declared STRING receives.

    Texts of numbers from 1e21 on, below 1e-6, and of ``<``, ``>`` and ``&`` in lists and structs
    are not as the driver has them: what is compared is not made so.
    """
    if value.kinds <= {ValueKind.LIST, ValueKind.MAP, ValueKind.NULL}:
        raise BarredError(f"'{name}' is text made of a list or struct")
    kinds = TEXT_KIND | (value.kinds & {ValueKind.NULL})
    if not value.kinds & kinds:
        return replace(value, text=f"toJson({value.text})", kinds=kinds, known=None)
    text = f"map([{value.text}], type(#) == 'string' || # == nil ? # : toJson(#))[0]"
    return replace(value, text=text, kinds=kinds, known=None)


def all_known(values: Sequence[Value], *, items: bool) -> tuple[JsonValue, ...] | None:
    """Return all that a value from several places can be, or all items of such a list."""
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


def kinds_of(values: Iterable[JsonValue]) -> Kinds:
    """Return the kinds of values; a number from JSON is a double."""
    return frozenset(kind_of(as_double(value)) for value in values)


def type_of(value: JsonValue) -> ParameterType:
    """Return the type of a value that is declared nowhere."""
    if isinstance(value, bool):
        return ParameterType.BOOLEAN
    if isinstance(value, int | float):
        return ParameterType.NUMBER_DOUBLE
    if value is None or isinstance(value, str):
        return ParameterType.STRING
    return ParameterType.LIST if isinstance(value, list | tuple) else ParameterType.STRUCT

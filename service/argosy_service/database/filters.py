"""The filter of a list: JSON of predicates, all of which a row has to meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_plus

from google.protobuf import json_format
from sqlalchemy import ColumnElement, and_, false, or_, select

from argosy_service.database.listing import Field, FieldKind, ListedTable
from argosy_service.database.searching import name_contains
from argosy_service.database.tables import TAGS
from argosy_service.database.times import SECOND, to_microseconds
from argosy_service.errors import InvalidRequestError
from argosy_service.json_errors import explain_json_error
from argosy_service.protos.filter_pb2 import Filter, Predicate

_Condition: TypeAlias = ColumnElement[bool]
_Compare: TypeAlias = Callable[[Any, Any], _Condition]

_TAGS: Final = "tags."
_FAR: Final = 2**40
"""Seconds; a later time compares like this one."""

_LISTS: Final = ("int_values", "long_values", "string_values")

_COMPARISONS: Final[Mapping[int, _Compare]] = {
    Predicate.EQUALS: lambda column, value: column == value,
    Predicate.NOT_EQUALS: lambda column, value: column != value,
    Predicate.GREATER_THAN: lambda column, value: column > value,
    Predicate.GREATER_THAN_EQUALS: lambda column, value: column >= value,
    Predicate.LESS_THAN: lambda column, value: column < value,
    Predicate.LESS_THAN_EQUALS: lambda column, value: column <= value,
}

# Clients know whole seconds, of which each holds many of the times that are stored.
_TIME_COMPARISONS: Final[Mapping[int, _Compare]] = {
    Predicate.EQUALS: lambda column, at: and_(column >= at, column < at + SECOND),
    Predicate.NOT_EQUALS: lambda column, at: or_(column < at, column >= at + SECOND),
    Predicate.GREATER_THAN: lambda column, at: column >= at + SECOND,
    Predicate.GREATER_THAN_EQUALS: lambda column, at: column >= at,
    Predicate.LESS_THAN: lambda column, at: column < at,
    Predicate.LESS_THAN_EQUALS: lambda column, at: column < at + SECOND,
}


def parse_filter(listing: ListedTable, text: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a filter; none for an empty one.

    Raises:
        InvalidRequestError: It is no filter, or does not fit the fields of the list.
    """
    if not text:
        return ()
    return tuple(_read_predicate(listing, each) for each in _parse(text).predicates)


def _parse(text: str) -> Filter:
    try:
        if not text.lstrip().startswith("{"):
            raise json_format.ParseError("it is no JSON object")
        return json_format.Parse(text, Filter())
    except json_format.ParseError as error:
        # Some clients encode it twice.
        decoded = unquote_plus(text)
        if decoded != text and not text.lstrip().startswith("{"):
            return _parse(decoded)
        reason = explain_json_error(error)
        raise InvalidRequestError(f"filter: {reason}; give an object with predicates") from error


def _read_predicate(listing: ListedTable, predicate: Predicate) -> _Condition:
    key, operation = predicate.key, predicate.operation
    if (
        operation == Predicate.OPERATION_UNSPECIFIED
        or operation not in Predicate.Operation.values()
    ):
        raise InvalidRequestError(f"filter: the predicate on '{key}' has no operation; name one")
    kind = predicate.WhichOneof("value")
    if kind is None:
        raise InvalidRequestError(f"filter: the predicate on '{key}' has no value; give one")
    is_list = kind in _LISTS
    if is_list != (operation == Predicate.IN):
        advice = "IN takes a list of values" if not is_list else "only IN takes a list of values"
        raise InvalidRequestError(f"filter: the predicate on '{key}' does not fit; {advice}")
    if listing.has_tags and key.startswith(_TAGS):
        return _read_tag(listing, predicate, kind)
    found = listing.fields.get(key)
    if found is None:
        known = ", ".join(sorted(listing.fields))
        raise InvalidRequestError(f"filter: there is no field '{key}'; use one of {known}")
    value: Any = getattr(predicate, kind)
    if operation == Predicate.IS_SUBSTRING:
        return _contains(found, key, kind, value)
    if is_list:
        values: Sequence[Any] = [_convert(found, key, each) for each in value.values]
        return _is_one_of(found, values)
    comparisons = _TIME_COMPARISONS if found.kind is FieldKind.TIME else _COMPARISONS
    return comparisons[operation](found.column, _convert(found, key, value))


def _read_tag(listing: ListedTable, predicate: Predicate, kind: str) -> _Condition:
    key = predicate.key.removeprefix(_TAGS)
    if predicate.operation != Predicate.EQUALS or kind != "string_value":
        raise InvalidRequestError(
            f"filter: tag '{key}' can only be compared by EQUALS with a string_value"
        )
    owners = select(TAGS.c.owner_id).where(
        TAGS.c.key == key, TAGS.c.value == predicate.string_value
    )
    return listing.table.c.id.in_(owners)


def _contains(found: Field, key: str, kind: str, value: Any) -> _Condition:
    if kind != "string_value" or found.kind in (FieldKind.TIME, FieldKind.NUMBER):
        raise InvalidRequestError(f"filter: IS_SUBSTRING on '{key}' takes texts only")
    if found.key is not None:
        return name_contains(found.key, value.casefold())
    return found.column.icontains(value, autoescape=True)


def _is_one_of(found: Field, values: Sequence[Any]) -> _Condition:
    if not values:
        return false()
    if found.kind is not FieldKind.TIME:
        return found.column.in_(values)
    equals = _TIME_COMPARISONS[Predicate.EQUALS]
    return or_(*(equals(found.column, value) for value in values))


def _convert(found: Field, key: str, value: Any) -> Any:
    """Return what a value is compared as."""
    if found.kind is FieldKind.NUMBER:
        if isinstance(value, int):
            return max(-_FAR, min(value, _FAR))
        raise InvalidRequestError(f"filter: '{key}' is a number; compare it with an int_value")
    if found.kind is not FieldKind.TIME:
        if isinstance(value, str):
            return value
        raise InvalidRequestError(f"filter: '{key}' is a text; compare it with a string_value")
    if isinstance(value, int):
        return max(-_FAR, min(value, _FAR)) * SECOND
    if isinstance(value, str):
        return _read_time(key, value)
    return int(value.seconds) * SECOND


def _read_time(key: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 13:
        return int(text) * SECOND
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(
            f"filter: '{text}' is no time for '{key}'; write it like 2026-01-31T12:00:00Z"
        ) from error
    whole = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).replace(microsecond=0)
    return to_microseconds(whole)

"""Convert the dataclasses of stored formats to JSON, and back.

``schemas/argosy_schemas/json`` describes the formats. A field becomes a member with its name in
lowerCamelCase, and is left out at its default, except ``version``. A reader accepts any minor
version of its own major version, and ignores unknown members.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

from argosy_schemas.errors import ArgosyError
from argosy_schemas.values import to_camel_case

_T = TypeVar("_T")


class FormatError(ArgosyError):
    """A stored document is damaged, or of a newer major version."""


def read_document(
    kind: type[_T], text: str | bytes, *, what: str, newest: str, advice: str = "delete it"
) -> _T:
    """Return the dataclass behind the text of a document.

    Args:
        kind: The dataclass; it has a field ``version``.
        text: UTF-8.
        what: Names the document in messages, e.g. ``The record``.
        newest: The version that this release writes.
        advice: What to do about damage.

    Raises:
        FormatError: It is damaged, or of a newer major version.
    """
    try:
        document = json.loads(text)
        refuse_newer(document["version"], what=what, newest=newest)
        return from_members(kind, document)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(f"{what} is damaged: {error!r}; {advice}") from error


def refuse_newer(version: object, *, what: str, newest: str) -> None:
    """Check the version of a document, see :func:`read_document`.

    Raises:
        FormatError: Its major version is newer.
        ValueError: It is not a version.
    """
    if int(str(version).partition(".")[0]) > int(newest.partition(".")[0]):
        raise FormatError(
            f"{what} has format version {version}, this release reads up to {newest}; "
            "use the release that wrote it, or a newer one"
        )


def to_members(value: object) -> Any:
    """Return the JSON value of a dataclass, or of what its fields hold."""
    match value:
        case str():
            return str(value)
        case datetime():
            return time_to_json(value)
        case Mapping():
            members = typing.cast("Mapping[str, object]", value)
            return {name: to_members(held) for name, held in members.items()}
        case Sequence():
            return [to_members(held) for held in typing.cast("Sequence[object]", value)]
        case _ if is_dataclass(value):
            kind: Any = type(value)
            return {
                member.name: to_members(held)
                for member in _list_members(kind)
                if member.is_written(held := getattr(value, member.field))
            }
        case _:
            return value


def from_members(kind: Callable[..., _T], members: object) -> _T:
    """Return the dataclass behind a JSON object.

    Raises:
        KeyError: A member is missing.
        TypeError: A member has another JSON type.
        ValueError: A member has another form.
    """
    given = _require(dict, members)
    return kind(
        **{
            member.field: member.read(given[member.name])
            for member in _list_members(kind)
            if member.is_required or member.name in given
        }
    )


def time_to_json(at: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds; the texts sort as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def time_from_json(text: str) -> datetime:
    """Return an aware time."""
    return datetime.fromisoformat(text)


class _Member(NamedTuple):
    """The member of a JSON object that holds a field."""

    field: str
    name: str
    default: object
    make_default: Any
    read: Callable[[Any], Any]

    @property
    def is_required(self) -> bool:
        return self.default is MISSING and self.make_default is MISSING

    def is_written(self, held: object) -> bool:
        if self.is_required or self.name == "version":
            return True
        return held != (self.default if self.make_default is MISSING else self.make_default())


@cache
def _list_members(kind: type) -> tuple[_Member, ...]:
    # The name alone: what it stands for refers to itself.
    hints = typing.get_type_hints(kind, localns={"JsonValue": Any})
    return tuple(
        _Member(
            field.name,
            to_camel_case(field.name),
            field.default,
            field.default_factory,
            _make_reader(hints[field.name]),
        )
        for field in fields(kind)
    )


def _make_reader(hint: Any) -> Callable[[Any], Any]:
    """Return the function that reads a JSON value of this type hint."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return lambda value: value
    if isinstance(hint, typing.NewType):
        return _make_reader(hint.__supertype__)
    if origin in (types.UnionType, typing.Union):
        (given,) = [argument for argument in arguments if argument is not type(None)]
        read = _make_reader(given)
        return lambda value: None if value is None else read(value)
    if origin is tuple:
        items = _make_reader(arguments[0])
        return lambda value: tuple(items(item) for item in _require(list, value))
    if origin is Mapping:
        held = _make_reader(arguments[1])
        return lambda value: {name: held(item) for name, item in _require(dict, value).items()}
    if is_dataclass(hint):
        return partial(from_members, typing.cast("type", hint))
    if hint is datetime:
        return time_from_json
    return hint if issubclass(hint, StrEnum) else partial(_require, hint)


def _require(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r:.100} is not a {kind.__name__}")
    return value

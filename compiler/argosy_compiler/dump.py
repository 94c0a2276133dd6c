"""A compilation as text, to debug the compiler: ``diff`` shows what a pass changed.

The text is for people and may change with each release. It leaves out fields that have their
default, the structure, which follows from the pipeline, and the end of long texts such as a packed
IR.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, cast

from argosy_compiler.compilation import Compilation
from argosy_schemas.values import JsonValue, to_json

_LEFT_OUT: Final = {"structure", "document"}
"""Fields that follow from the others."""
_LONGEST_TEXT: Final = 2000


def dump_compilation(compilation: Compilation) -> str:
    """Return a compilation as indented JSON with sorted keys; equal ones give equal text."""
    return f"{json.dumps(_to_plain(compilation), indent=2, sort_keys=True, ensure_ascii=False)}\n"


def _to_plain(value: object) -> JsonValue:
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return _to_plain(value.value)
        case str():
            return _shorten(value)
        case bytes():
            return f"({len(value):,} bytes)"
        case timedelta():
            return f"{value.total_seconds():g} s"
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            return {_to_key(key): _to_plain(inner) for key, inner in items}
        case tuple() | list():
            return [_to_plain(inner) for inner in cast("tuple[object, ...]", value)]
        case frozenset():
            return sorted(str(_to_plain(inner)) for inner in cast("frozenset[object]", value))
        case _:
            return dict(_walk_fields(value))


def _walk_fields(value: object) -> Iterator[tuple[str, JsonValue]]:
    assert is_dataclass(value), f"a compilation holds a {type(value).__name__}"
    for field in fields(value):
        inner: object = getattr(value, field.name)
        if field.name not in _LEFT_OUT and inner != _get_default(field):
            yield field.name, _to_plain(inner)


def _get_default(field: Field[object]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _to_key(key: object) -> str:
    """Return a key as text: ``root train`` for a task, ``comp-a`` for a variant without retry."""
    plain = _to_plain(key)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, Mapping) and len(plain) == 1:
        return str(*plain.values())
    if isinstance(plain, list) and all(isinstance(inner, str) for inner in plain):
        return " ".join(str(inner) for inner in plain)
    return to_json(plain)


def _shorten(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT]}… ({len(text):,} characters)"

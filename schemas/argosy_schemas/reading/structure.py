"""Bring a document into canonical form, and describe how it deviates from KFP's schema.

Proto-JSON allows several spellings: ``snake_case`` names, 32-bit numbers as text, enums as numbers,
``null`` for a field that is not set. :func:`canonicalize` reduces them to one, and notices whether
the result conforms to the schema. ``jsonschema``, whose import takes a third of a second, is loaded
only to describe a document that does not conform.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, cast

from argosy_schemas.findings import Findings, Path, find_nearest, suggest_name
from argosy_schemas.ir.parameters import describe_json_type
from argosy_schemas.values import JsonValue, normalize, to_camel_case

Json = Mapping[str, Any]
DocumentKind = Literal["pipeline_spec", "platform_spec"]

_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


@cache
def load_schema(kind: DocumentKind) -> Json:
    """Return the JSON Schema of a document."""
    text = files("argosy_schemas").joinpath("json", f"{kind}.schema.json").read_text("utf-8")
    schema: Json = json.loads(text)
    return schema


def canonicalize(document: JsonValue, kind: DocumentKind) -> tuple[Json, bool]:
    """Return the canonical form of ``document``, and whether it conforms to the schema.

    Parts that do not conform stay unchanged.
    """
    reader = _Reader(load_schema(kind))
    result: Any = reader.value(reader.schema, document)
    return result, reader.conforms


def describe_deviations(document: Json, kind: DocumentKind, findings: Findings) -> Json:
    """Add all deviations to ``findings``, and return a document that conforms, for further checks.

    In the returned document a misspelt field has its likely name, and parts that do not conform
    are removed.

    Args:
        document: In canonical form.
        kind: The schema of the document.
        findings: Receives one finding for each deviation.
    """
    # Not at the top: the import takes a third of a second, and only files with problems need it.
    from jsonschema import Draft202012Validator

    validator: Any = Draft202012Validator(load_schema(kind))
    rest, conforms = document, False
    while not conforms:  # again, for the values of renamed fields
        errors = list(validator.iter_errors(rest))
        if not errors:
            break
        mended = _copy(rest)
        for error in errors:
            _describe(error, findings, mended)
        rest, conforms = canonicalize(mended, kind)
    return rest


class _Reader:
    """Walks a document and its schema together."""

    def __init__(self, schema: Json) -> None:
        self.schema = schema
        self.conforms = True
        self._definitions: Json = schema["$defs"]

    def value(self, schema: Json, value: JsonValue) -> JsonValue:
        """Return the canonical form of ``value``."""
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        declared = schema.get("type")
        if declared is None:
            return normalize(value)
        if declared == "object" and isinstance(value, Mapping):
            return self._read_object(schema, value)
        if declared == "array" and isinstance(value, list):
            items: Json = schema["items"]
            return [self.value(items, item) for item in value]
        if declared == "string":
            return self._read_text(schema, value)
        if "format" in schema:
            return self._read_number(schema, value)
        if declared != "boolean" or not isinstance(value, bool):
            self.conforms = False
        return value

    def _read_object(self, schema: Json, value: Mapping[str, JsonValue]) -> JsonValue:
        properties: Json = schema.get("properties", {})
        others: Json | bool = schema.get("additionalProperties", True)
        result: dict[str, JsonValue] = {}
        for key, item in value.items():
            name = key
            if key not in properties:
                name = to_camel_case(key)
                if name not in properties or name in value or name in result:
                    result[key] = self._read_other(others, item)
                    continue
            if item is not None or properties[name] == {}:
                result[name] = self.value(properties[name], item)
        for name, rule in schema.get("dependentSchemas", {}).items():
            if name in result and _find_excluded(rule, result):
                self.conforms = False
        return result

    def _read_other(self, schema: Json | bool, value: JsonValue) -> JsonValue:
        """Return a member without a declaration of its own: of a map, or an unknown field."""
        if isinstance(schema, bool):
            self.conforms = self.conforms and schema
            return normalize(value)
        return self.value(schema, value)

    def _read_text(self, schema: Json, value: JsonValue) -> JsonValue:
        names: Sequence[str] | None = schema.get("enum")
        if names is not None:
            if type(value) is int and 0 <= value < len(names):
                return names[value]
            self.conforms = self.conforms and value in names
        elif not isinstance(value, str) or not re.search(schema.get("pattern", ""), value):
            self.conforms = False
        return value

    def _read_number(self, schema: Json, value: JsonValue) -> JsonValue:
        number = normalize(value)
        if isinstance(number, str):
            number = _parse_number(number, schema["format"])
        allowed = int | float if schema["format"] == "double" else int
        fits = isinstance(number, allowed) and not isinstance(number, bool)
        if not fits or not schema.get("minimum", number) <= number <= schema.get("maximum", number):
            self.conforms = False
        return number


def _parse_number(text: str, form: str) -> JsonValue:
    """Return the number in ``text``, or ``text`` if it is not one."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if form == "double" and _DECIMAL.fullmatch(text):
        value = normalize(float(text))
        return value if value != math.inf and value != -math.inf else text
    return text


def _find_excluded(rule: Json, value: Json) -> list[str]:
    """Return the members of ``value`` that the member with this rule excludes."""
    names = [option["required"][0] for option in rule["not"]["anyOf"]]
    return [name for name in names if name in value]


def _copy(value: JsonValue) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _find_object(value: Any, path: Path) -> dict[str, Any] | None:
    """Return the object at ``path``; ``None``: it was removed already."""
    try:
        for segment in path:
            value = value[segment]
    except (KeyError, IndexError, TypeError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _drop(value: Any, path: Path) -> None:
    """Remove the innermost object member on ``path``; list items stay, to keep their indices."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    holder = _find_object(value, path[:-1])
    if path and holder is not None:
        holder.pop(str(path[-1]), None)


def _describe(error: Any, findings: Findings, rest: Any) -> None:
    path: Path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        _describe_unknown(error, path, findings, _find_object(rest, path))
    elif error.validator == "not":
        first: str = error.absolute_schema_path[-2]
        exclusive = (first, *_find_excluded(error.schema, error.instance))
        names = " and ".join(f"'{name}'" for name in exclusive)
        findings.leave_out(path, f"Has {names}, which exclude each other; keep one")
        for name in exclusive:
            _drop(rest, (*path, name))
    else:
        findings.leave_out(path, _explain(error))
        _drop(rest, path)


def _describe_unknown(
    error: Any, path: Path, findings: Findings, holder: dict[str, Any] | None
) -> None:
    properties: Json = error.schema["properties"]
    for name in sorted(error.instance.keys() - properties.keys()):
        value = None if holder is None else holder.pop(name, None)
        if to_camel_case(name) in properties:
            message = f"The field is given as '{to_camel_case(name)}' as well; remove one"
            findings.add((*path, name), message)
            continue
        absent = [known for known in properties if known not in error.instance]
        todo = suggest_name(name, absent, otherwise="remove it")
        findings.add((*path, name), f"Unknown field '{name}'; {todo}")
        meant = find_nearest(name, absent)
        if meant is not None and holder is not None:
            holder.setdefault(meant, value)


def _explain(error: Any) -> str:
    value: JsonValue = error.instance
    schema: Json = error.schema
    if error.validator == "enum":
        names = [name for name in schema["enum"] if not name.endswith("UNSPECIFIED")]
        todo = suggest_name(str(value), names, otherwise=f"write one of {', '.join(names)}")
        return f"{json.dumps(value)} means nothing here; {todo}"
    if error.validator == "pattern":
        if schema.get("format") == "duration":
            return f"{value!r} is not a duration; write seconds, such as '300s'"
        return f"{value!r} is not a whole number; {_ADVICE['integer']}"
    if error.validator in ("minimum", "maximum"):
        direction = "smaller" if error.validator == "maximum" else "larger"
        bits: str = schema["format"].removeprefix("int")
        return f"{value} does not fit into {bits} bits; write a {direction} number"
    wanted: str | list[str] = error.validator_value
    wanted = wanted if isinstance(wanted, str) else wanted[0]
    if wanted == "integer" and isinstance(value, float):
        return f"{value} is not a whole number; {_ADVICE['integer']}"
    todo = _ADVICE[wanted]
    if value is None:
        todo = f"remove it or {todo}"
    elif wanted == "string" and isinstance(value, bool | int | float):
        todo = "put it in quotes"
    return f"Is {describe_json_type(value)}, not {_KINDS[wanted]}; {todo}"


_KINDS: Final = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}

_ADVICE: Final = {
    "array": "write a list",
    "boolean": "write true or false",
    "integer": "write one such as 3",
    "number": "write one such as 0.5",
    "object": "write a mapping",
    "string": "write a text",
}

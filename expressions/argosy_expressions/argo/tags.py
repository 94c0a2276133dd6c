"""Template tags: ``{{name}}`` and ``{{=expression}}``, as Argo 3.7.16 and later replaces them.

Argo replaces tags in the JSON text of a template, from the first ``{{`` to the next ``}}``, with no
way to escape either. A simple tag's value goes through Go's ``strconv.Quote``, whose escapes are
not all JSON: control characters break the template. An expression's result is encoded as JSON and
has no such trouble. Both functions here report what Argo would break on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache

from argosy_expressions.argo.program import Environment, program
from argosy_expressions.errors import EvaluationError, ExpressionSyntaxError
from argosy_expressions.gotext import marshal
from argosy_schemas.values import JsonValue

LATE = frozenset({
    "item", "retries", "workflow.status", "workflow.failures",
    "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message",
})  # fmt: skip
"""Names that exist only later; a lenient pass leaves an expression that reads one of them."""

_QUOTABLE = frozenset("\b\f\n\r\t")


def substitute(text: str, environment: Environment, *, strict: bool) -> str:
    """Return a JSON text with its tags replaced.

    Tags stand inside JSON strings; what they yield is escaped so that the result is JSON again.
    Lenient (``strict=False``) leaves a tag that fails or yields null in place. Text without
    ``{{`` is returned as it is.

    Raises:
        EvaluationError: A tag cannot be resolved (strict), ends nowhere, or its text cannot travel
            in a simple tag (control characters: Argo makes invalid JSON of them).
        ExpressionSyntaxError: A tag holds no expression.
        UnsupportedExpressionError: A tag uses what the compiler never emits.
    """
    if "{{" not in text:
        return text
    return _replaced(text, environment, strict, _from_json_text, _to_json_text)


def fill(text: str, environment: Environment, *, strict: bool) -> str:
    """Return a text with its tags replaced, as it would come out of JSON.

    As :func:`substitute`, for one string of a template that is already decoded.
    """
    if "{{" not in text:
        return text
    return _replaced(text, environment, strict, _decoded, _same)


def _replaced(
    text: str,
    environment: Environment,
    strict: bool,
    decode: Callable[[str], str],
    encode: Callable[[str], str],
) -> str:
    parts: list[str] = []
    for literal, tag in _split(text):
        parts.append(literal)
        if tag is None:
            continue
        if tag.startswith("="):
            result = _evaluated(decode(tag[1:]), environment, strict)
        else:
            result = _looked_up(tag, environment, strict)
        parts.append(f"{{{{{tag}}}}}" if result is None else encode(result))
    return "".join(parts)


@lru_cache(maxsize=1024)
def _split(text: str) -> tuple[tuple[str, str | None], ...]:
    """Return pairs of plain text and the tag behind it, which the last pair lacks."""
    found: list[tuple[str, str | None]] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        end = text.find("}}", start + 2)
        if end < 0:
            raise EvaluationError("Close the tag with '}}'", text, (start, len(text)))
        found.append((text[position:start], text[start + 2 : end]))
        position = end + 2
    found.append((text[position:], None))
    return tuple(found)


def _evaluated(expression: str, environment: Environment, strict: bool) -> str | None:
    try:
        code = program(expression)
        if not strict and any(_absent(name, environment) for name in code.paths & LATE):
            return None
        return _formatted(code.run(environment), expression)
    except EvaluationError:
        if strict:
            raise
        return None


def _formatted(result: JsonValue, expression: str) -> str:
    """Return the text of an expression's result: a text as it is, all else as JSON."""
    span = (0, len(expression))
    if isinstance(result, str):
        return result
    if result is None:
        raise EvaluationError("A tag yields null", expression, span)
    try:
        return marshal(result)
    except ValueError as error:
        message = f"A tag yields what JSON cannot hold: {error}"
        raise EvaluationError(message, expression, span) from error


def _looked_up(tag: str, environment: Environment, strict: bool) -> str | None:
    name = tag.strip(" ")
    value = _value(name, environment)
    if isinstance(value, str):
        return _checked(value, name)
    if strict:
        raise EvaluationError(f"Nothing is known as '{name}' here", tag, (0, len(tag)))
    return None


def _value(name: str, environment: Environment) -> JsonValue:
    value: JsonValue = environment
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _absent(name: str, environment: Environment) -> bool:
    return _value(name, environment) is None


def _checked(value: str, name: str) -> str:
    """Return ``value`` if Go's quoting of it is JSON."""
    if value.isprintable():
        return value
    for character in value:
        if character in _QUOTABLE or character.isprintable() or _is_basic(character):
            continue
        raise EvaluationError(
            f"Argo cannot pass {character!r} in a tag; encode the value, e.g. as base64",
            name,
            (0, len(name)),
        )
    return value


def _is_basic(character: str) -> bool:
    # Go writes these as backslash u, which JSON knows, and others as backslash x or U.
    return "\x80" <= character <= "\uffff" and not "\ud800" <= character <= "\udfff"


def _same(text: str) -> str:
    return text


def _to_json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


_HTML_ESCAPES = (("\\u003c", "<"), ("\\u003e", ">"), ("\\u0026", "&"))
"""What Argo undoes in an expression wherever it stands, before it decodes the JSON string."""


def _from_json_text(text: str) -> str:
    if "\\" not in text:
        return text
    for escaped, character in _HTML_ESCAPES:
        text = text.replace(escaped, character)
    try:
        decoded: str = json.loads(f'"{text}"')
    except ValueError as error:
        raise _undone(text) from error
    return decoded


def _decoded(text: str) -> str:
    # In JSON the backslash is two, of which Argo takes one away.
    if "\\" in text and any(escaped in text for escaped, _ in _HTML_ESCAPES):
        raise _undone(text)
    return text


def _undone(text: str) -> ExpressionSyntaxError:
    message = "Write '\\x3c' for '\\u003c': Argo undoes that one too early"
    return ExpressionSyntaxError(message, text, (0, len(text)))

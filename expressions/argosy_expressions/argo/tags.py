"""Template tags, ``{{name}}`` and ``{{=expression}}``, as Argo 3.7.16 and later replaces them.

Argo replaces tags in the JSON text of a template, from the first ``{{`` to the next ``}}``; neither
can be escaped. It quotes the value of a simple tag with Go's ``strconv.Quote``, whose escapes are
not all JSON: control characters break the template. It encodes the result of an expression as JSON,
which has no such problem. What would break Argo is an error here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from argosy_expressions.argo.program import Environment, compile_expression
from argosy_expressions.errors import EvaluationError, ExpressionSyntaxError
from argosy_expressions.gotext import marshal
from argosy_schemas.values import JsonValue

_UNDONE = ("\\u003c", "\\u003e", "\\u0026")
"""Escapes that Argo replaces anywhere in an expression before it decodes the JSON string."""
_QUOTABLE = frozenset("\b\f\n\r\t")


def fill(text: str, environment: Environment) -> str:
    """Return a text, decoded from JSON, with its tags replaced.

    Raises:
        EvaluationError: A tag cannot be resolved, yields null, or is not closed; or the value of a
            simple tag holds control characters, of which Argo makes invalid JSON.
        ExpressionSyntaxError: A tag holds no expression.
        UnsupportedExpressionError: A tag uses something that the compiler never emits.
    """
    if "{{" not in text:
        return text
    parts: list[str] = []
    for literal, tag in _split_tags(text):
        parts.append(literal)
        if tag is None:
            continue
        is_expression = tag.startswith("=")
        parts.append((_evaluate if is_expression else _look_up)(tag, environment))
    return "".join(parts)


@lru_cache(maxsize=1024)
def _split_tags(text: str) -> tuple[tuple[str, str | None], ...]:
    """Return pairs of plain text and the tag after it; the last pair has no tag."""
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


def _evaluate(tag: str, environment: Environment) -> str:
    expression = tag[1:]
    # JSON doubles the backslash, and Argo decodes that; but it replaces these escapes before.
    if any(escape in expression for escape in _UNDONE):
        message = "Write '\\x3c' for '\\u003c': Argo replaces that escape too early"
        raise ExpressionSyntaxError(message, expression, (0, len(expression)))
    return _format(compile_expression(expression).run(environment), expression)


def _format(result: JsonValue, expression: str) -> str:
    """Return the result of an expression as text: a string as it is, anything else as JSON."""
    span = (0, len(expression))
    if isinstance(result, str):
        return result
    if result is None:
        raise EvaluationError("A tag yields null", expression, span)
    try:
        return marshal(result)
    except ValueError as error:
        message = f"A tag yields a value that JSON cannot hold: {error}"
        raise EvaluationError(message, expression, span) from error


def _look_up(tag: str, environment: Environment) -> str:
    name = tag.strip(" ")
    value = _value(name, environment)
    if isinstance(value, str):
        return _check_quotable(value, name)
    raise EvaluationError(f"'{name}' is not known here", tag, (0, len(tag)))


def _value(name: str, environment: Environment) -> JsonValue:
    value: JsonValue = environment
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _check_quotable(value: str, name: str) -> str:
    """Return ``value`` if Go quotes it as valid JSON."""
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
    # Go escapes these with backslash u, as JSON does, and others with backslash x or U.
    return "\x80" <= character <= "\uffff" and not "\ud800" <= character <= "\udfff"

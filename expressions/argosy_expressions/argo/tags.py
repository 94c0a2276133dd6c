"""Template tags: ``{{name}}`` and ``{{=expression}}``, as Argo 3.7.16 and later replaces them.

Argo replaces tags in the JSON text of a template, from the first ``{{`` to the next ``}}``, with no
way to escape either. A simple tag's value goes through Go's ``strconv.Quote``, whose escapes are
not all JSON: control characters break the template. An expression's result is encoded as JSON and
has no such trouble. What Argo would break on is an error here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from argosy_expressions.argo.program import Environment, program
from argosy_expressions.errors import EvaluationError, ExpressionSyntaxError
from argosy_expressions.gotext import marshal
from argosy_schemas.values import JsonValue

_UNDONE = ("\\u003c", "\\u003e", "\\u0026")
"""What Argo undoes in an expression wherever it stands, before it decodes the JSON string."""
_QUOTABLE = frozenset("\b\f\n\r\t")


def fill(text: str, environment: Environment) -> str:
    """Return a text with its tags replaced, as it would come out of JSON.

    Text without ``{{`` is returned as it is.

    Raises:
        EvaluationError: A tag cannot be resolved, yields null, ends nowhere, or its text cannot
            travel in a simple tag (control characters: Argo makes invalid JSON of them).
        ExpressionSyntaxError: A tag holds no expression.
        UnsupportedExpressionError: A tag uses what the compiler never emits.
    """
    if "{{" not in text:
        return text
    parts: list[str] = []
    for literal, tag in _split(text):
        parts.append(literal)
        if tag is None:
            continue
        is_expression = tag.startswith("=")
        parts.append((_evaluated if is_expression else _looked_up)(tag, environment))
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


def _evaluated(tag: str, environment: Environment) -> str:
    expression = tag[1:]
    # In JSON the backslash is two, of which Argo takes one away; but these it undoes before.
    if any(escape in expression for escape in _UNDONE):
        message = "Write '\\x3c' for '\\u003c': Argo undoes that one too early"
        raise ExpressionSyntaxError(message, expression, (0, len(expression)))
    return _formatted(program(expression).run(environment), expression)


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


def _looked_up(tag: str, environment: Environment) -> str:
    name = tag.strip(" ")
    value = _value(name, environment)
    if isinstance(value, str):
        return _checked(value, name)
    raise EvaluationError(f"Nothing is known as '{name}' here", tag, (0, len(tag)))


def _value(name: str, environment: Environment) -> JsonValue:
    value: JsonValue = environment
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


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

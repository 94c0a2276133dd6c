"""Pieces of Argo expressions, as text.

Only the subset that ``docs/expressions.md`` lists is written, and only forms that behave alike on
Argo 3.5 to 4.1 (``docs/argo-compatibility.md``). User text never stands in an expression as it is:
constants travel as base64 of their JSON. ``}}`` never occurs, since it would end the tag.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from argosy_expressions.argo.depends import ENDS
from argosy_expressions.terms import quote
from argosy_schemas.pod import CONTROL
from argosy_schemas.values import JsonValue, escape_tags, to_json

_PLAIN = re.compile(r"[-\w.@]+", re.ASCII)

INDEX_INPUT = "index"
"""Input of a loop's body: the number of the iteration. It stands alone, never beside other values:
Argo 3.5 fails on an expression that mixes ``item`` with anything."""

COUNT_INPUT = "count"
"""Input of a loop's template: its number of items."""

_BRACES = quote("{{")
_BRACES_IN_JSON = quote(escape_tags("{{"))

_OF_WORKFLOW = re.compile(r"fromJSON\(workflow\.parameters\['[^']+'\]\)")


def make_tag(expression: str) -> str:
    """Return an expression tag, for a string field of a template."""
    return f"{{{{={expression} }}}}" if expression.endswith("}") else f"{{{{={expression}}}}}"


def make_constant(value: JsonValue) -> str:
    """Return an expression that yields ``value``."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return to_json(value)
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return f"'{value}'"
    return f"fromJSON(sprig.b64dec('{base64.b64encode(to_json(value).encode()).decode()}'))"


def part_braces(text: str) -> str:
    """Return the expression of a text in which Argo finds no tag, from that of any text.

    Argo looks for tags again in what an expression yields, and a text that a task made may hold
    one. No name of anything has two braces in a row, so they may be parted.
    """
    return f"sprig.replace({_BRACES}, {quote('{ {')}, {text})"


def part_braces_in_json(text: str) -> str:
    r"""Return the same for JSON, with the same values: the second brace becomes ``\u007b``.

    JSON has two of them in a row only inside texts.
    """
    return f"sprig.replace({_BRACES}, {_BRACES_IN_JSON}, {text})"


def apply_default(text: str, default: str) -> str:
    """Return the expression of a value, or of a default if the value is nil."""
    return f"map([{text}], # == nil ? {default} : #)[0]"


def read_control(task: str) -> str:
    """Return the expression of the control text that an Argo task of the same DAG published."""
    return f"tasks['{task}'].outputs.parameters.{CONTROL}"


def read_optional_control(task: str) -> str:
    """Return the same for a task that may have published nothing; test its status before.

    A DAG that failed has no outputs, nor has a pod that was deleted or whose driver failed. From
    3.7.16 on Argo waits forever for the outputs that an argument names, whatever stands before them
    in the expression; it does not see them behind a list.
    """
    return f"[tasks['{task}']][0].outputs.parameters.{CONTROL}"


CONTROL_INPUT = f"inputs.parameters.{CONTROL}"
"""The expression of the control text that a DAG template received."""


def get_control_value(control: str, key: str) -> str:
    """Return the expression of one member of a control text."""
    return f"fromJSON(sprig.b64dec({control}))[{quote(key)}]"


def make_control_text(members: Mapping[str, str]) -> str:
    """Return the expression of the control text with these members: key to expression."""
    inner = ", ".join(f"{quote(key)}: {members[key]}" for key in sorted(members))
    return f"sprig.b64enc(toJson({{{inner}}}))"


def pick_item(items: str) -> str:
    """Return the expression of this iteration's item, from that of the whole list."""
    return f"{items}[asInt(inputs.parameters.{INDEX_INPUT})]"


def read_workflow_parameter(name: str) -> str:
    """Return the expression of a parameter of the workflow that is JSON."""
    return f"fromJSON(workflow.parameters[{quote(name)}])"


def is_workflow_parameter(expression: str) -> bool:
    """Return whether an expression is that of a whole parameter of the workflow.

    It means the same in every template.
    """
    return _OF_WORKFLOW.fullmatch(expression) is not None


def make_arrival_check(control: str) -> str:
    """Return the condition that a control text has arrived.

    If the expression of an argument fails, Argo 3.5 and 3.6 pass on its text, while a failing
    ``when`` is an error on every version. So each task with such an argument has this condition.
    """
    return f"fromJSON(sprig.b64dec({control})) != nil"


def wait_for_end(task: str) -> str:
    """Return the part of a ``depends`` that waits for a task whatever becomes of it."""
    return f"({' || '.join(f'{task}.{end}' for end in ENDS)})"

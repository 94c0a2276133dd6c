"""The texts of a template that may come in as its inputs: what two alike templates differ in.

They stand in the arguments and conditions of tasks, in the expression that a DAG publishes, and in
the image, the patch and the labels of a pod. Argo fills tags only in fields that are strings, and
an expression can read an input in the place of any constant, but for the names of tasks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from argosy_compiler.plan import Template
from argosy_expressions.argo.constants import Role, constants

_TAG = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
# What a simple tag carries on every version, and starts and ends no tag on its own.
_PORTABLE = re.compile(r"(?:(?!\{\{|\}\})[ -~])*")


class Form(Enum):
    """How an input can stand in the place of a text."""

    PLAIN = auto()
    TEXT = auto()
    NUMBER = auto()
    KEY = auto()


_FORMS = {Role.TEXT: Form.TEXT, Role.NUMBER: Form.NUMBER, Role.KEY: Form.KEY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of a template."""

    label: str
    """Where it stands, in a word or two; names the input that takes its place."""
    value: str
    written: str
    """As it stands in the template: in an expression with its quotes."""
    form: Form

    def input(self, name: str) -> str:
        """Return what reads it from the input ``name``, to stand in its place."""
        read = f"inputs.parameters.{name}"
        match self.form:
            case Form.PLAIN:
                return f"{{{{{read}}}}}"
            case Form.TEXT:
                return read
            case Form.NUMBER:
                return f"fromJSON({read})"
            case Form.KEY:
                return f"({read})"


Fill = Callable[[Text], str]
"""Returns what stands in the place of a text."""


def filled(template: Template, fill: Fill) -> Template:
    """Return ``template`` with its texts replaced; ``fill`` gets them in an order of their own."""
    result = dict(template)
    if "dag" in template:
        dag = template["dag"]
        result["dag"] = {**dag, "tasks": [_task(task, fill) for task in dag["tasks"]]}
        if "outputs" in template:
            result["outputs"] = _outputs(template["outputs"], fill)
        return result
    container = template["container"]
    result["container"] = {**container, "image": _plain(container["image"], "image", fill)}
    if "podSpecPatch" in template:
        result["podSpecPatch"] = _plain(template["podSpecPatch"], "pod", fill)
    if "metadata" in template:
        result["metadata"] = {
            field: {key: _plain(members[key], f"{field}_{key}", fill) for key in sorted(members)}
            for field, members in sorted(template["metadata"].items())
        }
    return result


def _task(task: Mapping[str, Any], fill: Fill) -> Mapping[str, Any]:
    result = dict(task)
    if "arguments" in task:
        result["arguments"] = {
            "parameters": [
                {**one, "value": _plain(one["value"], f"{task['name']}_{one['name']}", fill)}
                for one in task["arguments"]["parameters"]
            ]
        }
    if "when" in task:
        result["when"] = _plain(task["when"], f"{task['name']}_when", fill)
    return result


def _outputs(outputs: Mapping[str, Any], fill: Fill) -> Mapping[str, Any]:
    parameters: list[Mapping[str, Any]] = []
    for one in outputs["parameters"]:
        source = one["valueFrom"]
        expression = _expression(source["expression"], "published", fill)
        parameters.append({**one, "valueFrom": {**source, "expression": expression}})
    return {"parameters": parameters}


def _plain(text: str, label: str, fill: Fill) -> str:
    pieces: list[str] = []
    for number, piece in enumerate(_TAG.split(text)):
        if number % 2:
            inner = piece[2:-2]
            pieces.append(
                f"{{{{={_expression(inner[1:], label, fill)}}}}}"
                if inner.startswith("=")
                else piece
            )
        elif not _PORTABLE.fullmatch(piece):
            pieces.append(piece)
        else:
            pieces.append(fill(Text(label=label, value=piece, written=piece, form=Form.PLAIN)))
    return "".join(pieces)


def _expression(text: str, label: str, fill: Fill) -> str:
    pieces: list[str] = []
    position = 0
    for one in constants(text):
        start, end = one.span
        if not _PORTABLE.fullmatch(one.value):
            continue
        written = Text(label=label, value=one.value, written=text[start:end], form=_FORMS[one.role])
        pieces += [text[position:start], fill(written)]
        position = end
    return "".join([*pieces, text[position:]])

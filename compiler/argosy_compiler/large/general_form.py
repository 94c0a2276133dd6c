"""The general form of a template, in which it has most in common with others, and its texts.

The tasks of a DAG lose the numbers that the SDK gives them (``train``, ``train-2``, ``train-3``
throughout a pipeline), and their order does not depend on those. Settings that the patch of a pod
can carry move into the patch, which is text.

Texts are whatever stands between tags, and the constants in expressions: an expression can read an
input in place of any constant except the name of a task, which Argo looks for before it evaluates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from argosy_compiler.argo.names import Names, make_task_name, strip_number
from argosy_compiler.compilation import Template
from argosy_compiler.pods.patch import make_static_text
from argosy_schemas.pod import MAIN_CONTAINER
from argosy_schemas.values import map_strings

_TEXTS: Final = frozenset({"arguments", "expression", "image", "metadata", "podSpecPatch", "when"})
"""Fields whose texts may differ; pods that differ in another field stay apart."""
_IN_CONTAINER: Final = ("env", "imagePullPolicy", "resources", "securityContext")
_IN_POD: Final = ("affinity", "nodeSelector", "tolerations")

_RESULT = re.compile(r"([a-zA-Z][-a-zA-Z0-9]*)(\.(?:Succeeded|Failed|Errored|Skipped|Omitted))")
_READ = re.compile(r"(?<=tasks\[')[^']+(?='\])")
_NUMBERS = re.compile(r"\d+")
_TAG = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
# Text that a simple tag can carry on every version, and that neither starts nor ends a tag.
_PORTABLE = re.compile(r"(?:(?!\{\{|\}\})[ -~])*")
_MARK = re.compile(r"\0(\d+) [^\0]*\0")

_CONSTANT = re.compile(
    r"(?:tasks|parameters)\['[^']*'\]"
    r"|'(?P<text>[^'\\]*)'|'[^']*'"
    r"|(?<![\w.\[])(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of a template."""

    value: str
    written: str
    """As the template has it: in an expression, with its quotes."""
    form: str
    """The text that reads it from an input, whose name goes into the braces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralForm:
    """A DAG or pod template without its texts."""

    name: str
    skeleton: Template
    """The template without its name, with a mark for each text."""
    texts: tuple[Text, ...]

    def fill(self, replace: Callable[[int], str]) -> dict[str, Any]:
        """Return the skeleton with a value in place of each text; values are by number."""
        filled: dict[str, Any] = map_strings(
            self.skeleton, lambda text: _MARK.sub(lambda mark: replace(int(mark[1])), text)
        )
        return filled


def generalize(template: Template) -> GeneralForm:
    """Return the general form of a DAG or pod template."""
    general = _generalize_dag(template) if "dag" in template else _generalize_pod(template)
    texts: list[Text] = []
    unnamed = {key: value for key, value in general.items() if key != "name"}
    skeleton = _mark(unnamed, texts, is_text=False)
    return GeneralForm(name=template["name"], skeleton=skeleton, texts=tuple(texts))


def _generalize_pod(template: Template) -> Template:
    if "podSpecPatch" in template:
        return template
    container: Mapping[str, Any] = template["container"]
    patch: dict[str, Any] = {key: template[key] for key in _IN_POD if key in template}
    if main := {key: container[key] for key in _IN_CONTAINER if key in container}:
        patch["containers"] = [{"name": MAIN_CONTAINER, **main}]
    return {
        **{key: value for key, value in template.items() if key not in _IN_POD},
        "container": {key: value for key, value in container.items() if key not in _IN_CONTAINER},
        "podSpecPatch": make_static_text(patch),
    }


def _generalize_dag(template: Template) -> Template:
    def key(task: Template) -> tuple[str, list[int]]:
        return strip_number(task["name"]), [int(one) for one in _NUMBERS.findall(task["name"])]

    tasks = sorted(template["dag"]["tasks"], key=key)
    new_names = Names()
    names = {
        task["name"]: new_names.new(make_task_name(strip_number(task["name"]))) for task in tasks
    }
    dag: dict[str, Any] = {**template["dag"], "tasks": [_rename(task, names) for task in tasks]}
    if "target" in dag:
        dag["target"] = " ".join(sorted(names[one] for one in str(dag["target"]).split()))
    return {**_rename_read(template, names), "dag": dag}


def _rename(task: Template, names: Mapping[str, str]) -> Template:
    renamed: dict[str, Any] = {**_rename_read(task, names), "name": names[task["name"]]}
    if "depends" in task:
        text = _RESULT.sub(lambda match: names[match[1]] + match[2], task["depends"])
        renamed["depends"] = " && ".join(sorted(text.split(" && ")))
    return renamed


def _rename_read(value: Template, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a JSON value whose expressions read tasks by their new names."""
    renamed: dict[str, Any] = map_strings(
        value, lambda text: _READ.sub(lambda match: names[match[0]], text)
    )
    return renamed


def _mark(value: object, texts: list[Text], *, is_text: bool) -> Any:
    """Return a value of a template with marks in place of texts, which go into ``texts``.

    Templates of one form have their texts in the same order.
    """
    if isinstance(value, str):
        return _mark_string(value, texts) if is_text else value
    if isinstance(value, list):
        return [_mark(one, texts, is_text=is_text) for one in cast("list[object]", value)]
    if not isinstance(value, Mapping):
        return value
    return {
        key: _mark_expression(str(inner), texts)
        if key == "expression"
        else _mark(inner, texts, is_text=key != "name" and (is_text or key in _TEXTS))
        for key, inner in sorted(cast("Mapping[str, object]", value).items())
    }


def _mark_string(text: str, texts: list[Text]) -> str:
    pieces = _TAG.split(text)
    for number, piece in enumerate(pieces):
        if number % 2 and piece.startswith("{{="):
            pieces[number] = f"{{{{={_mark_expression(piece[3:-2], texts)}}}}}"
        elif number % 2 == 0:
            pieces[number] = _add(texts, piece, piece, "{{{{inputs.parameters.{}}}}}")
    return "".join(pieces)


def _mark_expression(text: str, texts: list[Text]) -> str:
    def mark(match: re.Match[str]) -> str:
        if match["text"] is not None:
            return _add(texts, match["text"], match[0], "(inputs.parameters.{})")
        if match["number"] is not None:
            return _add(texts, match["number"], match[0], "fromJSON(inputs.parameters.{})")
        return match[0]

    return _CONSTANT.sub(mark, text)


def _add(texts: list[Text], value: str, written: str, form: str) -> str:
    if not _PORTABLE.fullmatch(value):
        return written
    texts.append(Text(value=value, written=written, form=form))
    return f"\0{len(texts) - 1} {form}\0"

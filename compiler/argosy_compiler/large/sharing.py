"""Merge templates that differ only in texts: the merged one receives the texts as inputs.

A Python loop that writes hundreds of conditions, loops, nested pipelines, images or amounts of
memory gives hundreds of templates that differ in little more than names and values. No task changes
its path, its pod or when it starts; in Argo's own views the tasks of shared DAGs lose the numbers
at the end of their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from argosy_compiler.argo.names import Names, strip_number
from argosy_compiler.argo.template_names import MET_TEMPLATE, ON_EXIT, STOPPED_TEMPLATE
from argosy_compiler.compilation import Template
from argosy_compiler.large.general_form import GeneralForm, Text, generalize
from argosy_compiler.linting.limits import MAX_INPUTS
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.pod import DRIVER_CONTAINER
from argosy_schemas.values import to_json

_UNSHARED: Final = frozenset({ROOT, ON_EXIT, MET_TEMPLATE, STOPPED_TEMPLATE})


def share_templates(templates: Sequence[Template]) -> list[Template]:
    """Return the merged templates, in the order of the first that each replaces."""
    order = {str(one["name"]): number for number, one in enumerate(templates)}
    names = Names(order)
    uses: dict[str, tuple[str, Mapping[str, str]]] = {}
    kept: dict[int, Template] = {}
    for level in _split_into_levels(templates):
        alike: dict[str, list[GeneralForm]] = {}
        for template in level:
            current = _replace_used(template, uses)
            kept[order[current["name"]]] = current
            if _is_sharable(current):
                form = generalize(current)
                alike.setdefault(to_json(form.skeleton), []).append(form)
        for forms in alike.values():
            merged = _merge(forms)
            if merged is None:
                continue
            base = strip_number(forms[0].name)
            name = base if base in {form.name for form in forms} else names.new(base)
            for form, arguments in zip(forms, merged[1], strict=True):
                del kept[order[form.name]]
                uses[form.name] = name, arguments
            kept[order[forms[0].name]] = {"name": name, **merged[0]}
    return [kept[number] for number in sorted(kept)]


def _split_into_levels(templates: Sequence[Template]) -> Iterator[list[Template]]:
    """Yield the templates in levels: a template comes before those that use it."""
    used = {
        str(template["name"]): {str(task["template"]) for task in _list_tasks(template)}
        for template in templates
    }
    left = {str(template["name"]): template for template in templates}
    while left:
        waiting = {name: one for name, one in left.items() if used[name] & left.keys() - {name}}
        yield [one for name, one in left.items() if name not in waiting]
        left = waiting


def _list_tasks(template: Template) -> Iterator[Template]:
    yield from template.get("dag", {}).get("tasks", ())
    for group in template.get("steps", ()):
        yield from group


def _is_sharable(template: Template) -> bool:
    initial = template.get("initContainers", ())
    is_step = any(one["name"] == DRIVER_CONTAINER for one in initial)
    return template["name"] not in _UNSHARED and ("dag" in template or is_step)


def _merge(forms: Sequence[GeneralForm]) -> tuple[Template, list[Mapping[str, str]]] | None:
    """Return the merged template, without a name, and the arguments that make each form of it.

    ``None``: there is only one form, or the template would have too many inputs.
    """
    columns: list[tuple[Text, ...]] = list(zip(*(form.texts for form in forms), strict=True))
    values = [tuple(text.value for text in column) for column in columns]
    different = dict.fromkeys(one for one in values if len(set(one)) > 1)
    inputs = {one: f"text_{number}" for number, one in enumerate(different, 1)}
    own = forms[0].skeleton.get("inputs", {}).get("parameters", [])
    if len(forms) == 1 or len(own) + len(inputs) > MAX_INPUTS:
        return None

    def replace(number: int) -> str:
        text, name = columns[number][0], inputs.get(values[number])
        return text.written if name is None else text.form.format(name)

    parameters = [*own, *({"name": name} for name in inputs.values())]
    template = {**forms[0].fill(replace), "inputs": {"parameters": parameters}}
    return template, [{inputs[one]: one[row] for one in inputs} for row in range(len(forms))]


def _replace_used(
    template: Template, uses: Mapping[str, tuple[str, Mapping[str, str]]]
) -> Template:
    """Return a template whose tasks use the merged templates in place of others."""

    def replace(task: Template) -> Template:
        name, arguments = uses.get(task["template"], (task["template"], {}))
        parameters: list[Any] = [
            *task.get("arguments", {}).get("parameters", ()),
            *({"name": key, "value": value} for key, value in arguments.items()),
        ]
        given = {"arguments": {"parameters": parameters}} if parameters else {}
        return {**task, "template": name, **given}

    if "dag" in template:
        tasks = [replace(task) for task in template["dag"]["tasks"]]
        return {**template, "dag": {**template["dag"], "tasks": tasks}}
    if "steps" in template:
        steps = [[replace(task) for task in group] for group in template["steps"]]
        return {**template, "steps": steps}
    return template

"""Share templates where a workflow has more than stock Argo 4 takes.

Hundreds of conditions, loops and nested pipelines, or of images and resources, are hundreds of
templates that differ in little more than names and values. Such become one, which receives as its
inputs what they differ in (:mod:`argosy_compiler.large.sharing`). No task changes its path, its pod
or when it starts; in Argo's own view tasks of shared DAGs lose the numbers behind their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from argosy_compiler.argo.template_names import MET_TEMPLATE, ON_EXIT, STOPPED_TEMPLATE
from argosy_compiler.compiled import Note
from argosy_compiler.large.sharing import Replacement, shared
from argosy_compiler.large.template_uses import levels
from argosy_compiler.plan import Plan, Template
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.pod import DRIVER_CONTAINER


def share_templates(plan: Plan) -> Plan:
    """Return the plan with no more templates than ``max_templates``, where sharing can do that."""
    if len(plan.templates) <= plan.options.max_templates:
        return plan
    templates = tuple(shared_templates(plan.templates, named=True))
    if len(templates) > plan.options.max_templates:
        templates = tuple(shared_templates(plan.templates, named=False))
    note = Note(
        path=f"{ROOT}.dag",
        message=f"has {len(plan.templates):,} templates, and Argo takes"
        f" {plan.options.max_templates:,}: those alike but for texts are one, {len(templates):,} in"
        " all; raise --max-templates where the cluster takes more",
    )
    return replace(plan, templates=templates, notes=(*plan.notes, note))


def shared_templates(templates: Sequence[Template], *, named: bool) -> Iterator[Template]:
    """Yield the templates that do for all, in the order of the first that each stands for.

    Args:
        templates: All of a workflow.
        named: Whether the tasks of shared DAGs keep their names but for numbers.
    """
    place = {str(one["name"]): number for number, one in enumerate(templates)}
    replaced: dict[str, Replacement] = {}
    done: list[tuple[int, Template]] = []
    for level in levels(templates):
        current = [_using(template, replaced) for template in level]
        able = [template for template in current if _is_able(template)]
        taken = frozenset(place) - {str(one["name"]) for one in able}
        taken |= {str(one["name"]) for _, one in done}
        for template, ours in shared(able, taken, named=named):
            replaced |= ours
            first = min((place[name] for name in ours), default=None)
            done.append((place[template["name"]] if first is None else first, template))
        done += [(place[one["name"]], one) for one in current if not _is_able(one)]
    for _, template in sorted(done, key=lambda entry: entry[0]):
        yield template


def _is_able(template: Template) -> bool:
    if template["name"] in (ROOT, ON_EXIT, MET_TEMPLATE, STOPPED_TEMPLATE):
        return False
    initial = template.get("initContainers", ())
    return "dag" in template or any(one["name"] == DRIVER_CONTAINER for one in initial)


def _using(template: Template, replaced: Mapping[str, Replacement]) -> Template:
    """Return a template whose tasks use what stands in the place of other templates."""
    if "dag" in template:
        tasks = [_task(task, replaced) for task in template["dag"]["tasks"]]
        return {**template, "dag": {**template["dag"], "tasks": tasks}}
    if "steps" in template:
        steps = [[_task(task, replaced) for task in group] for group in template["steps"]]
        return {**template, "steps": steps}
    return template


def _task(task: Template, replaced: Mapping[str, Replacement]) -> Template:
    replacement = replaced.get(task["template"])
    if replacement is None:
        return task
    arguments: list[Any] = [
        *task.get("arguments", {}).get("parameters", ()),
        *({"name": name, "value": value} for name, value in replacement.arguments.items()),
    ]
    return {**task, "template": replacement.template, "arguments": {"parameters": arguments}}

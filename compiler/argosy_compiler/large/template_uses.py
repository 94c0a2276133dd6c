"""Which templates use which others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from argosy_compiler.plan import Template


def tasks_of(template: Template) -> Iterator[Template]:
    """Yield the tasks of a DAG, or the steps of a template of steps; none for a pod."""
    yield from template.get("dag", {}).get("tasks", ())
    for group in template.get("steps", ()):
        yield from group


def used_by(template: Template) -> Iterator[str]:
    """Yield the names of the templates that a template uses, one for each task that does."""
    for task in tasks_of(template):
        yield task["template"]


def levels(templates: Sequence[Template]) -> Iterator[list[Template]]:
    """Yield the templates, those that others use before those others."""
    used = {
        str(template["name"]): set(used_by(template)) - {template["name"]} for template in templates
    }
    left = list(templates)
    while left:
        names = {template["name"] for template in left}
        yield [template for template in left if not used[template["name"]] & names]
        left = [template for template in left if used[template["name"]] & names]

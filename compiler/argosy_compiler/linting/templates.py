"""Templates: kinds, references between them, inputs, outputs, and fields that fit only some kinds.

Source: ``workflow/validate/validate.go``.
"""

from __future__ import annotations

from collections.abc import Iterator

from argosy_compiler.linting.subject import (
    KINDS,
    Json,
    Subject,
    Template,
    WorkflowTask,
    as_list,
    get_object,
    get_text,
    list_objects,
)
from argosy_schemas.errors import Problem
from argosy_schemas.findings import suggest_name

DEEPEST = 100
"""Templates within templates; Argo stops there (``DISABLE_MAX_RECURSION``)."""

_GROUPS = ("dag", "steps")


def check_templates(subject: Subject) -> Iterator[Problem]:
    """Yield templates that Argo refuses, and references that lead nowhere."""
    if not subject.templates:
        # The rule about fields reports one of another type.
        if as_list(subject.spec.get("templates", [])) is not None:
            yield Problem(path="spec.templates", message="is empty; a workflow needs templates")
        return
    yield from _check_entries(subject)
    for template in subject.templates:
        if len(template.kinds) != 1:
            found = " and ".join(f"'{kind}'" for kind in template.kinds)
            yield Problem(
                path=template.path,
                message=f"needs exactly one of {', '.join(KINDS)}; has {found}",
            )
        yield from _check_placement(template)
        yield from _check_outputs(template)
        for task in (*template.tasks, *template.steps):
            yield from _check_reference(subject, task)
    yield from _check_depth(subject)


def _check_entries(subject: Subject) -> Iterator[Problem]:
    entry = get_text(subject.spec, "entrypoint")
    if not entry:
        yield Problem(path="spec.entrypoint", message="is missing; name the first template")
    for field in ("entrypoint", "onExit"):
        name = get_text(subject.spec, field)
        if name and subject.template(name) is None:
            yield Problem(path=f"spec.{field}", message=_explain_missing_template(subject, name))


def _check_reference(subject: Subject, task: WorkflowTask) -> Iterator[Problem]:
    name = get_text(task.json, "template")
    if not name:
        yield Problem(path=task.path, message="names no template; set 'template'")
        return
    template = subject.template(name)
    if template is None:
        yield Problem(
            path=f"{task.path}.template", message=_explain_missing_template(subject, name)
        )
        return
    given = {
        get_text(one, "name")
        for one in list_objects(get_object(task.json, "arguments"), "parameters")
    }
    for parameter in list_objects(get_object(template.json, "inputs"), "parameters"):
        needed = get_text(parameter, "name")
        if needed not in given and not {"default", "value", "valueFrom"} & parameter.keys():
            yield Problem(
                path=f"{task.path}.arguments.parameters",
                message=f"'{needed}' is not given, and '{name}' has no default for it",
            )


def _explain_missing_template(subject: Subject, name: str) -> str:
    names = [one.name for one in subject.templates]
    todo = suggest_name(name, names, otherwise="add it to spec.templates")
    return f"there is no template '{name}'; {todo}"


def _check_placement(template: Template) -> Iterator[Problem]:
    is_group = any(kind in _GROUPS for kind in template.kinds)
    if is_group and "activeDeadlineSeconds" in template.json:
        yield Problem(
            path=f"{template.path}.activeDeadlineSeconds",
            message="a template of tasks cannot have one; give it to the tasks' templates",
        )
    if "parallelism" in template.json:
        if not is_group:
            yield Problem(
                path=f"{template.path}.parallelism",
                message="only a template of tasks can have one; remove it",
            )
        elif isinstance(limit := template.json["parallelism"], int) and limit < 1:
            yield Problem(path=f"{template.path}.parallelism", message=f"is {limit}; use 1 or more")


def _check_outputs(template: Template) -> Iterator[Problem]:
    is_group = any(kind in _GROUPS for kind in template.kinds)
    for output in list_objects(get_object(template.json, "outputs"), "parameters"):
        path = f"{template.path}.outputs.parameters.{get_text(output, 'name')}"
        source = get_object(output, "valueFrom")
        fitting = "expression" if is_group else "path"
        if source.keys() - {"default"} != {fitting}:
            yield Problem(path=f"{path}.valueFrom", message=f"needs '{fitting}' and nothing else")
        if is_group and "default" not in source:
            yield Problem(
                path=path,
                message="has no 'default', and Argo can wait forever when it has no value; add one",
            )
        if isinstance(expression := source.get("expression"), str) and "{{" in expression:
            yield Problem(
                path=path, message="'expression' stands without '{{=' and '}}'; remove them"
            )


def _check_depth(subject: Subject) -> Iterator[Problem]:
    """Yield a problem where templates nest deeper than Argo goes; recursion is the author's."""
    depths: dict[str, int] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(get_text(subject.spec, "entrypoint"), ())]
    while waiting:
        name, above = waiting.pop()
        depth = len(above)
        if name in above or depths.get(name, -1) >= depth:
            continue
        depths[name] = depth
        if depth >= DEEPEST:
            yield Problem(
                path=f"spec.templates.{name}",
                message=f"is nested {depth} templates deep; Argo allows {DEEPEST - 1}",
            )
            return
        template = subject.template(name)
        if template is not None:
            used = {
                target
                for json in _list_uses(template.json)
                if (target := get_text(json, "template"))
            }
            waiting.extend((target, (*above, name)) for target in sorted(used))


def _list_uses(template: Json) -> Iterator[Json]:
    view = Template(name="", json=template, path="")
    for task in (*view.tasks, *view.steps):
        yield task.json

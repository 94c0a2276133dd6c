"""Names: what Argo's grammar, its CRDs and Kubernetes take.

Sources: ``workflow/validate/validate.go``, ``workflow/util/pod_name.go``, the full CRDs of 4.x.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from argosy_compiler.argo.cluster_names import is_subdomain
from argosy_compiler.linting.subject import (
    Json,
    Subject,
    Template,
    get_object,
    get_text,
    list_objects,
)
from argosy_schemas.errors import Problem

NAME = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
"""Templates, tasks and steps."""
PARAMETER = re.compile(r"[-a-zA-Z0-9_]+")
LONGEST = 128
LONGEST_WORKFLOW = 63
GENERATED = 5
"""Characters that Kubernetes appends to a ``generateName``."""

_MAKES_PODS = ("container", "resource")


def check_names(subject: Subject) -> Iterator[Problem]:
    """Yield names that are not of their grammar, too long, or given twice."""
    yield from _check_workflow(subject)
    for path, names in _list_namespaces(subject):
        yield from _check_duplicates(path, names)
    for template in subject.templates:
        yield from _check_name(template.name, template.path)
        yield from _check_pod_name(template)
        for task in (*template.tasks, *template.steps):
            yield from _check_name(task.name, task.path)
    for path, parameter in _list_parameters(subject):
        name = get_text(parameter, "name")
        if not PARAMETER.fullmatch(name):
            yield Problem(
                path=f"{path}.{name}",
                message=f"'{name}' is not a parameter name; use letters, digits, '-' and '_'",
            )


def _check_workflow(subject: Subject) -> Iterator[Problem]:
    name = get_text(subject.metadata, "name")
    base = get_text(subject.metadata, "generateName")
    if not name and not base:
        yield Problem(path="metadata", message="has neither 'name' nor 'generateName'; give one")
        return
    field, given = ("name", name) if name else ("generateName", base)
    longest = LONGEST_WORKFLOW if name else LONGEST_WORKFLOW - GENERATED
    if len(given) > longest:
        yield Problem(
            path=f"metadata.{field}",
            message=f"'{given}' has {len(given)} characters; use at most {longest}",
        )
    # What Kubernetes adds ends in a letter or digit.
    if not is_subdomain(given if name else f"{given}x"):
        yield Problem(
            path=f"metadata.{field}",
            message=f"'{given}' is not a name that Kubernetes takes; use lower case letters,"
            " digits, '-' and '.', and begin with a letter or digit",
        )


def _check_name(name: str, path: str) -> Iterator[Problem]:
    if not NAME.fullmatch(name):
        yield Problem(
            path=path,
            message=f"'{name}' is not a name that Argo takes; use letters, digits and '-', and"
            " begin with a letter or digit",
        )
    if len(name) > LONGEST:
        yield Problem(path=path, message=f"the name has {len(name)} characters; use at most 128")


def _check_pod_name(template: Template) -> Iterator[Problem]:
    if any(kind in _MAKES_PODS for kind in template.kinds) and template.name.lower() != (
        template.name
    ):
        yield Problem(
            path=template.path,
            message=f"'{template.name}' becomes a part of pod names; use lower case letters",
        )


def _list_namespaces(subject: Subject) -> Iterator[tuple[str, list[str]]]:
    """Yield each set of names that have to differ, with its path."""
    yield "spec.templates", [one.name for one in subject.templates]
    yield (
        "spec.arguments.parameters",
        _list_names(list_objects(_list_arguments(subject.spec), "parameters")),
    )
    for template in subject.templates:
        if template.tasks:
            yield f"{template.path}.dag.tasks", [task.name for task in template.tasks]
        if template.steps:
            yield f"{template.path}.steps", [step.name for step in template.steps]
        for side in ("inputs", "outputs"):
            holder = get_object(template.json, side)
            yield (
                f"{template.path}.{side}.parameters",
                _list_names(list_objects(holder, "parameters")),
            )
        for task in (*template.tasks, *template.steps):
            given = list_objects(_list_arguments(task.json), "parameters")
            yield f"{task.path}.arguments.parameters", _list_names(given)
        containers = [
            *list_objects(template.json, "initContainers"),
            *list_objects(template.json, "sidecars"),
        ]
        yield f"{template.path} (containers)", _list_names(containers)
        yield f"{template.path}.volumes", _list_names(list_objects(template.json, "volumes"))


def _check_duplicates(path: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    reported: set[str] = set()
    for name in names:
        if name in seen and name not in reported:
            reported.add(name)
            yield Problem(path=path, message=f"the name '{name}' is given twice; rename one")
        seen.add(name)


def _list_parameters(subject: Subject) -> Iterator[tuple[str, Json]]:
    for parameter in list_objects(_list_arguments(subject.spec), "parameters"):
        yield "spec.arguments.parameters", parameter
    for template in subject.templates:
        for side in ("inputs", "outputs"):
            for parameter in list_objects(get_object(template.json, side), "parameters"):
                yield f"{template.path}.{side}.parameters", parameter
        for task in (*template.tasks, *template.steps):
            for parameter in list_objects(_list_arguments(task.json), "parameters"):
                yield f"{task.path}.arguments.parameters", parameter


def _list_arguments(holder: Json) -> Json:
    return get_object(holder, "arguments")


def _list_names(holders: Iterable[Json]) -> list[str]:
    return [get_text(one, "name") for one in holders]

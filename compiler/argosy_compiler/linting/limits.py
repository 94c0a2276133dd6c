"""Sizes and counts beyond which Argo, its CRDs or Kubernetes refuse a workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from argosy_compiler.linting.subject import Subject, Template, get_object, get_text, list_objects
from argosy_compiler.linting.tags import read_tags
from argosy_compiler.options import ARGO_4_DAG_TASKS, ARGO_4_TEMPLATES
from argosy_schemas.errors import Problem
from argosy_schemas.values import to_json

MAX_INPUTS: Final = 500
"""``maxItems`` of a template's inputs in the full CRDs, which stock Argo 4 installs."""
MAX_WORKFLOW_BYTES: Final = 1024 * 1024
"""``MAX_WORKFLOW_SIZE``; Argo compresses the status, never the spec."""
MAX_ARGUMENT_BYTES: Final = 128 * 1024
"""``MAX_ARG_STRLEN`` of Linux: one variable of a process. Argo puts the template into one."""


def check_limits(subject: Subject) -> Iterator[Problem]:
    """Yield what is too much."""
    if subject.is_at_least(4, 0):
        yield from _check_counts(subject)
    size = len(to_json(subject.document).encode())
    if size > MAX_WORKFLOW_BYTES:
        yield Problem(
            path="spec",
            message=f"the workflow has {size:,} bytes; Argo takes {MAX_WORKFLOW_BYTES:,} together"
            " with its status",
        )
    arguments = {
        get_text(one, "name"): len(str(one.get("value", "")).encode())
        for one in list_objects(get_object(subject.spec, "arguments"), "parameters")
    }
    for template in subject.templates:
        if "dag" not in template.json and "steps" not in template.json:
            yield from _check_template_size(template, arguments)


def _check_counts(subject: Subject) -> Iterator[Problem]:
    count = len(subject.templates)
    if count > ARGO_4_TEMPLATES:
        yield Problem(
            path="spec.templates", message=f"has {count} templates; Argo 4 takes {ARGO_4_TEMPLATES}"
        )
    for template in subject.templates:
        if len(template.tasks) > ARGO_4_DAG_TASKS:
            yield Problem(
                path=f"{template.path}.dag.tasks",
                message=f"has {len(template.tasks)} tasks; Argo 4 takes {ARGO_4_DAG_TASKS}",
            )
        inputs = list_objects(get_object(template.json, "inputs"), "parameters")
        if len(inputs) > MAX_INPUTS:
            yield Problem(
                path=f"{template.path}.inputs.parameters",
                message=f"has {len(inputs)} parameters; Argo 4 takes {MAX_INPUTS}",
            )


def _check_template_size(template: Template, arguments: Mapping[str, int]) -> Iterator[Problem]:
    """Yield a problem if the template does not fit into one variable of a container.

    Argo fills in the workflow's parameters first, so they count.
    """
    json = to_json(template.json)
    size = len(json.encode())
    for tag in read_tags(json):
        if not tag.is_expression and tag.text.startswith("workflow.parameters."):
            size += arguments.get(tag.text.removeprefix("workflow.parameters."), 0)
    if size > MAX_ARGUMENT_BYTES:
        yield Problem(
            path=template.path,
            message=f"has {size:,} bytes with its parameters; Argo passes it to containers in one"
            f" variable, which takes {MAX_ARGUMENT_BYTES:,}",
        )

"""Show the outputs of the pipeline where Argo shows those of its first node.

They are for people: what follows a task reads its records. So only outputs of tasks that the root
holds itself are shown, as their summaries have them, and none that the limits of Argo have moved to
another DAG.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from argosy_compiler.argo.names import make_task_name
from argosy_compiler.compilation import Compilation, Template
from argosy_expressions.terms import quote
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.pod import SUMMARY

_PARAMETER = re.compile(r"[-a-zA-Z0-9_]+")


def show_outputs(compilation: Compilation) -> Compilation:
    """Return the compilation with the outputs of its root."""
    summarized = {one["name"] for one in compilation.templates if _has_summary(one)}
    templates = tuple(
        {**template, "outputs": {"parameters": outputs}}
        if template["name"] == ROOT
        and (outputs := [*_make_outputs(compilation, template, summarized)])
        else template
        for template in compilation.templates
    )
    return replace(compilation, templates=templates)


def _has_summary(template: Template) -> bool:
    outputs: Mapping[str, Any] = template.get("outputs", {})
    return any(one["name"] == SUMMARY for one in outputs.get("parameters", ()))


def _make_outputs(
    compilation: Compilation, root: Template, summarized: set[str]
) -> Iterator[dict[str, Any]]:
    dag = compilation.pipeline.root.dag
    assert dag is not None
    shown = {task["name"] for task in root["dag"]["tasks"] if task["template"] in summarized}
    for name, sources in sorted(dag.outputs.parameters.items()):
        (source, *others) = sources
        task = make_task_name(source.task)
        if others or task not in shown or not _PARAMETER.fullmatch(name):
            continue
        summary = f"tasks[{quote(task)}].outputs.parameters.{SUMMARY}"
        expression = f"fromJSON({summary})['outputs'][{quote(source.output)}]"
        yield {"name": name, "valueFrom": {"expression": expression, "default": ""}}

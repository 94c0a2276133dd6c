"""Reduce the templates of a workflow to the two limits of Argo 4's full CRDs, or refuse it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argosy_compiler.argo.names import Names
from argosy_compiler.argo.stand_ins import make_stand_in_template
from argosy_compiler.argo.template_names import MET_TEMPLATE
from argosy_compiler.compilation import Template
from argosy_compiler.compiled_pipeline import Note
from argosy_compiler.large.division import FEWEST, CannotDivideError, Division
from argosy_compiler.large.part_templates import write_parts
from argosy_compiler.large.sharing import share_templates
from argosy_compiler.large.task_graph import find_read_tasks, read_graph
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError, Problem
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.values import to_json

_ADVICE = "where the cluster takes more, as Argo's minimal CRDs do"


def reduce_templates(
    templates: Sequence[Template],
    *,
    max_dag_tasks: int,
    max_templates: int,
    paths: Mapping[str, str],
) -> tuple[tuple[Template, ...], tuple[Note, ...]]:
    """Return templates within both limits, and notes about what that costs.

    Args:
        templates: All of the workflow.
        max_dag_tasks: How many tasks a DAG may have.
        max_templates: How many templates there may be.
        paths: DAG templates to where the DAG stands in the pipeline, e.g. ``root.dag``.

    Raises:
        InvalidArgumentError: ``max_dag_tasks`` is too small for anything.
        InvalidPipelineError: What is too much cannot be divided or shared.
    """
    if max_dag_tasks < FEWEST:
        raise InvalidArgumentError(f"--max-dag-tasks {max_dag_tasks}: use {FEWEST} or more")
    fitted, notes = _divide(templates, max_dag_tasks, paths)
    if len(fitted) > max_templates:
        count = len(fitted)
        fitted = share_templates(fitted)
        if len(fitted) > max_templates:
            message = (
                f"needs {len(fitted):,} templates, and --max-templates allows {max_templates:,},"
                " though those that differ in texts alone are one; run a part as a pipeline of its"
                f" own, or raise --max-templates {_ADVICE}"
            )
            raise InvalidPipelineError(Problem(path=ROOT, message=message))
        message = (
            f"has {count:,} templates, and --max-templates allows {max_templates:,}: those that"
            f" differ in texts alone become one, {len(fitted):,} in all"
        )
        notes.append(Note(path=f"{ROOT}.dag", message=message))
    return tuple(fitted), tuple(notes)


def _divide(
    templates: Sequence[Template], most: int, paths: Mapping[str, str]
) -> tuple[list[Template], list[Note]]:
    names = Names(str(template["name"]) for template in templates)
    fitted: list[Template] = []
    notes: list[Note] = []
    problems: list[Problem] = []
    for template in templates:
        total = len(template.get("dag", {}).get("tasks", ()))
        if total <= most:
            fitted.append(template)
            continue
        path = paths.get(str(template["name"]), f"{ROOT}.dag")
        has = f"has {total:,} tasks in one DAG, and --max-dag-tasks allows {most:,}"
        try:
            division = Division(
                read_graph(template), most, find_read_tasks(template.get("outputs"))
            )
        except CannotDivideError as error:
            message = (
                f"{has}; it cannot be divided, since {error}; group the tasks in pipelines of their"
                f" own, or raise --max-dag-tasks {_ADVICE}"
            )
            problems.append(Problem(path=path, message=message))
            continue
        fitted += write_parts(template, division.graph, names)
        if division.late:
            message = f"{has}: up to {len(division.late):,} wait for others that they do not need"
            notes.append(Note(path=path, message=message))
    if problems:
        raise InvalidPipelineError(*problems)
    has_stand_in = any(template["name"] == MET_TEMPLATE for template in fitted)
    if not has_stand_in and f'"template":"{MET_TEMPLATE}"' in to_json(fitted):
        fitted.append(make_stand_in_template())
    return fitted, notes

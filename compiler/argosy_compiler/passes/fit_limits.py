"""Keep the workflow within the limits that Argo 4's full CRDs set for tasks and templates."""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.plan import Plan
from argosy_compiler.structure import dag_text


def fit_limits(plan: Plan) -> Plan:
    """Return the plan with few enough templates, and few enough tasks in each DAG.

    Raises:
        InvalidArgumentError: ``max_dag_tasks`` is too small for anything.
        InvalidPipelineError: There are too many, and no form of the workflow has fewer.
    """
    options = plan.options
    tasks = max(len(one.get("dag", {}).get("tasks", ())) for one in plan.templates)
    if tasks <= options.max_dag_tasks and len(plan.templates) <= options.max_templates:
        return plan
    # Few pipelines are that large.
    from argosy_compiler.large import fit

    templates, notes = fit(
        plan.templates,
        max_dag_tasks=options.max_dag_tasks,
        max_templates=options.max_templates,
        paths={name: dag_text(use.component) for use, name in plan.uses.items()},
    )
    return replace(plan, templates=templates, notes=(*plan.notes, *notes))

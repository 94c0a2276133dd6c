"""Keep the workflow within the limits that Argo 4's full CRDs set for tasks and templates."""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.compilation import Compilation
from argosy_compiler.structure import locate_dag


def fit_limits(compilation: Compilation) -> Compilation:
    """Return the compilation with few enough templates, and few enough tasks in each DAG.

    Raises:
        InvalidArgumentError: ``max_dag_tasks`` is too small for anything.
        InvalidPipelineError: There are too many, and no form of the workflow has fewer.
    """
    options = compilation.options
    tasks = max(len(one.get("dag", {}).get("tasks", ())) for one in compilation.templates)
    if tasks <= options.max_dag_tasks and len(compilation.templates) <= options.max_templates:
        return compilation
    # Few pipelines are that large.
    from argosy_compiler.large import reduce_templates

    templates, notes = reduce_templates(
        compilation.templates,
        max_dag_tasks=options.max_dag_tasks,
        max_templates=options.max_templates,
        paths={
            name: locate_dag(variant.component)
            for variant, name in compilation.dag_variants.items()
        },
    )
    return replace(compilation, templates=templates, notes=(*compilation.notes, *notes))

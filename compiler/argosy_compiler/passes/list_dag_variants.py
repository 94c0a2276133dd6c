"""List the variants of DAG components: each becomes a DAG template."""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.argo.names import Names, make_template_name
from argosy_compiler.argo.template_names import RESERVED
from argosy_compiler.compilation import Compilation, DagVariant
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import RetryPolicy, Task, TriggerStrategy


def list_dag_variants(compilation: Compilation) -> Compilation:
    """Return the compilation with the variants of its DAGs, each with the name of its template."""
    root = DagVariant(component=ROOT)
    names = {root: ROOT}
    taken = Names(RESERVED)
    waiting = [root]
    while waiting:
        variant = waiting.pop(0)
        for task in compilation.structure.tasks_of(variant.component):
            if compilation.structure.component_of(task).dag is None:
                continue
            inner = get_variant(variant, task)
            if inner not in names:
                names[inner] = make_template_name(inner.component, taken)
                waiting.append(inner)
    return replace(compilation, dag_variants=names)


def get_variant(outer: DagVariant, task: Task) -> DagVariant:
    """Return the variant of its component that a DAG task of the variant ``outer`` uses."""
    return DagVariant(
        component=task.component,
        retry=get_retry_policy(outer, task),
        upstream=outer.upstream or task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED,
    )


def get_retry_policy(dag: DagVariant, task: Task) -> RetryPolicy | None:
    """Return the policy of a task: its own, else that of the nearest task around it."""
    return task.retry if task.retry is not None else dag.retry

"""Find the DAG templates: one per DAG component and retry policy that its tasks inherit."""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.argo.names import Names, template_name
from argosy_compiler.argo.template_names import RESERVED
from argosy_compiler.plan import Plan, Use
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import RetryPolicy, Task, TriggerStrategy


def enumerate_uses(plan: Plan) -> Plan:
    """Return the plan with the uses of DAG components, each with the name of its template."""
    root = Use(component=ROOT)
    names = {root: ROOT}
    taken = Names(RESERVED)
    waiting = [root]
    while waiting:
        use = waiting.pop(0)
        for task in plan.structure.dag(use.component).tasks.values():
            if plan.structure.used(task).dag is None:
                continue
            inner = use_of(use, task)
            if inner not in names:
                names[inner] = template_name(inner.component, taken)
                waiting.append(inner)
    return replace(plan, uses=names)


def use_of(user: Use, task: Task) -> Use:
    """Return the use that a DAG task of ``user`` makes of its component."""
    return Use(
        component=task.component,
        retry=inherited(user, task),
        upstream=user.upstream or task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED,
    )


def inherited(user: Use, task: Task) -> RetryPolicy | None:
    """Return the policy of a task: its own, else that of the nearest task around it."""
    return task.retry if task.retry is not None else user.retry

"""Count the nodes that each DAG template makes in Argo's status, and the pods among them.

The one counting of nodes: the limits of loops, ``compile --stats`` and ``plan`` read its result.
Each condition is taken to be true, and each loop over values of the run to have one iteration.

Tasks are counted, not templates: the DAGs into which a large DAG is split, and what a stopped
workflow still runs, are left out.
"""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.compiled import NodeCounts
from argosy_compiler.passes.enumerate_uses import inherited, use_of
from argosy_compiler.plan import ControlFlow, Plan, Use
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Task

_LOOP = NodeCounts(nodes=2)
"""A loop's own DAG, and the group of its iterations."""


def count_nodes(plan: Plan) -> Plan:
    """Return the plan with the counts of each use of a DAG component."""
    counts: dict[Use, NodeCounts] = {}
    _count_dag(plan, Use(component=ROOT), counts)
    return replace(plan, node_counts=counts)


def _count_dag(plan: Plan, use: Use, counts: dict[Use, NodeCounts]) -> NodeCounts:
    if use not in counts:
        total = NodeCounts(nodes=1)
        for task in plan.structure.dag(use.component).tasks.values():
            total += _count_task(plan, use, task, counts)
        counts[use] = total
    return counts[use]


def _count_task(plan: Plan, use: Use, task: Task, counts: dict[Use, NodeCounts]) -> NodeCounts:
    if plan.structure.is_importer(task):
        return NodeCounts()
    decision = plan.decisions.get((use.component, task.key), ControlFlow())
    deciding = NodeCounts() if decision.pod is None else NodeCounts(deciding=1, nodes=1)
    if plan.structure.used(task).dag is None:
        return deciding + _count_pod(plan, use, task)
    body = _count_dag(plan, use_of(use, task), counts)
    if task.iterator is None:
        return deciding + body
    if isinstance(decision.count, int):
        return deciding + _LOOP + body * decision.count
    return deciding + _LOOP + body + NodeCounts(open_loops=1)


def _count_pod(plan: Plan, use: Use, task: Task) -> NodeCounts:
    if plan.structure.claim_action(task) is not None:
        return NodeCounts(claims=1, nodes=1)
    retry = inherited(use, task)
    # Argo puts the attempts of a task that is retried below a node of their own.
    return NodeCounts(steps=1, nodes=2 if retry is not None and retry.max_count else 1)

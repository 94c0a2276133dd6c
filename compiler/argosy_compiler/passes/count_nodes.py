"""Count the nodes that each DAG template makes in Argo's status, and the pods among them.

Nodes are counted here only: the limits of loops, ``compile --stats`` and ``argosy plan`` read the
result.
Each condition counts as true, and each loop over values of the run as one iteration.

Tasks are counted, not templates: the DAGs into which a large DAG is split, and what a stopped
workflow still runs, are left out.
"""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.compilation import Compilation, ControlFlow, DagVariant
from argosy_compiler.compiled_pipeline import NodeCounts
from argosy_compiler.passes.list_dag_variants import get_retry_policy, get_variant
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Task

_STAND_IN = NodeCounts(nodes=2)
"""A task that needs no pod, and the one in it that is skipped."""
_LOOP = NodeCounts(nodes=2)
"""A loop's own DAG, and the group of its iterations."""


def count_nodes(compilation: Compilation) -> Compilation:
    """Return the compilation with the counts of each variant of a DAG component."""
    counts: dict[DagVariant, NodeCounts] = {}
    _count_dag(compilation, DagVariant(component=ROOT), counts)
    return replace(compilation, node_counts=counts)


def _count_dag(
    compilation: Compilation, variant: DagVariant, counts: dict[DagVariant, NodeCounts]
) -> NodeCounts:
    if variant not in counts:
        total = NodeCounts(nodes=1)
        tasks = tuple(compilation.structure.tasks_with_nodes(variant.component))
        for task in tasks:
            total += _count_task(compilation, variant, task, counts)
        if not tasks:
            total += _STAND_IN
        counts[variant] = total
    return counts[variant]


def _count_task(
    compilation: Compilation, variant: DagVariant, task: Task, counts: dict[DagVariant, NodeCounts]
) -> NodeCounts:
    flow = compilation.control_flows.get((variant.component, task.key), ControlFlow())
    deciding = NodeCounts() if flow.pod is None else NodeCounts(deciding=1, nodes=1)
    if compilation.structure.component_of(task).dag is None:
        return deciding + _count_pod(compilation, variant, task)
    body = _count_dag(compilation, get_variant(variant, task), counts)
    if task.iterator is None:
        return deciding + body
    if isinstance(flow.count, int):
        return deciding + _LOOP + body * flow.count
    return deciding + _LOOP + body + NodeCounts(open_loops=1)


def _count_pod(compilation: Compilation, variant: DagVariant, task: Task) -> NodeCounts:
    if compilation.structure.claim_action(task) is not None:
        return NodeCounts(claims=1, nodes=1)
    retry = get_retry_policy(variant, task)
    # Argo puts the attempts of a task that is retried below a node of their own.
    return NodeCounts(steps=1, nodes=2 if retry is not None and retry.max_count else 1)

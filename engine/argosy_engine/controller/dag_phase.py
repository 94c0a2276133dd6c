"""Derive the phase of a DAG whose tasks have all ended.

Argo walks the graph from the DAG's node with a *branch phase*: a completed node sets it, a skipped
or omitted node passes it on. A target has the branch phase at its node. The DAG has the phase of
its last failed target, else it succeeded. So a failure counts only if a target inherits it, and a
task that was omitted after a failure inherits it.
"""

from __future__ import annotations

from collections.abc import Sequence

from argosy_engine.workflow.model import DagTemplate
from argosy_runs.nodes import NodePhase


def derive_dag_phase(template: DagTemplate, phases: Sequence[NodePhase | None]) -> NodePhase:
    """Return Succeeded, Failed or Error.

    Args:
        template: The DAG.
        phases: Of each task by position, all fulfilled; ``None`` for tasks that no target needs.
    """
    reached: list[NodePhase] = [NodePhase.SUCCEEDED] * len(template.tasks)
    for position in template.order:
        phase = phases[position]
        if phase is None:
            raise ValueError(f"task '{template.tasks[position].name}' has no node")
        reached[position] = (
            phase
            if phase.is_completed
            else _inherited([reached[above] for above in template.upstream[position]])
        )
    result = NodePhase.SUCCEEDED
    for target in template.targets:
        if reached[target].is_failed:
            result = reached[target]
    return result


def _inherited(branches: Sequence[NodePhase]) -> NodePhase:
    """Return the branch phase of a task that did not run: a failure takes precedence."""
    return next((phase for phase in branches if phase.is_failed), NodePhase.SUCCEEDED)

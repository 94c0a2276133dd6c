"""Convert a plan to the JSON of ``argosy plan -o json``; see ``docs/json-output.md``."""

from __future__ import annotations

from typing import Any

from argosy_compiler.stats import Stats
from argosy_driver.planning.planned_task import PlannedTask
from argosy_engine.plan import RunPlan


def plan_to_json(plan: RunPlan, argo: Stats) -> dict[str, Any]:
    """Return a plan, with the statistics of its workflow on Argo."""
    return {
        "tasks": [task_to_json(task) for task in plan.tasks],
        "argo": {
            "pods": argo.pods,
            "deciding_pods": argo.counts.deciding,
            "claim_pods": argo.counts.claims,
            "open_loops": argo.counts.open_loops,
            "workflow_bytes": argo.workflow_bytes,
            "ir_bytes": argo.ir_bytes,
            "limits": [
                {"name": one.name, "value": one.value, "maximum": one.maximum}
                for one in argo.limits
            ],
        },
    }


def task_to_json(task: PlannedTask) -> dict[str, Any]:
    """Return one task of a plan."""
    source = task.cached_from
    return {
        "path": task.path,
        "kind": task.kind.value,
        "verdict": task.verdict.value,
        "reason": task.reason,
        "fingerprint": task.fingerprint,
        "cached_from": None
        if source is None
        else {
            "run_id": source.run_id,
            "task_path": source.task_path,
            "attempt_id": source.attempt_id,
        },
    }

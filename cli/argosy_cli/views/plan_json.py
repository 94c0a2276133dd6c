"""A plan as the JSON of ``argosy plan -o json``; see ``docs/json-output.md``."""

from __future__ import annotations

from typing import Any

from argosy_driver.planning.foreseen import Foreseen


def task_to_json(task: Foreseen) -> dict[str, Any]:
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

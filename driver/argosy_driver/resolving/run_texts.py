"""What the placeholders stand for that are the same for all components: names, times, roots.

Sources: ``ir-semantics`` 2.7. All are pure functions of the run and the task's path, so whoever
resolves a value later finds the same.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from argosy_driver.resolving.placeholders import Segments
from argosy_driver.resolving.run import Run
from argosy_schemas.names import TaskPath
from argosy_store.locations import uri_below


def run_text(run: Run, task_key: str, path: TaskPath, segments: Segments) -> str | None:
    """Return what a placeholder stands for anywhere in the run; ``None``: it is not such a one.

    Args:
        run: The run.
        task_key: The task that the text belongs to.
        path: Its path; an iteration's for texts below it.
        segments: The placeholder.
    """
    if len(segments) != 1:
        return None
    match segments[0]:
        case "pipeline_job_name" | "pipeline_job_resource_name":
            return run.name
        case "pipeline_job_uuid":
            return run.id
        case "pipeline_task_name":
            return task_key
        case "pipeline_task_uuid":
            return task_uuid(run, path)
        # There is no schedule yet; without one the reference takes the time of creation too.
        case "pipeline_job_create_time_utc" | "pipeline_job_schedule_time_utc":
            return rfc3339(run.created_at)
        case "pipeline_root":
            return uri_below(run.root).removeprefix("file://").rstrip("/")
        case "workspace_path":
            return run.workspace
        case _:
            return None


def task_uuid(run: Run, path: TaskPath) -> str:
    """Return an id for a task, the same for all its attempts."""
    digits = hashlib.sha256(f"{run.id}\0{path}".encode()).hexdigest()
    # Version 8 and the variant of RFC 9562: a UUID made in the maker's own way.
    return "-".join(
        (digits[:8], digits[8:12], f"8{digits[13:16]}", f"8{digits[17:20]}", digits[20:32])
    )


def rfc3339(at: datetime) -> str:
    """Return a time as Kubernetes writes it: whole seconds, UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

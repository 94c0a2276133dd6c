"""The placeholders for the run: names, ids, times and roots (``ir-semantics`` 2.7).

Their values are pure functions of the run context and the task path, so every reader of a value
computes the same.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from argosy_driver.resolving.placeholders import Segments
from argosy_driver.resolving.run_context import RunContext
from argosy_schemas.names import TaskPath
from argosy_store.locations import join_uri


def look_up_run_placeholder(
    run: RunContext, task_key: str, path: TaskPath, segments: Segments
) -> str | None:
    """Return the value of a placeholder for the run; ``None`` for any other placeholder.

    Args:
        run: The run.
        task_key: The task whose text contains the placeholder.
        path: The path of that task or iteration.
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
            return make_task_uuid(run, path)
        # The reference, too, uses the time of creation for a run without a schedule.
        case "pipeline_job_create_time_utc" | "pipeline_job_schedule_time_utc":
            return format_time(run.created_at)
        case "pipeline_root":
            return join_uri(run.root).removeprefix("file://").rstrip("/")
        case "workspace_path":
            return run.workspace
        case _:
            return None


def make_task_uuid(run: RunContext, path: TaskPath) -> str:
    """Return an id for a task; all its attempts get the same."""
    digits = hashlib.sha256(f"{run.id}\0{path}".encode()).hexdigest()
    # A UUID of version 8, the one that RFC 9562 reserves for custom schemes.
    return "-".join(
        (digits[:8], digits[8:12], f"8{digits[13:16]}", f"8{digits[17:20]}", digits[20:32])
    )


def format_time(at: datetime) -> str:
    """Return a time as Kubernetes writes it: whole seconds, UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

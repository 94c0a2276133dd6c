"""Types for the names of runs, attempts, tasks and artifacts."""

from __future__ import annotations

from typing import NewType

RunId = NewType("RunId", str)
"""The workflow's UID on Argo, a UUID locally."""

AttemptId = NewType("AttemptId", str)
"""The pod's UID on Argo, a UUID locally."""

TaskPath = NewType("TaskPath", str)
"""Names a task in a run: ``train``, ``nested/train``, ``for-loop-1/3/train`` (iteration 3, from 0).

Empty for the root DAG itself.
"""

ArtifactUri = NewType("ArtifactUri", str)
"""The URI of an artifact, the same for every reader: ``s3://…``, ``gs://…``, ``file:///…``."""


def join_task_path(parent: TaskPath, *segments: str | int) -> TaskPath:
    """Return the path below ``parent`` of a task, or of an iteration of a loop."""
    return TaskPath("/".join([*([parent] if parent else []), *map(str, segments)]))

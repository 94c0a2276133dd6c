"""What a task is, as people and scripts are told."""

from __future__ import annotations

from enum import StrEnum


class TaskKind(StrEnum):
    """What a task is."""

    CONTAINER = "container"
    DAG = "dag"
    """A nested pipeline, a group of a condition or an exit handler."""
    LOOP = "loop"
    ITERATION = "iteration"
    """One item of a loop."""
    IMPORTER = "importer"

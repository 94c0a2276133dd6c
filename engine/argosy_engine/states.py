"""What a person is told became of a run and of a task."""

from __future__ import annotations

from enum import StrEnum


class TaskState(StrEnum):
    """What became of a task.

    A DAG, loop or iteration is FAILED if any task in it failed, else CANCELED if any was, else
    SKIPPED or NOT_RUN if it never started, else SUCCEEDED.
    """

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    """Its own condition was false."""
    NOT_RUN = "NOT_RUN"
    """What it depends on did not come to pass."""
    CANCELED = "CANCELED"
    """The run was stopped while it ran, or before it could."""


class RunState(StrEnum):
    """What became of a run."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    """Stopped by the caller; it can be resumed."""

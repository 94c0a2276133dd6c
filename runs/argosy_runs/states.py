"""The states of a run and of a task, in the words of KFP."""

from __future__ import annotations

from enum import StrEnum


class TaskState(StrEnum):
    """What became of a task.

    A DAG, loop or iteration that ended is FAILED if any task in it failed, else CANCELED
    if any was, else SKIPPED or NOT_RUN if it never started, else SUCCEEDED.
    """

    PENDING = "PENDING"
    """It may still start; only while the run lasts."""
    RUNNING = "RUNNING"
    """It started, and has not ended; only while the run lasts."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    """Its own condition was false."""
    NOT_RUN = "NOT_RUN"
    """A task that it depends on did not succeed."""
    CANCELED = "CANCELED"
    """The run was stopped while it ran, or before it could."""

    @property
    def is_final(self) -> bool:
        """Whether it can change no more, unless the run is resumed."""
        return self not in (TaskState.PENDING, TaskState.RUNNING)


class RunState(StrEnum):
    """What became of a run."""

    PENDING = "PENDING"
    """No engine has begun to work on it."""
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    """A task failed, its time was up, or its engine was killed."""
    CANCELED = "CANCELED"
    """Stopped by the caller; it can be resumed."""

    @property
    def is_final(self) -> bool:
        """Whether it can change no more, unless the run is resumed."""
        return self not in (RunState.PENDING, RunState.RUNNING)

"""The protocol between the engine and what runs its pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from argosy_engine.pods.stop import StopSignal
from argosy_engine.workflow.model import ClaimChange
from argosy_runs.nodes import NodePhase
from argosy_schemas.formats.records import AttemptRecord, Failure
from argosy_schemas.names import TaskPath


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRequest:
    """One pod to run, with all tags replaced."""

    path: TaskPath
    """The task; for a pod that decides, the task whose condition or loop it evaluates."""
    attempt: int = 0
    """From 0."""
    is_retried: bool = False
    """Whether its template has a retry strategy."""
    decides: bool = False
    """Evaluate the condition and the number of items of the task; run no command."""
    upstream: Mapping[str, str] | None = None
    """Statuses of upstream tasks, for a task that runs whatever became of them and for tasks in it;
    ``None`` for others."""
    claim: ClaimChange | None = None
    """Create or delete this volume claim, and run nothing."""
    image: str = ""
    deadline: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PodOutcome:
    """The end of a pod."""

    phase: NodePhase
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Output parameters of its template."""
    message: str = ""
    """Value of ``lastRetry.message``; ends with the mark of final failures if it is one."""
    failure: Failure | None = None
    record: AttemptRecord | None = None
    """The launcher's record, also if storing it failed; ``None`` if the pod ended before."""
    cached: bool = False
    adopted: bool = False


class Pods(Protocol):
    """Runs pods. Called from several threads at once."""

    def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
        """Run a pod to its end, or until ``stop`` is set; every failure is an outcome."""
        ...

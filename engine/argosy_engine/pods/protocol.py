"""What the engine asks of whoever runs its pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from argosy_engine.pods.stop import StopSignal
from argosy_runs.nodes import NodePhase
from argosy_schemas.formats.records import AttemptRecord, Failure
from argosy_schemas.names import TaskPath


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRequest:
    """One pod to run, with nothing left to substitute."""

    path: TaskPath
    """The task; for a pod that decides, the task that it decides about."""
    attempt: int = 0
    """From 0."""
    is_retried: bool = False
    """Whether a retry strategy stands over it."""
    decides: bool = False
    """Evaluate the condition and the number of items of the task, run nothing."""
    upstream: Mapping[str, str] | None = None
    """For a task that runs in any case, and what lies in one: what the driver is told of the tasks
    before."""
    image: str = ""
    deadline: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PodOutcome:
    """How a pod ended."""

    phase: NodePhase
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of its template."""
    message: str = ""
    """What ``lastRetry.message`` is: ends with the mark of final failures if it is one."""
    exit_code: int | None = None
    failure: Failure | None = None
    record: AttemptRecord | None = None
    """What the launcher stored, or would have; ``None`` if it did not come to that."""
    cached: bool = False
    adopted: bool = False


class Pods(Protocol):
    """Runs pods. Called from several threads at once."""

    def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
        """Run a pod to its end, or until ``stop`` is raised; every failure is an outcome."""
        ...

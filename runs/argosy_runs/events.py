"""The events of a run, as its engine or a cluster tells them.

A listener is a function of one event. It is called from the threads of the run, one call at a time,
in the order of what happened; it must be quick and must not raise. One that raises gets no more
events, and the result of the run says so; the run continues.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from argosy_runs.states import RunState, TaskState
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import RunId, TaskPath


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The first event of a run."""

    run_id: RunId
    pipeline: str
    at: datetime
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted:
    """An attempt of a task begins: it left the queue."""

    path: TaskPath
    name: str
    """Display name."""
    at: datetime
    items: tuple[str, ...] = ()
    """What the iterations that it is in are for, the outermost first."""
    attempt: int = 1
    """From 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRetrying:
    """An attempt failed and another one will follow."""

    path: TaskPath
    at: datetime
    attempt: int
    """The one that failed, from 1."""
    error: str
    retry_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFinished:
    """A task has its final state. DAGs, loops and iterations have this event as well."""

    path: TaskPath
    name: str
    kind: TaskKind
    state: TaskState
    at: datetime
    items: tuple[str, ...] = ()
    """What the iterations that it is in, or is, are for, the outermost first."""
    started_at: datetime | None = None
    """``None`` when it never started."""
    attempts: int = 0
    cached: bool = False
    """Its outputs come from another run."""
    adopted: bool = False
    """It had succeeded in this run before the run was resumed."""
    error: str | None = None
    reason: str | None = None
    """Why it was skipped, did not run or was canceled."""
    log: str | None = None
    """Path of the stored output of its last attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLogLine:
    """One line that a task wrote, without its line break; undecodable bytes are replaced."""

    path: TaskPath
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One sentence that the caller should see, e.g. about settings without effect here."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """The run was told to stop; processes are being ended."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The last event of a run."""

    run_id: RunId
    state: RunState
    at: datetime
    error: str | None = None


Event: TypeAlias = (
    RunStarted
    | TaskStarted
    | TaskRetrying
    | TaskFinished
    | TaskLogLine
    | Notice
    | Stopping
    | RunFinished
)
Listener: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Do nothing: the listener of a caller who waits for the result."""

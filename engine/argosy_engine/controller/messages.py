"""What the interpreter is told, and what it wants done: both are values.

The interpreter has no clock, no threads and no processes. Whoever drives it hands over one event
after the other, with the time, and carries out the commands that come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from argosy_engine.controller.nodes import Node, PodNode
from argosy_runs.nodes import NodePhase, ShutdownMessage

# Events.


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEnded:
    """A pod that was started has come to its end, whatever it was."""

    node: PodNode
    phase: NodePhase
    """Succeeded, Failed or Error."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those that were written; the others have their declared default."""
    message: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PodStarted:
    """A pod left the queue."""

    node: PodNode


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time of a :class:`StartTimer` has come."""

    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown:
    """No further pod may start; those that run are being killed, and will end."""

    reason: ShutdownMessage
    """Also what runs at the exit may ask for, by ``workflow.failures``."""


Event: TypeAlias = PodStarted | PodEnded | TimerFired | Shutdown

# Commands.


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPod:
    """Start a pod as soon as there is room."""

    node: PodNode


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimer:
    """Send :class:`TimerFired` at a time."""

    node: Node
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged:
    """A node has a new phase; sent once for Running, and once for its end."""

    node: Node
    phase: NodePhase
    """As it was at that moment: the node itself goes on."""


@dataclass(frozen=True, slots=True)
class ExitStarted:
    """The entry node has come to its end; what follows runs even if the run was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowEnded:
    """Everything has come to its end; nothing follows."""

    phase: NodePhase
    message: str


Command: TypeAlias = StartPod | StartTimer | PhaseChanged | ExitStarted | WorkflowEnded

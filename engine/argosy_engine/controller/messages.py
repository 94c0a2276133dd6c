"""Events that the interpreter takes and commands that it returns, all of them values.

The interpreter has no clock, threads or processes. Its driver passes one event after the other,
with the time, and carries out the returned commands.
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
    """A started pod has ended, whatever its phase."""

    node: PodNode
    phase: NodePhase
    """Succeeded, Failed or Error."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those that the pod wrote; others have their declared default."""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodStarted:
    """A pod was started."""

    node: PodNode


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time of a :class:`StartTimer` was reached."""

    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown:
    """No further pod may start; running pods are being stopped, and will end."""

    reason: ShutdownMessage
    """Also what runs at the exit may ask for, by ``workflow.failures``."""


Event: TypeAlias = PodStarted | PodEnded | TimerFired | Shutdown

# Commands.


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPod:
    """Start a pod as soon as fewer pods run than may."""

    node: PodNode


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimer:
    """Send :class:`TimerFired` at a time."""

    node: Node
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged:
    """A node has a new phase: Running, or that of its end."""

    node: Node
    phase: NodePhase
    """At that moment: the node itself may have changed since."""


@dataclass(frozen=True, slots=True)
class ExitStarted:
    """The entry node has ended; the exit template runs even if the run was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowEnded:
    """All nodes have ended."""

    phase: NodePhase
    message: str


Command: TypeAlias = StartPod | StartTimer | PhaseChanged | ExitStarted | WorkflowEnded

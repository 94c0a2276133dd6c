"""What a compilation yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy_schemas.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that ``argosy compile --explain`` tells."""

    path: str
    """The task, e.g. ``root.dag.tasks.condition-1``."""
    message: str
    """Why it needs a pod of its own to decide, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A compiled pipeline."""

    workflow: Mapping[str, JsonValue]
    """The Argo ``Workflow`` as JSON."""
    ir: bytes
    """The packed IR; part of the workflow unless ``ir_digest`` or ``config_map`` is set."""
    ir_digest: str | None = None
    """SHA-256 under which the caller must put ``ir`` into the store, at ``ir/<digest>``."""
    config_map: Mapping[str, JsonValue] | None = None
    """The ``ConfigMap`` that carries the IR; to be applied before the workflow."""
    notes: tuple[Note, ...] = ()
    loop_limits: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Loops over values of the run, by DAG component and key, to the most iterations that there may
    be of each in a run."""

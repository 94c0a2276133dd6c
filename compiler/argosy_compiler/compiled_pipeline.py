"""What a compilation yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy_schemas.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that ``argosy compile --explain`` tells."""

    path: str
    """The task, e.g. ``root.dag.tasks.condition-1``."""
    message: str
    """Why it needs a pod of its own to decide, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCounts:
    """Nodes in Argo's status, and the pods among them."""

    steps: int = 0
    """Container tasks: each is one pod."""
    deciding: int = 0
    """Pods that only decide; :attr:`CompiledPipeline.notes` says why."""
    claims: int = 0
    """Pods that create or delete a volume claim; Argo runs one for each."""
    nodes: int = 0
    """All of these, and the DAGs, loops and retries around them."""
    open_loops: int = 0
    """Loops whose number of iterations is known only at run time; counted with one."""

    def __add__(self, other: NodeCounts) -> NodeCounts:
        """Return the sums."""
        return NodeCounts(
            steps=self.steps + other.steps,
            deciding=self.deciding + other.deciding,
            claims=self.claims + other.claims,
            nodes=self.nodes + other.nodes,
            open_loops=self.open_loops + other.open_loops,
        )

    def __mul__(self, times: int) -> NodeCounts:
        """Return the counts of as many iterations."""
        return NodeCounts(
            steps=self.steps * times,
            deciding=self.deciding * times,
            claims=self.claims * times,
            nodes=self.nodes * times,
            open_loops=self.open_loops * times,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPipeline:
    """A compiled pipeline."""

    workflow: Mapping[str, JsonValue]
    """The Argo ``Workflow`` as JSON."""
    ir: bytes
    """The packed IR; part of the workflow unless ``ir_digest`` or ``config_map`` is set."""
    counts: NodeCounts
    """Of a run in which each condition is true and each loop of unknown length has one item."""
    ir_digest: str | None = None
    """SHA-256 under which the caller must put ``ir`` into the store, at ``ir/<digest>``."""
    config_map: Mapping[str, JsonValue] | None = None
    """The ``ConfigMap`` that carries the IR; to be applied before the workflow."""
    notes: tuple[Note, ...] = ()

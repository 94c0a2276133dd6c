"""Who is told of what the engine does: the journal, the ledger, the caller's listener."""

from __future__ import annotations

from datetime import datetime

from argosy_engine.controller.nodes import Node, PodNode, RetryNode
from argosy_engine.pods.protocol import PodOutcome
from argosy_runs.nodes import NodePhase
from argosy_schemas.formats.records import Failure


class Observer:
    """Takes no notice of anything; called by the engine's own thread only."""

    def node_changed(self, node: Node, phase: NodePhase, at: datetime) -> None:
        """A node has a new phase."""

    def pod_started(self, node: PodNode, at: datetime) -> None:
        """A pod left the queue; its node changes right after."""

    def pod_ended(self, node: PodNode, outcome: PodOutcome, at: datetime) -> None:
        """A pod came to its end; its node changes right after."""

    def retry_scheduled(self, node: RetryNode, at: datetime, retry_at: datetime) -> None:
        """Another attempt will follow the last one, which failed."""

    def stopping(self, failure: Failure, at: datetime) -> None:
        """No further pod starts, and those that run are being ended."""

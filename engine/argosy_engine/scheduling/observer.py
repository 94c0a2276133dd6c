"""Observers of a run: the journal, the ledger, the caller's listener."""

from __future__ import annotations

from datetime import datetime

from argosy_engine.controller.nodes import Node, PodNode, RetryNode
from argosy_engine.pods.protocol import PodOutcome
from argosy_runs.nodes import NodePhase
from argosy_schemas.formats.records import Failure


class Observer:
    """Does nothing; its methods are called by the engine's thread only."""

    def node_changed(self, node: Node, phase: NodePhase, at: datetime) -> None:
        """A node has a new phase."""

    def pod_started(self, node: PodNode, at: datetime) -> None:
        """A pod was started; its node changes right after."""

    def pod_ended(self, node: PodNode, outcome: PodOutcome, at: datetime) -> None:
        """A pod has ended; its node changes right after."""

    def retry_scheduled(self, node: RetryNode, at: datetime, retry_at: datetime) -> None:
        """The last attempt failed, and another one will follow."""

    def stopping(self, failure: Failure, at: datetime) -> None:
        """No further pod starts, and running ones are being stopped."""

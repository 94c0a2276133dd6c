"""Fake pods for tests: a function gives the outcomes, without processes or stores."""

from __future__ import annotations

import threading
from collections.abc import Callable

from argosy_engine.pods.protocol import PodOutcome, PodRequest
from argosy_engine.pods.stop import StopSignal
from argosy_runs.nodes import NodePhase


class FakePods:
    """Answers each request by a function and records the requests."""

    def __init__(self, answer: Callable[[PodRequest], PodOutcome] | None = None) -> None:
        self._answer = answer or _succeeded
        self._lock = threading.Lock()
        self.requests: list[PodRequest] = []

    def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
        """Return the function's outcome."""
        with self._lock:
            self.requests.append(request)
        return self._answer(request)


def _succeeded(request: PodRequest) -> PodOutcome:
    return PodOutcome(phase=NodePhase.SUCCEEDED)

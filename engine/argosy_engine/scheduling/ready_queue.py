"""Which pod goes next when there is room for one.

A loop over ten thousand items asks for ten thousand pods at once. They must not make the rest of
the pipeline wait, so pods queue by the outermost loop that they belong to, and the queues take
turns. Within a queue the order is that of asking.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from argosy_engine.controller.nodes import PodNode


class ReadyQueue:
    """Pods that may start, in fair order."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[PodNode]] = {}
        self._turns: deque[str] = deque()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, pod: PodNode) -> None:
        """Add a pod."""
        group = _outermost_loop(pod.path)
        queue = self._queues.get(group)
        if queue is None:
            queue = self._queues[group] = deque()
            self._turns.append(group)
        queue.append(pod)
        self._size += 1

    def take(self) -> PodNode:
        """Remove and return the pod whose turn it is.

        Raises:
            IndexError: There is none.
        """
        group = self._turns.popleft()
        queue = self._queues[group]
        pod = queue.popleft()
        if queue:
            self._turns.append(group)
        else:
            del self._queues[group]
        self._size -= 1
        return pod

    def drain(self) -> Iterator[PodNode]:
        """Remove and yield all."""
        while self._size:
            yield self.take()


def _outermost_loop(path: str) -> str:
    """Return the part of a path before its first iteration; empty when there is none."""
    segments = path.split("/")
    for position, segment in enumerate(segments):
        if segment.isdecimal():
            return "/".join(segments[:position])
    return ""

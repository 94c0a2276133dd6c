"""Queue of pods that are ready to start, fair between loops.

A loop over ten thousand items makes ten thousand pods ready at once, which must not delay the rest
of the pipeline. So each outermost loop has a queue of its own, and the queues take turns. A queue
is first in, first out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from argosy_engine.controller.nodes import PodNode


class ReadyQueue:
    """Pods that are ready to start."""

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
        """Remove and return the next pod.

        Raises:
            IndexError: The queue is empty.
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
        """Remove and yield all pods."""
        while self._size:
            yield self.take()


def _outermost_loop(path: str) -> str:
    """Return the part of a path before its first iteration index; empty when there is none."""
    segments = path.split("/")
    for position, segment in enumerate(segments):
        if segment.isdecimal():
            return "/".join(segments[:position])
    return ""

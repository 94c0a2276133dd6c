"""Run several uploads at a time, each bounded in memory by the store's own transfer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from argosy_store.parallel import for_each

T = TypeVar("T")

_THREADS: Final = 8


def run_in_parallel(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Run ``jobs`` in a few threads and return their results in order.

    After the first error no further job is begun; the error is raised when those under way have
    ended.
    """
    results: dict[int, T] = {}

    def run(index: int) -> None:
        results[index] = jobs[index]()

    for_each(run, range(len(jobs)), width=min(_THREADS, len(jobs)))
    return [results[index] for index in range(len(jobs))]

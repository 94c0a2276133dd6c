"""What is foreseen of one task, and of the pods of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from argosy_schemas.formats.records import RecordReference
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import TaskPath

ANY_ITERATION: Final = "*"
"""In a path, in the place of the number of an iteration."""


class Verdict(StrEnum):
    """What would become of a task."""

    RUN = "run"
    CACHED = "cached"
    RUN_OR_CACHED = "run or cached"
    """It depends on what a task before it puts out; or another one does the same work."""
    REGISTER = "register"
    """An importer: nothing runs."""
    EMPTY = "empty"
    """A group that comes to its end with nothing run: no branch taken, or no items."""
    SKIPPED = "skipped"
    """Its own condition is false."""
    NOT_RUN = "not run"
    """What it depends on, or a group around it, would not come to pass."""
    UNKNOWN = "unknown"
    """Whether it runs, or how often, is decided by what a task before it puts out."""
    FAIL = "fail"
    """It could not even start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One task and what would become of it."""

    path: TaskPath
    """With ``*`` for an iteration of a loop whose items cannot be counted yet."""
    kind: TaskKind
    verdict: Verdict
    """Of a group: the most that would become of anything in it."""
    reason: str | None = None
    """Why, where the verdict does not say it; of a group, not repeated for what is in it."""
    fingerprint: str | None = None
    """``None``: not cached, not known yet, or new in each run."""
    cached_from: RecordReference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenPods:
    """The pods of a run on Argo.

    A task that is cached has one, too: its driver looks into the cache. One that could not start
    has one in which that is found out.
    """

    certain: int
    possible: int
    """How many more there may be at most, loops that cannot be counted yet left out."""
    open_loops: Mapping[TaskPath, int] = field(default_factory=dict[TaskPath, int])
    """Loops that cannot be counted yet, the outermost, to the pods of each iteration at least."""


_CERTAIN = (Verdict.RUN, Verdict.CACHED, Verdict.RUN_OR_CACHED, Verdict.FAIL)


def foreseen_pods(tasks: Iterable[Foreseen]) -> ForeseenPods:
    """Count the pods of tasks; those that only decide something are not among them."""
    certain, possible = 0, 0
    open_loops: Counter[TaskPath] = Counter()
    for task in tasks:
        if task.kind is not TaskKind.CONTAINER:
            continue
        if task.verdict in _CERTAIN:
            certain += 1
        elif task.verdict is Verdict.UNKNOWN:
            loop, is_open, _ = task.path.partition(f"/{ANY_ITERATION}")
            if is_open:
                open_loops[TaskPath(loop)] += 1
            else:
                possible += 1
    return ForeseenPods(certain=certain, possible=possible, open_loops=dict(open_loops))

"""What is foreseen of one task."""

from __future__ import annotations

from dataclasses import dataclass
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
    """No earlier run did the same; another task of this run may, and then serves this one."""
    CACHED = "cached"
    RUN_OR_CACHED = "run or cached"
    """It depends on what a task before it puts out."""
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

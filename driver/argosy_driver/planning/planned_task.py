"""A planned task and its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from argosy_schemas.formats.records import RecordReference
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import TaskPath

ANY_ITERATION: Final = "*"
"""Stands in a path for the index of every iteration."""


class Verdict(StrEnum):
    """What a task would do in a run."""

    RUN = "run"
    """No earlier run did the same work. Another task of this run may, and then serve this one."""
    CACHED = "cached"
    RUN_OR_CACHED = "run or cached"
    """An input depends on a task that would run."""
    REGISTER = "register"
    """An importer registers its artifact; nothing runs."""
    EMPTY = "empty"
    """A group ends without running a task: no branch is taken, or a loop has no items."""
    SKIPPED = "skipped"
    """The condition of the task is false."""
    NOT_RUN = "not run"
    """A task that it depends on, or a group around it, does not run or fails."""
    UNKNOWN = "unknown"
    """Whether it runs, or how often, depends on a task that would run."""
    FAIL = "fail"
    """It cannot start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """A task of a run and what it would do."""

    path: TaskPath
    """With ``*`` for the iterations of a loop whose items are not known."""
    kind: TaskKind
    verdict: Verdict
    """The verdict of a group summarizes those of its tasks."""
    reason: str | None = None
    """Explains the verdict; the tasks of a group do not repeat the reason of the group."""
    fingerprint: str | None = None
    """``None``: the task is not cached, an input is not known, or it differs in each run."""
    cached_from: RecordReference | None = None
    """The success record that would serve the task, if it is cached."""

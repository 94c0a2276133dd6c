"""Node phases, in Argo's words, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    """Where a node stands."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    SKIPPED = "Skipped"
    """Its ``when`` was false, or its loop had no items."""
    FAILED = "Failed"
    """Its command, driver or launcher failed."""
    ERROR = "Error"
    """The workflow itself could not go on there, e.g. a failing expression."""
    OMITTED = "Omitted"
    """Its ``depends`` was false."""

    @property
    def is_fulfilled(self) -> bool:
        """Whether the node has come to its end."""
        return self not in _OPEN

    @property
    def is_completed(self) -> bool:
        """Whether the node came to its end by doing something."""
        return self in _COMPLETED

    @property
    def is_failed(self) -> bool:
        """Whether the node failed, by its own doing or the workflow's."""
        return self in _BROKEN


_OPEN = frozenset({Phase.PENDING, Phase.RUNNING})
_BROKEN = frozenset({Phase.FAILED, Phase.ERROR})
_COMPLETED = frozenset({Phase.SUCCEEDED, *_BROKEN})

DEPENDS_RESULT: Mapping[Phase, frozenset[str]] = {
    Phase.SUCCEEDED: frozenset({"Succeeded"}),
    Phase.SKIPPED: frozenset({"Skipped"}),
    Phase.FAILED: frozenset({"Failed"}),
    Phase.ERROR: frozenset({"Errored"}),
    Phase.OMITTED: frozenset({"Omitted"}),
}
"""What ``depends`` may say of a fulfilled node: a phase and a result have different names."""

"""How the user's command ended, as whoever ran it saw it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from argosy_schemas.records import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEnd:
    """The end of the command of a step whose decision was ``RUN``."""

    exit_code: int | None
    """Minus the number of the signal that ended it; ``None`` when it never started."""

    failure: Failure | None = None
    """Set where whoever ran it knows better than the exit code: the command was not found, the
    run was stopped, the deadline passed, memory ran out. It then counts as failed, whatever the
    exit code."""

    log: Path | None = None
    """The output of the command, to be stored; ``None`` when there is none."""

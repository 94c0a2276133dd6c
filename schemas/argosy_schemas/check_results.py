"""What the checks of an installation found: one line each, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckVerdict(StrEnum):
    """What a check says; ``argosy doctor`` ends with 1 exactly if one says FAILURE."""

    OK = "ok"
    WARNING = "warning"
    """Runs work; something is slower, or does not work at all times."""
    FAILURE = "failure"
    """Runs do not work before it is mended."""
    NOT_SEEN = "not seen"
    """It could not be looked at, e.g. for lack of rights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check."""

    name: str
    """A few words, the same in every installation."""
    verdict: CheckVerdict
    message: str
    """What was seen; unless it is in order, what to do follows a semicolon."""

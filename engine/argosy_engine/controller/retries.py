"""Decide whether another attempt follows a failed one, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from argosy_engine.workflow.model import RetryStrategy
from argosy_expressions.argo import evaluate
from argosy_expressions.errors import ExpressionError

NO_MORE = "No more retries left"
NOT_WANTED = "retryStrategy.expression evaluated to false"

_LONGEST_DELAY: Final = timedelta(days=365)
"""Limit of a growing delay, which could otherwise overflow."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Another attempt follows after a delay."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No other attempt follows."""

    message: str


def decide_retry(strategy: RetryStrategy, number: int, message: str) -> TryAgain | GiveUp:
    """Return whether another attempt follows a failed one.

    The expression must allow it, and the limit must not be reached.

    Args:
        strategy: Of the step.
        number: Of the attempt that failed, from 0.
        message: Of the same.
    """
    if number >= strategy.limit:
        return GiveUp(NO_MORE)
    if strategy.expression is not None:
        try:
            wanted = evaluate(strategy.expression, {"lastRetry": {"message": message}})
        except ExpressionError as error:
            return GiveUp(str(error))
        if wanted is not True:
            return GiveUp(NOT_WANTED)
    # Beyond this many doublings every first second has outgrown the longest delay.
    growth = strategy.factor ** min(number, 32)
    longest = _LONGEST_DELAY / max(strategy.backoff, timedelta(seconds=1))
    return TryAgain(min(strategy.backoff * min(growth, math.ceil(longest)), _LONGEST_DELAY))

"""Decide whether another attempt follows a failed one, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from argosy_engine.workflow.durations import LONGEST_DURATION, parse_duration
from argosy_engine.workflow.model import RetryStrategy
from argosy_expressions.argo import evaluate
from argosy_expressions.errors import ExpressionError
from argosy_runs.nodes import NodePhase
from argosy_schemas.values import JsonValue

NO_MORE = "No more retries left"
NOT_WANTED = "retryStrategy.expression evaluated to false"


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Another attempt follows after a delay."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No other attempt follows."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAttempt:
    """The attempt that failed."""

    number: int
    """From 0."""
    phase: NodePhase
    message: str
    exit_code: int | None
    duration: timedelta


def decide_retry(strategy: RetryStrategy, last: LastAttempt) -> TryAgain | GiveUp:
    """Return whether another attempt follows a failed one.

    The policy (``Always`` where there is an expression, else ``OnFailure``) and the expression
    must both allow it, and the limit must not be reached. Without a limit Argo does not wait.
    """
    if not _policy_allows(strategy, last.phase):
        return GiveUp(last.message)
    if strategy.limit is not None and last.number >= int(strategy.limit):
        return GiveUp(NO_MORE)
    if strategy.expression is not None:
        try:
            wanted = evaluate(strategy.expression, _environment(last))
        except ExpressionError as error:
            return GiveUp(str(error))
        if wanted is not True:
            return GiveUp(NOT_WANTED)
    return TryAgain(_delay(strategy, last.number))


def _policy_allows(strategy: RetryStrategy, phase: NodePhase) -> bool:
    match strategy.policy:
        case "OnFailure":
            return phase is NodePhase.FAILED
        case "OnError":
            return phase is NodePhase.ERROR
        case _:
            return True


def _delay(strategy: RetryStrategy, number: int) -> timedelta:
    first = parse_duration(strategy.backoff or "0")
    if strategy.limit is None or not first:
        return timedelta(0)
    factor = int(strategy.factor or "1")
    # Beyond this many doublings every first second has outgrown the longest delay.
    growth = factor ** min(number, 32)
    return min(first * growth, LONGEST_DURATION) if growth < 10**9 else LONGEST_DURATION


def _environment(last: LastAttempt) -> dict[str, JsonValue]:
    return {
        "retries": str(last.number + 1),
        "lastRetry": {
            "exitCode": "-1" if last.exit_code is None else str(last.exit_code),
            "status": last.phase.value,
            "duration": str(int(last.duration.total_seconds())),
            "message": last.message,
        },
    }

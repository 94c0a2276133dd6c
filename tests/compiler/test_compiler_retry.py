"""Retry policies, as Argo can reckon with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from argosy_compiler.pods.templates import make_retry_strategy
from argosy_schemas.ir.model import RetryPolicy

YEAR = 365 * 24 * 3600


def backoff(seconds: float, factor: float) -> Any:
    policy = RetryPolicy(max_count=3, backoff=timedelta(seconds=seconds), factor=factor)
    return make_retry_strategy(policy)["backoff"]


@pytest.mark.parametrize(
    ("seconds", "factor", "duration", "whole"),
    [
        (5, 2.0, "5s", "2"),
        (0.1, 1.5, "1s", "2"),
        (5, 0.0, "5s", "1"),
        # Argo reads a factor as an integer of 32 bits, and a wait as nanoseconds in 64.
        (10, 1e30, "10s", str(YEAR // 10)),
        (1, 1e30, "1s", str(YEAR)),
        (1e12, 1e30, f"{YEAR}s", "1"),
    ],
)
def test_a_backoff_is_what_argo_can_reckon_with(
    seconds: float, factor: float, duration: str, whole: str
) -> None:
    assert backoff(seconds, factor) == {"duration": duration, "factor": whole}


def test_another_attempt_follows_unless_the_message_ends_with_the_mark() -> None:
    strategy = make_retry_strategy(RetryPolicy(max_count=1))

    assert strategy == {
        "limit": "1",
        "retryPolicy": "Always",
        "expression": "!(lastRetry.message endsWith '(final)')",
    }

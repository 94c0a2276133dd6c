"""What errors say of a task, and whether a retry can help."""

from __future__ import annotations

import pytest

from argosy_schemas.errors import (
    ArgosyError,
    FinalTaskError,
    MachineError,
    RetryableTaskError,
    StoreError,
    TaskError,
)
from argosy_schemas.formats.failures import convert_store_errors, make_failure
from argosy_schemas.formats.records import Reason


@pytest.mark.parametrize(
    ("error", "reason", "final"),
    [
        (FinalTaskError("no", reason=Reason.UPSTREAM), Reason.UPSTREAM, True),
        (FinalTaskError("no", reason=Reason.INTERNAL), Reason.INTERNAL, True),
        (FinalTaskError("no", reason=Reason.ENVIRONMENT_FAILED), Reason.ENVIRONMENT_FAILED, True),
        (RetryableTaskError("no", reason=Reason.INVALID_INPUT), Reason.INVALID_INPUT, False),
        (TaskError("no", reason=Reason.INVALID_OUTPUT), Reason.INVALID_OUTPUT, False),
        (StoreError("no", retryable=False), Reason.STORE_FAILED, True),
        (StoreError("no", retryable=True), Reason.STORE_FAILED, False),
        (MachineError("no"), Reason.INTERNAL, True),
    ],
)
def test_whether_a_failure_is_final_is_said_by_the_type_of_the_error(
    error: ArgosyError, reason: Reason, final: bool
) -> None:
    failure = make_failure(error)

    assert (failure.reason, failure.message, failure.final) == (reason, "no", final)


@pytest.mark.parametrize(
    ("retryable", "kind"), [(True, RetryableTaskError), (False, FinalTaskError)]
)
def test_what_a_store_says_becomes_what_a_task_says(retryable: bool, kind: type[TaskError]) -> None:
    with pytest.raises(kind) as caught, convert_store_errors("task 't': "):
        raise StoreError("s3://b: is away", retryable=retryable)

    assert str(caught.value) == "task 't': s3://b: is away"
    assert caught.value.reason == Reason.STORE_FAILED
    assert isinstance(caught.value.__cause__, StoreError)

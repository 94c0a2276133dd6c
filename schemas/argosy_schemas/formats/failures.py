"""What an error says of a task, as the failure that is written down.

Whether a retry can help is said by the type of the error, and taken from it here alone.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from argosy_schemas.errors import (
    ArgosyError,
    FinalTaskError,
    RetryableTaskError,
    StoreError,
    TaskError,
)
from argosy_schemas.formats.records import Failure, Reason


@contextmanager
def convert_store_errors(place: str = "") -> Generator[None]:
    """Turn what a store says into what a task says.

    Args:
        place: What comes before the message of the store.

    Raises:
        RetryableTaskError: The store did not answer for as long as its retries last.
        FinalTaskError: It refused.
    """
    try:
        yield
    except StoreError as error:
        raise _task_error(error, place) from error


def make_failure(error: ArgosyError) -> Failure:
    """Return why the attempt failed that ``error`` ended.

    What is not said of a task or a store is final: neither what was given nor this machine changes
    by itself.
    """
    match error:
        case TaskError():
            is_final = isinstance(error, FinalTaskError)
            return Failure(reason=Reason(error.reason), message=str(error), final=is_final)
        case StoreError():
            return make_failure(_task_error(error))
        case _:
            return Failure(reason=Reason.INTERNAL, message=str(error), final=True)


def _task_error(error: StoreError, place: str = "") -> TaskError:
    kind = RetryableTaskError if error.retryable else FinalTaskError
    return kind(f"{place}{error}", reason=Reason.STORE_FAILED)

"""Convert errors to the :class:`Failure` of an attempt record.

The type of an error says whether a retry can help; only this module reads that from it.
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
def convert_store_errors(prefix: str = "") -> Generator[None]:
    """Convert a :class:`StoreError` in the block to a :class:`TaskError`.

    Args:
        prefix: Text to put before the message of the store.

    Raises:
        RetryableTaskError: The store did not answer within its retries.
        FinalTaskError: The store refused.
    """
    try:
        yield
    except StoreError as error:
        raise _make_task_error(error, prefix) from error


def make_failure(error: ArgosyError) -> Failure:
    """Return the failure of an attempt that ``error`` ended.

    Errors other than those of tasks and stores are final: a retry changes neither the arguments
    nor this machine.
    """
    match error:
        case TaskError():
            is_final = isinstance(error, FinalTaskError)
            return Failure(reason=Reason(error.reason), message=str(error), final=is_final)
        case StoreError():
            return make_failure(_make_task_error(error))
        case _:
            return Failure(reason=Reason.INTERNAL, message=str(error), final=True)


def _make_task_error(error: StoreError, prefix: str = "") -> TaskError:
    kind = RetryableTaskError if error.retryable else FinalTaskError
    return kind(f"{prefix}{error}", reason=Reason.STORE_FAILED)

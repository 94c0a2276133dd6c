"""What the database refuses, as errors that clients see."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, OperationalError

from argosy_service.errors import InvalidRequestError, UnavailableError


@contextmanager
def translate_database_errors() -> Generator[None]:
    """Raise errors of the database in the block as those of the service.

    Raises:
        InvalidRequestError: It cannot hold a value.
        UnavailableError: It does not answer.
    """
    try:
        yield
    except DataError as error:
        raise InvalidRequestError(
            f"the database cannot hold a value: {_first_line(error)}; remove the character"
        ) from error
    except OperationalError as error:
        raise UnavailableError(
            f"the database does not answer: {_first_line(error)}; try again"
        ) from error


def _first_line(error: DataError | OperationalError) -> str:
    return str(error.orig).strip().splitlines()[0]

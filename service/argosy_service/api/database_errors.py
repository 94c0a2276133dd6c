"""What the database refuses, as errors that clients see."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DataError, OperationalError

from argosy_service.errors import InvalidRequestError, UnavailableError, read_first_line


@contextmanager
def translate_database_errors() -> Generator[None]:
    """Raise errors of the database in the block as those of the service.

    Raises:
        InvalidRequestError: It cannot hold a value.
        UnavailableError: It does not answer, is gone, or damaged.
    """
    try:
        yield
    except DataError as error:
        raise InvalidRequestError(
            f"the database cannot hold a value: {_first_line(error)}; remove the character"
        ) from error
    except DatabaseError as error:
        if isinstance(error.orig, FileNotFoundError):
            raise UnavailableError(
                f"the database is gone: {error.orig}; start the service again"
            ) from error
        if type(error) is DatabaseError:  # of SQLite alone: others are kinds of it
            raise UnavailableError(
                f"the database is damaged: {_first_line(error)}; restore a backup"
            ) from error
        if not isinstance(error, OperationalError):
            raise
        raise UnavailableError(
            f"the database does not answer: {_first_line(error)}; try again"
        ) from error


def _first_line(error: DatabaseError) -> str:
    return read_first_line(error.orig or error)

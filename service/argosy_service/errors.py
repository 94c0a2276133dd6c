"""Errors that the API answers with.

* ServiceError                 one sentence, and the code that clients see
  - InvalidRequestError        the request is wrong; its sender must act
  - NotFoundError              no such thing
  - AlreadyExistsError         the name is taken
  - PreconditionError          something else has to be done first
  - WrongStateError              the thing is in a state that does not allow it
  - UnauthenticatedError       nobody knows who sent the request
  - AccessRefusedError         its sender may not do it
  - NotImplementedYetError     part of the API, and not of this release
  - UnavailableError           try again later

Any other exception is a bug of the service, and answered as :attr:`Code.INTERNAL`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

from argosy_schemas.errors import ArgosyError


def read_first_line(error: BaseException) -> str:
    """Return the first line of an error's text; where it has none, the name of its kind."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def describe_error(error: BaseException) -> str:
    """Return one line about an error of any kind."""
    if isinstance(error, ArgosyError):
        return " ".join(str(error).split())
    # What SQLAlchemy adds to it is the statement.
    cause: BaseException = getattr(error, "orig", None) or error
    kind, line = type(cause).__name__, read_first_line(cause)
    return line if line == kind else f"{kind}: {line}"


class Code(IntEnum):
    """The codes of gRPC that the service uses."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16

    @property
    def http_status(self) -> int:
        """The HTTP status that stands for it."""
        return _HTTP_STATUS[self]


_HTTP_STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}


class ServiceError(ArgosyError):
    """A request that is refused; the message is one sentence without a full stop."""

    code: ClassVar[Code]


class InvalidRequestError(ServiceError):
    """A member of the request is missing or wrong."""

    code = Code.INVALID_ARGUMENT


class NotFoundError(ServiceError):
    """There is no such thing."""

    code = Code.NOT_FOUND


class AlreadyExistsError(ServiceError):
    """The name is taken."""

    code = Code.ALREADY_EXISTS


class PreconditionError(ServiceError):
    """Something else has to be done first."""

    code = Code.FAILED_PRECONDITION


class WrongStateError(ServiceError):
    """The thing is in a state that does not allow it."""

    code = Code.ABORTED


class UnauthenticatedError(ServiceError):
    """Nobody knows who sent the request."""

    code = Code.UNAUTHENTICATED


class AccessRefusedError(ServiceError):
    """The sender of the request may not do it."""

    code = Code.PERMISSION_DENIED


class NotImplementedYetError(ServiceError):
    """A part of the API that this release does not serve."""

    code = Code.UNIMPLEMENTED


class UnavailableError(ServiceError):
    """The service cannot do it now, and may be able to later."""

    code = Code.UNAVAILABLE

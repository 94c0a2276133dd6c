"""Members of messages: times, names, tags."""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from argosy_service.database.times import SECOND
from argosy_service.errors import InvalidRequestError

_MAX_NAMESPACE_BYTES: Final = 63


def make_timestamp(at: int) -> Timestamp:
    """Return a time of the database, in whole seconds; 0 is 1970, which clients take for none."""
    return Timestamp(seconds=at // SECOND)


def read_timestamp(timestamp: Timestamp) -> int:
    """Return a time as the database has it."""
    return timestamp.seconds * SECOND + timestamp.nanos // 1000


def check_namespace(namespace: str) -> str:
    """Return a namespace that is not too long; it may be empty.

    Raises:
        InvalidRequestError: It is.
    """
    if len(namespace.encode()) > _MAX_NAMESPACE_BYTES:
        raise InvalidRequestError(
            f"namespace: The name is longer than {_MAX_NAMESPACE_BYTES} bytes; give a namespace"
        )
    return namespace


def check_name(name: str, *, member: str, max_bytes: int) -> str:
    """Return a name that is neither empty nor too long.

    Raises:
        InvalidRequestError: It is.
    """
    size = len(name.encode())
    if not name:
        raise InvalidRequestError(f"{member}: The name is empty; give one")
    if size > max_bytes:
        raise InvalidRequestError(f"{member}: The name has {size} bytes; use at most {max_bytes}")
    return name

"""Tags of pipelines and versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from argosy_service.database.tables import TAGS
from argosy_service.errors import InvalidRequestError

_MAX_TAGS: Final = 20
_MAX_LENGTH: Final = 63


def limit_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags that keep the limits.

    Raises:
        InvalidRequestError: There are too many, or a key or value is too long or not allowed.
    """
    if len(tags) > _MAX_TAGS:
        raise InvalidRequestError(f"tags: {len(tags)} are too many; use at most {_MAX_TAGS}")
    for key, value in tags.items():
        if not key:
            raise InvalidRequestError("tags: A key is empty; name it")
        if "." in key:
            raise InvalidRequestError(
                f"tags: Key '{key}' has a dot, and filters could not name it; leave the dot out"
            )
        for what, text in (("Key", key), ("The value of", value)):
            if len(text) > _MAX_LENGTH:
                raise InvalidRequestError(
                    f"tags: {what} '{key}' has {len(text)} characters; use at most {_MAX_LENGTH}"
                )
    return dict(tags)


def load_tags(connection: Connection, owners: Iterable[str]) -> Mapping[str, dict[str, str]]:
    """Return the tags of pipelines or versions by their ids; none for an id without tags."""
    found = defaultdict[str, dict[str, str]](dict)
    ids = list(owners)
    if ids:
        for row in connection.execute(select(TAGS).where(TAGS.c.owner_id.in_(ids))):
            found[row.owner_id][row.key] = row.value
    return found


def replace_tags(connection: Connection, owner: str, tags: Mapping[str, str]) -> None:
    """Give a pipeline or a version these tags, and no others."""
    connection.execute(delete(TAGS).where(TAGS.c.owner_id == owner))
    if tags:
        rows = [{"owner_id": owner, "key": key, "value": value} for key, value in tags.items()]
        connection.execute(insert(TAGS), rows)

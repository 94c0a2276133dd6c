"""Numbers of changes: each change of a run or of its tasks has a higher one than all before it.

The transaction that takes a number holds it until it ends, so that numbers become visible in their
order: who has seen one has seen all lower ones. It is taken last of all that is locked.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from argosy_service.database.tables import COUNTERS

_RUNS: Final = "runs"
_FORGOTTEN: Final = "forgotten"
_C: Final = COUNTERS.c


def take_revision(connection: Connection) -> int:
    """Return the number of the change that the transaction makes; the same row for all."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(COUNTERS).values(name=_RUNS, value=1)
    counted = statement.on_conflict_do_update(
        index_elements=[_C.name], set_={"value": _C.value + 1}
    )
    revision: int = connection.execute(counted.returning(_C.value)).scalar_one()
    return revision


def read_revision(connection: Connection) -> int:
    """Return the number of the last change; 0: there was none."""
    return _read(connection, _RUNS)


def read_forgotten(connection: Connection) -> int:
    """Return the highest number of a deletion that is no longer known; 0: all are."""
    return _read(connection, _FORGOTTEN)


def write_forgotten(connection: Connection, revision: int) -> None:
    """Write down that deletions up to a number are no longer known."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(COUNTERS).values(name=_FORGOTTEN, value=revision)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[_C.name], set_={"value": revision})
    )


def _read(connection: Connection, name: str) -> int:
    return connection.execute(select(_C.value).where(_C.name == name)).scalar() or 0

"""Removing a run from the database, with all that is known of it."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, select

from argosy_service.database.inserting import insert_missing
from argosy_service.database.revisions import take_revision, write_forgotten
from argosy_service.database.tables import (
    ARTIFACT_LINKS,
    ARTIFACTS,
    DELETED_RUNS,
    GONE_RUNS,
    RUNS,
    TASKS,
)
from argosy_service.database.times import SECOND

_REMEMBERED_SECONDS: Final = 3600
"""How long those who follow the list can be told of a run that is gone."""

_AT_ONCE: Final = 500
"""How many ids a query names; SQLite has a limit."""


def remove_run(connection: Connection, row: Row[Any], *, artifacts: bool, now: int) -> None:
    """Remove a run from what clients see; its engine removes what it has of it afterwards.

    Args:
        connection: Of a transaction that writes.
        row: Of the run, which the transaction has locked.
        artifacts: Whether its artifacts go as well, where no other run uses them.
        now: The time.
    """
    # In the order in which reports are written: the run, the number, then tasks and artifacts.
    revision = take_revision(connection)
    connection.execute(delete(RUNS).where(RUNS.c.id == row.id))
    remove_tasks(connection, row.id)
    # Until its engine has removed it too.
    left = {"run_id": row.id, "artifacts": artifacts, "namespace": row.namespace}
    insert_missing(connection, DELETED_RUNS, left)
    _remember(connection, row, revision, now)


def is_being_removed(connection: Connection, run_id: str) -> bool:
    """Return whether a run was deleted, and its engine has something of it still."""
    query = select(DELETED_RUNS.c.run_id).where(DELETED_RUNS.c.run_id == run_id)
    return connection.execute(query).first() is not None


def remove_tasks(connection: Connection, run_id: str) -> None:
    """Remove the tasks of a run, what they made and used, and artifacts that no other run has."""
    connection.execute(delete(TASKS).where(TASKS.c.run_id == run_id))
    links = ARTIFACT_LINKS.c
    query = select(links.artifact_id).where(links.run_id == run_id).distinct()
    ids = connection.execute(query).scalars().all()
    connection.execute(delete(ARTIFACT_LINKS).where(links.run_id == run_id))
    is_linked = select(links.id).where(links.artifact_id == ARTIFACTS.c.id).exists()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        connection.execute(delete(ARTIFACTS).where(ARTIFACTS.c.id.in_(some), ~is_linked))


def _remember(connection: Connection, row: Row[Any], revision: int, now: int) -> None:
    gone = GONE_RUNS.c
    old = gone.deleted_at < now - _REMEMBERED_SECONDS * SECOND
    forgotten = connection.execute(select(func.max(gone.revision)).where(old)).scalar()
    if forgotten:
        connection.execute(delete(GONE_RUNS).where(old))
        write_forgotten(connection, forgotten)
    # An id may be used again.
    connection.execute(delete(GONE_RUNS).where(gone.run_id == row.id))
    values = {
        "run_id": row.id,
        "namespace": row.namespace,
        "experiment_id": row.experiment_id,
        "deleted_at": now,
    }
    insert_missing(connection, GONE_RUNS, {**values, "revision": revision})

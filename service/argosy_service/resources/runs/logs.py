"""Whose log a client asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, or_, select

from argosy_runs.states import TaskState
from argosy_service.database.tables import RUNS, TASKS
from argosy_service.errors import NotFoundError
from argosy_service.resources.context import Context
from argosy_service.resources.runs.run_rows import find_run_row
from argosy_service.resources.runs.states import UNFINISHED

_ENDED: Final = frozenset(each.value for each in TaskState if each.is_final)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedTask:
    """A task whose log, or whose artifacts, a client asks for."""

    path: str
    namespace: str
    """Of its run."""


def find_logged_task(context: Context, run_id: str, node: str) -> LoggedTask:
    """Return the task that ``node`` names: by its id, its path or its pod.

    Raises:
        NotFoundError: There is no such run, or it has no such task so far.
    """
    columns = TASKS.c
    is_it = or_(
        columns.id == node,
        columns.path == node,
        and_(columns.pod_name == node, columns.pod_name != ""),
    )
    with context.database.read() as connection:
        namespace = find_run_row(connection, run_id).namespace
        # An id or a path that is also the name of a pod is what it says first.
        query = (
            select(columns.path)
            .where(columns.run_id == run_id, is_it)
            .order_by(columns.id != node, columns.path != node, columns.position.desc())
        )
        path = connection.execute(query.limit(1)).scalar()
    if path is None:
        raise NotFoundError(
            f"run '{run_id}' has no task '{node}' so far; its run_details have the ids of its tasks"
        )
    return LoggedTask(path=str(path), namespace=namespace)


def has_ended(context: Context, run_id: str, path: str) -> bool:
    """Return whether a task writes nothing more; true for one whose run is gone."""
    columns = TASKS.c
    with context.database.read() as connection:
        state = connection.execute(select(RUNS.c.state).where(RUNS.c.id == run_id)).scalar()
        if state not in UNFINISHED:
            return True
        query = select(columns.state).where(columns.run_id == run_id, columns.path == path)
        # In a run that is retried and waits, tasks are as they were.
        return state != "PENDING" and connection.execute(query).scalar() in _ENDED

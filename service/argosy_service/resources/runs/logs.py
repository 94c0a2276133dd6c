"""Whose log a client asks for."""

from __future__ import annotations

from sqlalchemy import select

from argosy_service.database.tables import RUNS, TASKS
from argosy_service.errors import NotFoundError
from argosy_service.resources.context import Context
from argosy_service.resources.runs.run_rows import find_run_row
from argosy_service.resources.runs.states import UNFINISHED
from argosy_service.resources.runs.tasks import make_task_id


def find_logged_task(context: Context, run_id: str, node: str) -> str:
    """Return the path of the task that ``node`` names: by its id, its path or its pod.

    Raises:
        NotFoundError: There is no such run, or it has no such task so far.
    """
    with context.database.read() as connection:
        find_run_row(connection, run_id)
        tasks = connection.execute(
            select(TASKS.c.path, TASKS.c.pod_name).where(TASKS.c.run_id == run_id)
        ).all()
    for path, pod_name in tasks:
        if node in (path, pod_name, make_task_id(run_id, path)):
            return str(path)
    raise NotFoundError(
        f"run '{run_id}' has no task '{node}' so far; its run_details have the ids of its tasks"
    )


def has_ended(context: Context, run_id: str) -> bool:
    """Return whether a run writes nothing more; true for one that is gone."""
    with context.database.read() as connection:
        state = connection.execute(select(RUNS.c.state).where(RUNS.c.id == run_id)).scalar()
    return state not in UNFINISHED

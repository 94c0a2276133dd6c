"""Writes the tasks of runs into the database: those that changed, and only these."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, delete, select

from argosy_runs.results import TaskResult
from argosy_schemas.values import to_json
from argosy_service.background.task_rows import (
    list_moves,
    make_artifact_rows,
    make_mark,
    make_task_row,
)
from argosy_service.database.inserting import insert_all_missing, write_rows
from argosy_service.database.revisions import take_revision
from argosy_service.database.tables import ARTIFACT_LINKS, ARTIFACTS, TASKS
from argosy_service.engines.protocol import RunReport

_AT_ONCE: Final = 500
"""How many ids a query names; SQLite has a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTask:
    """What the database says of a task."""

    mark: str
    state: str
    history: str
    created_at: int


WrittenTasks: TypeAlias = Mapping[str, WrittenTask]
"""By path."""


def load_known(connection: Connection, run_id: str) -> WrittenTasks:
    """Return what the database says of the tasks of a run."""
    columns = TASKS.c
    query = select(
        columns.path, columns.mark, columns.state, columns.state_history, columns.created_at
    )
    return {
        path: WrittenTask(mark=mark, state=state, history=history, created_at=created_at)
        for path, mark, state, history, created_at in connection.execute(
            query.where(columns.run_id == run_id)
        )
    }


def find_changed(known: WrittenTasks, report: RunReport) -> Sequence[tuple[int, TaskResult, str]]:
    """Return the tasks of a report that are not as they were: position, task and mark."""
    return [
        (position, task, mark)
        for position, task in enumerate(report.tasks)
        if (mark := make_mark(position, task)) != getattr(known.get(task.path), "mark", None)
    ]


def write_tasks(
    connection: Connection,
    run: Row[Any],
    changed: Sequence[tuple[int, TaskResult, str]],
    known: WrittenTasks,
    *,
    now: int,
) -> WrittenTasks:
    """Write tasks that changed, with what they made and used; return what is known of all."""
    revision = take_revision(connection)
    rows: list[dict[str, Any]] = []
    after = dict(known)
    for position, task, mark in changed:
        row = make_task_row(run.id, position, task)
        before = known.get(task.path)
        history: list[Any] = json.loads(before.history or "[]") if before else []
        history += list_moves(row, before.state if before else "", now)
        entry = WrittenTask(
            mark=mark,
            state=row["state"],
            history=to_json(history),
            created_at=(before.created_at if before else 0) or now,
        )
        after[task.path] = entry
        rows.append(
            {
                **row,
                "state_history": entry.history,
                "mark": mark,
                "created_at": entry.created_at,
                "revision": revision,
            }
        )
    write_rows(connection, TASKS, rows)
    _write_artifacts(connection, run, [task for _, task, _ in changed], rows, now)
    return after


def _write_artifacts(
    connection: Connection,
    run: Row[Any],
    tasks: Sequence[TaskResult],
    rows: Sequence[Mapping[str, Any]],
    now: int,
) -> None:
    ids = [row["id"] for row in rows]
    for start in range(0, len(ids), _AT_ONCE):
        # A task that ran once more may have used others.
        connection.execute(
            delete(ARTIFACT_LINKS).where(
                ARTIFACT_LINKS.c.task_id.in_(ids[start : start + _AT_ONCE])
            )
        )
    found = make_artifact_rows(run.id, run.namespace, tasks, now)
    insert_all_missing(connection, ARTIFACTS, found.artifacts)
    insert_all_missing(connection, ARTIFACT_LINKS, found.links)

"""Writes the tasks of runs into the database: those that changed, and only these."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, delete, select

from argosy_runs.results import TaskResult
from argosy_schemas.values import to_json
from argosy_service.background.task_rows import (
    list_moves,
    make_artifact_rows,
    make_mark,
    make_task_row,
)
from argosy_service.database.inserting import insert_all_missing, write_rows
from argosy_service.database.tables import ARTIFACT_LINKS, ARTIFACTS, TASKS
from argosy_service.engines.protocol import RunReport
from argosy_service.resources.runs.tasks import make_task_id

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """A task whose rows have to change."""

    run_id: str
    namespace: str
    task: TaskResult
    row: Mapping[str, Any]
    """Without its revision."""


def load_known(connection: Connection, run_ids: Sequence[str]) -> Mapping[str, WrittenTasks]:
    """Return what the database says of the tasks of runs, by run."""
    columns = TASKS.c
    query = select(
        columns.run_id,
        columns.path,
        columns.mark,
        columns.state,
        columns.state_history,
        columns.created_at,
    )
    found: dict[str, dict[str, WrittenTask]] = {run_id: {} for run_id in run_ids}
    for run_id, path, mark, state, history, created_at in connection.execute(
        query.where(columns.run_id.in_(run_ids))
    ):
        found[run_id][path] = WrittenTask(
            mark=mark, state=state, history=history, created_at=created_at
        )
    return found


def find_changes(
    known: WrittenTasks, report: RunReport, *, namespace: str, now: int
) -> tuple[Sequence[TaskChange], WrittenTasks]:
    """Return the tasks of a report that are not as they were, and what is known of all then.

    Args:
        known: What the database says of the tasks.
        report: Of their run.
        namespace: Of their run.
        now: Where a task has no time of its own.
    """
    changes: list[TaskChange] = []
    after: dict[str, WrittenTask] = {}
    for position, task in enumerate(report.tasks):
        mark, before = make_mark(position, task), known.get(task.path)
        if before is not None and before.mark == mark:
            continue
        row = make_task_row(report.run_id, position, task)
        history: list[Any] = json.loads(before.history or "[]") if before else []
        history += list_moves(row, before.state if before else "", now)
        entry = WrittenTask(
            mark=mark,
            state=row["state"],
            history=to_json(history),
            created_at=(before.created_at if before else 0) or row["started_at"] or now,
        )
        after[task.path] = entry
        whole = {
            **row,
            "state_history": entry.history,
            "mark": mark,
            "created_at": entry.created_at,
        }
        changes.append(TaskChange(run_id=report.run_id, namespace=namespace, task=task, row=whole))
    return changes, ({**known, **after} if after else known)


def find_gone(known: WrittenTasks, report: RunReport) -> frozenset[str]:
    """Return the paths of tasks that a report does not have any more.

    A loop has placeholders for its tasks until its iterations are known. A task that has begun
    stays until the end: the report of a run that was retried does not know all of them at first.

    Args:
        known: What the database says of the tasks.
        report: Of their run.
    """
    if not report.tasks or report.is_partial:
        return frozenset()
    paths = {task.path for task in report.tasks}
    return frozenset(
        path
        for path, entry in known.items()
        if path not in paths and (report.is_final or entry.state == "PENDING")
    )


def remove_tasks_by_path(connection: Connection, run_id: str, paths: Iterable[str]) -> None:
    """Remove some tasks of a run, with what they made and used."""
    ids = [make_task_id(run_id, path) for path in paths]
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        connection.execute(delete(ARTIFACT_LINKS).where(ARTIFACT_LINKS.c.task_id.in_(some)))
        connection.execute(delete(TASKS).where(TASKS.c.id.in_(some)))


def write_tasks(
    connection: Connection, changes: Iterable[TaskChange], *, revision: int, now: int
) -> None:
    """Write tasks that changed, with what they made and used; of one that is there twice the last.

    Args:
        connection: Of a transaction that has locked their runs.
        changes: Of any runs.
        revision: The number of the change that the transaction makes.
        now: Where a task has no time of its own.
    """
    last = {change.row["id"]: change for change in changes}
    rows = [{**change.row, "revision": revision} for change in last.values()]
    write_rows(connection, TASKS, rows)
    ids = list(last)
    for start in range(0, len(ids), _AT_ONCE):
        # A task that ran once more may have used others.
        some = ids[start : start + _AT_ONCE]
        connection.execute(delete(ARTIFACT_LINKS).where(ARTIFACT_LINKS.c.task_id.in_(some)))
    artifacts: dict[str, Mapping[str, Any]] = {}
    links: list[Mapping[str, Any]] = []
    for change in last.values():
        if not (change.task.inputs.artifacts or change.task.outputs.artifacts):
            continue
        found = make_artifact_rows(change.run_id, change.namespace, [change.task], now)
        for row in found.artifacts:
            artifacts.setdefault(row["id"], row)
        links += found.links
    insert_all_missing(connection, ARTIFACTS, list(artifacts.values()))
    insert_all_missing(connection, ARTIFACT_LINKS, links)

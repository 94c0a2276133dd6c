"""What changed of a run, and of the list of runs, since a change that a follower has seen.

Each change has a number, its revision. Who follows names the last one that it has seen, and gets
what stands in the database after it: the present, not all that was between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from argosy_schemas.values import JsonValue
from argosy_service.database.revisions import read_forgotten, read_revision
from argosy_service.database.tables import GONE_RUNS, RUNS, TASKS
from argosy_service.database.times import from_microseconds
from argosy_service.resources.context import Context
from argosy_service.resources.runs.run_rows import find_run_row
from argosy_service.resources.runs.states import UNFINISHED

_AT_ONCE: Final = 200
"""How many tasks or runs are read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a follower has read: the last change, and the last row of it."""

    revision: int
    row: str = ""
    """The path of a task, or the id of a run, in the change after ``revision``; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNews:
    """What a follower of a run gets."""

    run: Mapping[str, JsonValue] | None
    """The run, if something in it changed; without its tasks."""
    tasks: Sequence[Mapping[str, JsonValue]]
    seen: int
    """After these news the follower knows all changes up to this one."""
    place: Place
    has_more: bool
    """Whether there is more to read at once."""
    is_over: bool
    """Whether the run has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedChange:
    """One change of the list of runs."""

    run_id: str
    run: Mapping[str, JsonValue] | None
    """``None``: it was deleted."""
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNews:
    """What a follower of the list gets."""

    changes: Sequence[ListedChange]
    """In the order of their revisions."""
    place: Place
    has_more: bool
    is_lost: bool = False
    """Whether more happened than is known: the follower has to read the list again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListScope:
    """Which runs a follower of the list wants; empty: all."""

    namespace: str = ""
    experiment_id: str = ""

    def conditions(self, columns: Any) -> list[ColumnElement[bool]]:
        """Return the conditions on the columns of a table of runs."""
        wanted = {"namespace": self.namespace, "experiment_id": self.experiment_id}
        return [columns[name] == value for name, value in wanted.items() if value]


def check_run(context: Context, run_id: str) -> None:
    """Refuse a run that is not there.

    Raises:
        NotFoundError: It is not.
    """
    with context.database.read() as connection:
        find_run_row(connection, run_id)


def read_last_revision(context: Context) -> int:
    """Return the number of the last change of all runs."""
    with context.database.read() as connection:
        return read_revision(connection)


def read_run_news(context: Context, run_id: str, after: Place) -> RunNews | None:
    """Return what changed of a run; ``None``: there is no such run, or none any more."""
    with context.database.read() as connection:
        run = connection.execute(select(RUNS).where(RUNS.c.id == run_id)).first()
        if run is None:
            return None
        tasks = _read_tasks(connection, run_id, after)
    has_more = len(tasks) > _AT_ONCE
    tasks = tasks[:_AT_ONCE]
    seen, place = max(run.revision, after.revision), Place(revision=run.revision)
    if has_more:
        last = tasks[-1]
        # Others of the same change follow.
        seen = max(after.revision, last.revision - 1)
        place = Place(revision=last.revision, row=last.path)
    return RunNews(
        run=_write_run(run) if run.revision > after.revision and not after.row else None,
        tasks=[_write_task(row) for row in tasks],
        seen=seen,
        place=place,
        has_more=has_more,
        is_over=not has_more and run.state not in UNFINISHED,
    )


def read_list_news(context: Context, scope: ListScope, after: Place) -> ListNews:
    """Return what changed of the list of runs."""
    with context.database.read() as connection:
        last = read_revision(connection)
        if not read_forgotten(connection) <= after.revision <= last:
            return ListNews(changes=(), place=Place(revision=last), has_more=False, is_lost=True)
        changes = [
            *_read_changes(connection, scope, after, RUNS, "id"),
            *_read_changes(connection, scope, after, GONE_RUNS, "run_id"),
        ]
    changes.sort(key=lambda change: (change.revision, change.run_id))
    has_more = len(changes) > _AT_ONCE
    changes = changes[:_AT_ONCE]
    place = Place(revision=last)
    if has_more:
        place = Place(revision=changes[-1].revision, row=changes[-1].run_id)
    return ListNews(changes=changes, place=place, has_more=has_more)


def _read_tasks(connection: Connection, run_id: str, after: Place) -> Sequence[Row[Any]]:
    columns = TASKS.c
    wanted = [each for each in columns if each.name not in ("inputs", "outputs", "state_history")]
    query = (
        select(*wanted)
        .where(columns.run_id == run_id, _follows(columns.revision, columns.path, after))
        .order_by(columns.revision, columns.path)
        .limit(_AT_ONCE + 1)
    )
    return connection.execute(query).all()


def _read_changes(
    connection: Connection, scope: ListScope, after: Place, table: Any, key: str
) -> Sequence[ListedChange]:
    columns = table.c
    query = (
        select(table)
        .where(*scope.conditions(columns), _follows(columns.revision, columns[key], after))
        .order_by(columns.revision, columns[key])
        .limit(_AT_ONCE + 1)
    )
    return [
        ListedChange(
            run_id=getattr(row, key),
            run=_write_run(row) if table is RUNS else None,
            revision=row.revision,
        )
        for row in connection.execute(query)
    ]


def _follows(
    revision: ColumnElement[int], key: ColumnElement[str], after: Place
) -> ColumnElement[bool]:
    if not after.row:
        return revision > after.revision
    further = and_(revision == after.revision, key > after.row)
    return and_(revision >= after.revision, or_(revision > after.revision, further))


def _write_run(row: Row[Any]) -> dict[str, JsonValue]:
    return _leave_out_absent(
        {
            "run_id": row.id,
            "display_name": row.name,
            "experiment_id": row.experiment_id,
            "namespace": row.namespace,
            "recurring_run_id": row.recurring_run_id,
            "pipeline_id": row.pipeline_id,
            "pipeline_version_id": row.pipeline_version_id,
            "state": row.state,
            "storage_state": row.storage_state,
            "error": row.error,
            "created_at": _write_time(row.created_at),
            "scheduled_at": _write_time(row.scheduled_at),
            "finished_at": _write_time(row.finished_at),
        }
    )


def _write_task(row: Row[Any]) -> dict[str, JsonValue]:
    return _leave_out_absent(
        {
            "task_id": row.id,
            "parent_task_id": row.parent_id,
            "name": row.name,
            "display_name": row.display_name,
            "scope_path": row.path,
            "state": row.state,
            "cached": bool(row.is_cached) or None,
            "error": row.error,
            "pod_name": row.pod_name,
            "start_time": _write_time(row.started_at),
            "end_time": _write_time(row.finished_at),
        }
    )


def _leave_out_absent(members: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in members.items() if value not in ("", None)}


def _write_time(at: int) -> str:
    found = from_microseconds(at)
    return "" if found is None else found.isoformat().replace("+00:00", "Z")

"""Makes the runs of recurring runs when they are due.

A run and the slot that follows it are written in one transaction, and the id of the run follows
from recurring run and slot: no slot makes two runs, and none is lost, whatever is killed when.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, update

from argosy_service.database.tables import RECURRING_RUNS, RUNS
from argosy_service.errors import NotFoundError, describe_error
from argosy_service.resources.context import Context
from argosy_service.resources.pipelines.versions import find_newest_version
from argosy_service.resources.recurring_runs.recurring_runs import make_slug, read_schedule
from argosy_service.resources.runs.run_rows import NewRun, insert_run
from argosy_service.resources.runs.states import UNFINISHED

_AT_ONCE: Final = 100
"""How many recurring runs are looked at in a step."""


class Scheduler:
    """The job that makes runs."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> bool:
        """Make the runs that are due; return whether any was made."""
        context = self._context
        now = context.now()
        columns = RECURRING_RUNS.c
        due = (
            select(columns.id)
            .where(
                columns.is_enabled,
                columns.next_at > 0,
                columns.next_at <= now,
                # One that waits for its own runs takes no place of others.
                columns.max_concurrency > _count_unfinished(columns.id).scalar_subquery(),
            )
            .order_by(columns.next_at, columns.id)
            .limit(_AT_ONCE)
        )
        with context.database.read() as connection:
            ids = list(connection.execute(due).scalars())
        made = False
        for recurring_run_id in ids:
            try:
                with context.database.write() as connection:
                    made |= self._fire(connection, recurring_run_id, now)
            except Exception as error:  # one that is broken must not stop the others
                what = f"recurring run {recurring_run_id} made no run: {describe_error(error)}"
                context.health.warn("schedule", what)
        if made:
            context.changes.notify()
        return made

    def _fire(self, connection: Connection, recurring_run_id: str, now: int) -> bool:
        """Make the next run of a recurring run; return whether it was made."""
        columns = RECURRING_RUNS.c
        query = select(RECURRING_RUNS).where(columns.id == recurring_run_id).with_for_update()
        row = connection.execute(query).first()
        # It may have changed since it was found.
        if row is None or not row.is_enabled or not 0 < row.next_at <= now:
            return False
        schedule = read_schedule(row, self._context.time_zone)
        slot = schedule.latest(row.next_at, now) if row.no_catchup else row.next_at
        error = ""
        try:
            insert_run(connection, _make_run(connection, row, slot), now)
        except NotFoundError as problem:
            error = f"no run was made: {problem}"
        connection.execute(
            update(RECURRING_RUNS)
            .where(columns.id == row.id)
            .values(next_at=schedule.after(slot), fired=row.fired + 1, error=error)
        )
        return not error


def _count_unfinished(recurring_run_id: ColumnElement[str]) -> Select[int]:
    """Return a query for the number of runs of a recurring run that have not ended."""
    return select(func.count(RUNS.c.id)).where(
        RUNS.c.recurring_run_id == recurring_run_id, RUNS.c.state.in_(UNFINISHED)
    )


def _make_run(connection: Connection, row: Row[Any], slot: int) -> NewRun:
    """Return the run of a slot.

    Raises:
        NotFoundError: It runs the newest version, and there is none any more.
    """
    version_id, digest = row.pipeline_version_id, row.spec_digest
    if row.pipeline_id and not version_id:
        version = find_newest_version(connection, row.pipeline_id)
        version_id, digest = version.id, version.spec_digest
    run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{row.id}/{slot}"))
    return NewRun(
        run_id=run_id,
        experiment_id=row.experiment_id,
        namespace=row.namespace,
        name=f"{make_slug(row.name)}-{row.fired + 1}-{run_id[:5]}",
        description=row.description,
        pipeline_id=row.pipeline_id,
        version_id=version_id,
        spec_digest=digest,
        parameters=row.parameters,
        pipeline_root=row.pipeline_root,
        service_account=row.service_account,
        recurring_run_id=row.id,
        scheduled_at=slot,
        index=row.fired + 1,
    )

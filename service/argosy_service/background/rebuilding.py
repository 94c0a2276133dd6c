"""Builds what the database says of tasks once more, from what engines keep of their runs.

It is a read model: whatever is there goes, and what the journal or the Workflow of a run and its
records say comes in its place. What only the database knows stays, the states of runs above all;
but a run that ended while the database did not see it gets its end.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from argosy_schemas.errors import ArgosyError, InvalidArgumentError, MachineError
from argosy_service.background.report_writer import RunChange, lock_runs, write_changes
from argosy_service.background.task_rows import make_mark
from argosy_service.background.task_writer import WrittenTasks, load_known
from argosy_service.database.database import Database, open_database
from argosy_service.database.leases import BACKGROUND, LEASE_SECONDS, Lease
from argosy_service.database.tables import RUNS
from argosy_service.database.times import to_microseconds
from argosy_service.engines.protocol import RunReport, RunSource
from argosy_service.resources.runs.removing import remove_tasks

_AT_ONCE: Final = 500
"""How many ids a query names; SQLite has a limit."""

_GOING_ON: Final = ("PENDING", "RUNNING")
"""The states of tasks that have not ended."""


class Rebuilding(StrEnum):
    """What became of the tasks of a run in the database."""

    REBUILT = "rebuilt"
    """They are what the engine says."""
    COMPLETED = "completed"
    """Only records are left, which know less: tasks that had ended stayed as they were."""
    LEFT = "left"
    """Nothing is kept of the run: all stayed as they were."""


def rebuild_runs(
    url: str,
    open_source: Callable[[], AbstractContextManager[RunSource]],
    run_ids: Sequence[str],
    clock: Callable[[], datetime],
) -> Iterator[tuple[str, Rebuilding | ArgosyError]]:
    """Build what a database says of the tasks of runs once more; yield what became of each.

    Each run is a transaction of its own, and to do it again changes nothing more.

    Args:
        url: Of the database.
        open_source: Opens what is kept of the runs.
        run_ids: Which runs; empty: all.
        clock: The time.

    Raises:
        InvalidArgumentError: The URL is none of a database, or the database has no such run; then
            nothing is changed.
        MachineError: The database cannot be used, or a service works with it.
        ClusterError: The cluster does not say which runs it has.
    """
    with _open_idle(url) as (database, stay_alone):
        _check_ids(database, run_ids)
        with open_source() as source:
            for run_id in run_ids or _list_run_ids(database):
                stay_alone()
                try:
                    report = source.read(run_id, namespace=_find_namespace(database, run_id))
                    yield run_id, _rebuild(database, run_id, report, to_microseconds(clock()))
                except ArgosyError as error:
                    yield run_id, error
                except SQLAlchemyError as error:
                    yield (
                        run_id,
                        MachineError(
                            f"the database refuses the change: {error}; see to the database, and "
                            "rebuild this run again"
                        ),
                    )


@contextmanager
def _open_idle(url: str) -> Generator[tuple[Database, Callable[[], None]]]:
    """Yield a database with which no service does its jobs, and what keeps it so for a while."""
    with closing(open_database(url)) as database, database.claim():
        if not database.is_shared:
            yield database, lambda: None
            return
        lease = Lease(database, name=BACKGROUND, holder=str(uuid.uuid4()))

        def stay_alone() -> None:
            if not lease.hold():
                raise MachineError(
                    "a service works with the database; stop all services that use it, and wait "
                    f"{LEASE_SECONDS:.0f} seconds where one was killed"
                )

        try:
            stay_alone()
            yield database, stay_alone
        finally:
            lease.release()


def _check_ids(database: Database, run_ids: Sequence[str]) -> None:
    found: set[str] = set()
    with database.read() as connection:
        for start in range(0, len(run_ids), _AT_ONCE):
            some = run_ids[start : start + _AT_ONCE]
            found.update(connection.execute(select(RUNS.c.id).where(RUNS.c.id.in_(some))).scalars())
    for run_id in run_ids:
        if run_id not in found:
            raise InvalidArgumentError(
                f"the database has no run '{run_id}'; give the whole ids of runs that it has"
            )


def _list_run_ids(database: Database) -> Iterator[str]:
    """Yield the ids of all runs, in their order."""
    last = ""
    while True:
        query = select(RUNS.c.id).where(RUNS.c.id > last).order_by(RUNS.c.id).limit(_AT_ONCE)
        with database.read() as connection:
            ids = connection.execute(query).scalars().all()
        if not ids:
            return
        yield from ids
        last = ids[-1]


def _find_namespace(database: Database, run_id: str) -> str:
    query = select(RUNS.c.namespace).where(RUNS.c.id == run_id)
    with database.read() as connection:
        return str(connection.execute(query).scalar() or "")


def _rebuild(database: Database, run_id: str, report: RunReport | None, now: int) -> Rebuilding:
    if report is None or not report.tasks:
        return Rebuilding.LEFT
    with database.write() as connection:
        row = lock_runs(connection, [run_id]).get(run_id)
        if row is None:
            return Rebuilding.LEFT  # it was deleted a moment ago
        known: WrittenTasks = {}
        if report.is_partial:
            known = _keep_ended(load_known(connection, [run_id])[run_id], report)
        else:
            remove_tasks(connection, run_id)
        change = RunChange(row, known)
        # Times that nobody knows follow from the run, so that they come out alike each time.
        change.take_tasks(report, row.created_at)
        if report.is_final and not report.is_partial and report.ends > row.ends:
            change.take_state(report, now)
        write_changes(connection, [change], row.created_at)
    return Rebuilding.COMPLETED if report.is_partial else Rebuilding.REBUILT


def _keep_ended(known: WrittenTasks, report: RunReport) -> WrittenTasks:
    """Return what is known of tasks, those that have ended as if the report said the same."""
    kept = dict(known)
    for position, task in enumerate(report.tasks):
        entry = known.get(task.path)
        if entry is not None and entry.state not in _GOING_ON:
            kept[task.path] = replace(entry, mark=make_mark(position, task))
    return kept

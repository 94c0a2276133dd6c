"""What the database says is to be done about runs, and what became of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)

from argosy_schemas.values import to_json
from argosy_service.background.report_writer import write_reports
from argosy_service.background.task_writer import WrittenTasks
from argosy_service.database.database import Database
from argosy_service.database.inserting import insert_missing
from argosy_service.database.tables import DELETED_RUNS, RUNS, SPECS
from argosy_service.database.times import to_datetime, to_microseconds
from argosy_service.engines.protocol import FoundRun, RunOrder, RunReport
from argosy_service.errors import describe_error
from argosy_service.resources.experiments import find_default_experiment
from argosy_service.resources.runs.run_rows import (
    DEFAULT_SERVICE_ACCOUNT,
    NewRun,
    find_run_row,
    insert_run,
    move_run,
)
from argosy_service.resources.runs.states import UNFINISHED

_MOST_DELETED: Final = 100
_AT_ONCE: Final = 100
"""How many reports are written in one transaction: others that write wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedRun:
    """A run that clients see no more."""

    artifacts: bool
    """Whether its artifacts go as well."""
    namespace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is to be done."""

    canceling: Mapping[str, str]
    """Ids of runs that are to be stopped, each with its namespace."""
    running: Sequence[str]
    """Ids of runs that had begun when they were written down last."""
    pending: Sequence[str]
    """Ids of runs that wait to begin, the one that waits longest first."""
    deleted: Mapping[str, DeletedRun]
    """Runs that were deleted, by id; at most 100, and others the next time."""


class Ledger:
    """The runs in the database, as the jobs see them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, WrittenTasks] = {}
        """Of runs that have not ended."""
        self._deleted_last = ""
        """The id of the deleted run that was on the last agenda as the last."""

    def read_agenda(self, *, most_pending: int) -> Agenda:
        """Return what is to be done; at most ``most_pending`` of the runs that wait."""
        with self._database.read() as connection:
            return Agenda(
                canceling=_list_canceling(connection),
                running=_list_ids(connection, "RUNNING", None),
                pending=_list_ids(connection, "PENDING", most_pending),
                deleted=self._list_deleted(connection),
            )

    def _list_deleted(self, connection: Connection) -> dict[str, DeletedRun]:
        """Return those whose turn it is: some may stay for long, and be in no other's way."""
        columns = DELETED_RUNS.c
        query = select(DELETED_RUNS).order_by(columns.run_id).limit(_MOST_DELETED)
        rows = connection.execute(query.where(columns.run_id > self._deleted_last)).all()
        if not rows and self._deleted_last:
            rows = connection.execute(query).all()
        self._deleted_last = rows[-1].run_id if len(rows) == _MOST_DELETED else ""
        return {
            row.run_id: DeletedRun(artifacts=row.artifacts, namespace=row.namespace) for row in rows
        }

    def make_order(self, run_id: str) -> RunOrder | None:
        """Return what an engine needs to begin a run; ``None`` where it is gone."""
        query = (
            select(RUNS, SPECS.c.document)
            .join(SPECS, SPECS.c.digest == RUNS.c.spec_digest)
            .where(RUNS.c.id == run_id)
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return RunOrder(
            run_id=row.id,
            spec=row.document,
            parameters=json.loads(row.parameters or "{}"),
            pipeline_root=row.pipeline_root,
            # What nobody chose is the engine's.
            service_account=row.service_account.removeprefix(DEFAULT_SERVICE_ACCOUNT),
            created_at=to_datetime(row.created_at),
            namespace=row.namespace,
            has_begun=row.state == "RUNNING",
            ends=row.ends,
        )

    def forget(self, run_id: str) -> None:
        """Write down that the engine has removed a run that was deleted."""
        with self._database.write() as connection:
            connection.execute(delete(DELETED_RUNS).where(DELETED_RUNS.c.run_id == run_id))
        self._known.pop(run_id, None)

    def take(self, reports: Sequence[RunReport], now: int) -> Sequence[str]:
        """Write down what became of runs; one that is gone, or has ended, stays as it is.

        Returns:
            What the database does not take, a sentence each; of a run that ended it has the end
            alone then.

        Raises:
            SQLAlchemyError: The database does not answer; the same call may be repeated.
        """
        problems: list[str] = []
        for start in range(0, len(reports), _AT_ONCE):
            chunk = reports[start : start + _AT_ONCE]
            try:
                self._take(chunk, now)
            except Exception:  # one that cannot be written must not keep it from the others
                problems += [problem for each in chunk for problem in self._take_one(each, now)]
        return problems

    def _take_one(self, report: RunReport, now: int) -> Iterator[str]:
        try:
            self._take([report], now)
        except Exception as error:
            if is_away(error):
                raise
            problem = f"what became of it cannot be written down: {describe_error(error)}"
            yield f"run {report.run_id}: {problem}"
            if report.is_final:
                self._take([replace(report, tasks=(), error=problem)], now)

    def _take(self, reports: Sequence[RunReport], now: int) -> None:
        with self._database.write() as connection:
            written = write_reports(connection, reports, self._known, now)
        # Only now: a transaction that failed wrote none of them.
        self._known.update(written)
        for report in reports:
            if report.is_final:
                self._known.pop(report.run_id, None)

    def choose_missing(self, ids: Collection[str]) -> Collection[str]:
        """Return those ids of runs that the database does not have, nor has been told to delete."""
        with self._database.read() as connection:
            known = {
                *connection.execute(select(RUNS.c.id).where(RUNS.c.id.in_(ids))).scalars(),
                *connection.execute(
                    select(DELETED_RUNS.c.run_id).where(DELETED_RUNS.c.run_id.in_(ids))
                ).scalars(),
            }
        return [run_id for run_id in ids if run_id not in known]

    def choose_ended(self, ids: Collection[str]) -> Collection[str]:
        """Return those ids of runs whose end is written down."""
        query = select(RUNS.c.id).where(RUNS.c.id.in_(ids), RUNS.c.state.not_in(UNFINISHED))
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def adopt(self, found: FoundRun) -> None:
        """Add a run that somebody else started, to the default experiment; it has begun."""
        digest = hashlib.sha256(found.spec.encode()).hexdigest()
        created_at = to_microseconds(found.created_at)
        with self._database.write() as connection:
            experiment_id = find_default_experiment(connection)
            if not experiment_id:
                return  # with several users nobody knows whose it is
            insert_missing(connection, SPECS, {"digest": digest, "document": found.spec})
            run = NewRun(
                run_id=found.run_id,
                experiment_id=experiment_id,
                name=found.name,
                spec_digest=digest,
                parameters=to_json(found.parameters) if found.parameters else "",
                service_account=found.service_account,
                scheduled_at=created_at,
            )
            if insert_run(connection, run, created_at):
                move_run(connection, find_run_row(connection, run.run_id), "RUNNING", created_at)


def is_away(error: Exception) -> bool:
    """Return whether the database does not answer; otherwise it does not take a value."""
    if isinstance(error, DBAPIError):
        refusals = (DataError, IntegrityError, InterfaceError, ProgrammingError)
        return not isinstance(error, refusals)
    return isinstance(error, SQLAlchemyError) and not isinstance(error, StatementError)


def _list_canceling(connection: Connection) -> dict[str, str]:
    query = select(RUNS.c.id, RUNS.c.namespace).where(RUNS.c.state == "CANCELING")
    return {run_id: namespace for run_id, namespace in connection.execute(query)}


def _list_ids(connection: Connection, state: str, most: int | None) -> tuple[str, ...]:
    query = select(RUNS.c.id).where(RUNS.c.state == state).order_by(RUNS.c.created_at, RUNS.c.id)
    return tuple(connection.execute(query.limit(most)).scalars())

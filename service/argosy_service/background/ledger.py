"""What the database says is to be done about runs, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select

from argosy_service.background.task_writer import (
    WrittenTasks,
    find_changed,
    load_known,
    write_tasks,
)
from argosy_service.database.database import Database
from argosy_service.database.tables import DELETED_RUNS, RUNS, SPECS
from argosy_service.database.times import to_microseconds
from argosy_service.engines.protocol import RunOrder, RunReport
from argosy_service.resources.runs.run_rows import move_run, update_run
from argosy_service.resources.runs.states import UNFINISHED

_MOST_DELETED: Final = 100
_TERMINATED: Final = "the run was terminated by a request"
_STOPPED: Final = "the run was stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is to be done."""

    canceling: Sequence[str]
    """Ids of runs that are to be stopped."""
    running: Sequence[str]
    """Ids of runs that had begun when they were written down last."""
    pending: Sequence[str]
    """Ids of runs that wait to begin, the one that waits longest first."""
    deleted: Mapping[str, bool]
    """Runs that were deleted, and whether their artifacts go as well; at most 100."""


class Ledger:
    """The runs in the database, as the jobs see them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, WrittenTasks] = {}
        """Of runs that have not ended."""

    def read_agenda(self, *, most_pending: int) -> Agenda:
        """Return what is to be done; at most ``most_pending`` of the runs that wait."""
        with self._database.read() as connection:
            return Agenda(
                canceling=_list_ids(connection, "CANCELING", None),
                running=_list_ids(connection, "RUNNING", None),
                pending=_list_ids(connection, "PENDING", most_pending),
                deleted={
                    row.run_id: row.artifacts
                    for row in connection.execute(select(DELETED_RUNS).limit(_MOST_DELETED))
                },
            )

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
            ends=row.ends,
        )

    def forget(self, run_id: str) -> None:
        """Write down that the engine has removed a run that was deleted."""
        with self._database.write() as connection:
            connection.execute(delete(DELETED_RUNS).where(DELETED_RUNS.c.run_id == run_id))
        self._known.pop(run_id, None)

    def take(self, report: RunReport, now: int) -> None:
        """Write down what became of a run; a run that is gone, or has ended, stays as it is."""
        with self._database.write() as connection:
            # Locked first, and the revision last, as all who change a run do.
            query = select(RUNS).where(RUNS.c.id == report.run_id).with_for_update()
            row = connection.execute(query).first()
            if row is None or row.state not in UNFINISHED:
                return
            known = self._known.get(row.id)
            if known is None:
                known = load_known(connection, row.id)
            changed = find_changed(known, report)
            moves = _list_moves(row, report, now)
            if changed:
                known = write_tasks(connection, row, changed, known, now=now)
            for state, values in moves:
                row = connection.execute(query).one()
                move_run(connection, row, state, values.pop("at"), **values)
            if changed and not moves:
                update_run(connection, row.id)
        # Only now: a transaction that failed wrote none of them.
        if report.is_final:
            self._known.pop(report.run_id, None)
        else:
            self._known[report.run_id] = known


def _list_ids(connection: Connection, state: str, most: int | None) -> tuple[str, ...]:
    query = select(RUNS.c.id).where(RUNS.c.state == state).order_by(RUNS.c.created_at, RUNS.c.id)
    return tuple(connection.execute(query.limit(most)).scalars())


def _list_moves(row: Row[Any], report: RunReport, now: int) -> Sequence[tuple[str, dict[str, Any]]]:
    """Return the states that a run goes through by a report, each with what else changes."""
    started_at = to_microseconds(report.started_at) or now
    moves: list[tuple[str, dict[str, Any]]] = []
    if row.state == "PENDING" and report.started_at is not None:
        moves.append(("RUNNING", {"at": started_at}))
    if not report.is_final:
        return moves
    finished_at = to_microseconds(report.finished_at) or now
    state, error = report.state, report.error
    if state == "CANCELED" and row.state != "CANCELING":
        moves.append(("CANCELING", {"at": finished_at}))
    if state != "SUCCEEDED":
        # Clients wait for FAILED; CANCELED they would take for a run that goes on.
        error = _TERMINATED if row.state == "CANCELING" else error or _STOPPED
        state = "FAILED"
    values = {"error": error, "finished_at": finished_at, "ends": report.ends}
    return [*moves, (state, {"at": finished_at, **values})]

"""Writes what reports say of runs: whatever one transaction changes has one number.

What is to be written is gathered first, and then written by a few statements, however many reports
there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from argosy_service.background.task_writer import (
    TaskChange,
    WrittenTasks,
    find_changes,
    find_gone,
    load_known,
    remove_tasks_by_path,
    write_tasks,
)
from argosy_service.database.revisions import take_revision
from argosy_service.database.tables import RUNS
from argosy_service.database.times import to_microseconds
from argosy_service.engines.protocol import RunReport
from argosy_service.resources.runs.states import UNFINISHED, add_state

_TERMINATED: Final = "the run was terminated by a request"
_STOPPED: Final = "the run was stopped"

_MOVED: Final = ("state", "state_history", "error", "finished_at", "ends")
"""The columns of a run that has another state."""


class RunChange:
    """What a transaction is going to make of a run."""

    def __init__(self, row: Row[Any], known: WrittenTasks) -> None:
        """Change nothing yet.

        Args:
            row: Of the run, which the transaction has locked.
            known: What the database says of its tasks.
        """
        self.run_id: str = row.id
        self.known = known
        """What it says of them afterwards."""
        self.tasks: list[TaskChange] = []
        self.gone: set[str] = set()
        """The paths of tasks to remove, before others are written."""
        self.values: dict[str, Any] = {name: getattr(row, name) for name in _MOVED}
        self.is_moved = False
        """Whether the run has another state."""
        self._namespace: str = row.namespace
        self._has_news = False

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended."""
        return self.values["state"] not in UNFINISHED

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return self.is_moved or self._has_news or bool(self.tasks or self.gone)

    def is_about(self, report: RunReport) -> bool:
        """Return whether a report is no old one, of the run before it was retried.

        So it may be where a service was slow, and another one does its jobs by now.
        """
        return report.ends_before in (None, self.values["ends"])

    def take_tasks(self, report: RunReport, now: int) -> None:
        """Take note of the tasks of a report that are not as they were.

        Args:
            report: Of the run.
            now: Where a task has no time of its own.
        """
        changes, self.known = find_changes(self.known, report, namespace=self._namespace, now=now)
        self.tasks += changes
        gone = find_gone(self.known, report)
        if gone:
            self.gone |= gone
            self.tasks = [each for each in self.tasks if each.task.path not in gone]
            self.known = {path: each for path, each in self.known.items() if path not in gone}

    def take_state(self, report: RunReport, now: int) -> None:
        """Take note of what a report says of a run that has not ended.

        Args:
            report: Of the run.
            now: Where the report says no time.
        """
        values = self.values
        if values["state"] == "PENDING" and report.started_at is not None:
            self._move("RUNNING", to_microseconds(report.started_at))
            values["error"] = ""
        if report.is_final:
            self._end(report, to_microseconds(report.finished_at) or now)
        elif values["state"] == "PENDING" and values["error"] != report.error:
            # Why it waits.
            values["error"], self._has_news = report.error, True

    def _end(self, report: RunReport, at: int) -> None:
        values, is_canceling = self.values, self.values["state"] == "CANCELING"
        state, error = report.state, report.error
        if state == "CANCELED" and not is_canceling:
            self._move("CANCELING", at)
        if state != "SUCCEEDED":
            # Clients wait for FAILED; CANCELED they would take for a run that goes on.
            error = _TERMINATED if is_canceling else error or _STOPPED
            state = "FAILED"
        self._move(state, at)
        values.update(error=error, finished_at=at, ends=max(report.ends, values["ends"]))

    def _move(self, state: str, at: int) -> None:
        history = add_state(self.values["state_history"], state, at)
        self.values.update(state=state, state_history=history)
        self.is_moved = True


def write_reports(
    connection: Connection,
    reports: Sequence[RunReport],
    known: Mapping[str, WrittenTasks],
    now: int,
) -> Mapping[str, WrittenTasks]:
    """Write down what became of runs; one that is gone, or has ended, stays as it is.

    Args:
        connection: Of a transaction that writes.
        reports: In the order of their making.
        known: What the database says of the tasks of runs, by run; those that are not in it are
            read.
        now: The time.

    Returns:
        What it says of them then, of each run that a report was written of.
    """
    rows = lock_runs(connection, [report.run_id for report in reports])
    open_ids = [row.id for row in rows.values() if row.state in UNFINISHED]
    unread = [run_id for run_id in open_ids if run_id not in known]
    known = {**known, **(load_known(connection, unread) if unread else {})}
    changes = {run_id: RunChange(rows[run_id], known[run_id]) for run_id in open_ids}
    for report in reports:
        change = changes.get(report.run_id)
        if change is not None and not change.is_finished and change.is_about(report):
            change.take_tasks(report, now)
            change.take_state(report, now)
    write_changes(connection, changes.values(), now)
    return {run_id: change.known for run_id, change in changes.items()}


def lock_runs(connection: Connection, run_ids: Sequence[str]) -> Mapping[str, Row[Any]]:
    """Return the rows of runs that are there, by id; nobody else changes them meanwhile.

    All are locked before a number is taken, as all who change runs do.
    """
    query = select(RUNS).where(RUNS.c.id.in_(run_ids)).order_by(RUNS.c.id).with_for_update()
    return {row.id: row for row in connection.execute(query)}


def write_changes(connection: Connection, changes: Iterable[RunChange], now: int) -> None:
    """Write what is to change, under one number.

    Args:
        connection: Of a transaction that has locked the runs.
        changes: Of each run at most one.
        now: The time.
    """
    changed = [change for change in changes if change.is_changed]
    if not changed:
        return
    revision = take_revision(connection)
    for change in changed:
        remove_tasks_by_path(connection, change.run_id, change.gone)
    write_tasks(
        connection,
        [task for change in changed for task in change.tasks],
        revision=revision,
        now=now,
    )
    # Triggers count runs whose state is written, also where it is the same.
    for is_moved, columns in ((True, _MOVED), (False, ("error",))):
        values = [
            {"run": change.run_id, **{f"new_{name}": change.values[name] for name in columns}}
            for change in changed
            if change.is_moved == is_moved
        ]
        if values:
            new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
            statement = update(RUNS).where(RUNS.c.id == bindparam("run"))
            connection.execute(statement.values(revision=revision, **new), values)

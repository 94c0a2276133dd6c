"""The row of a run: making it, finding it, moving it to another state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from argosy_schemas.values import to_json
from argosy_service.database.inserting import insert_missing
from argosy_service.database.revisions import take_revision
from argosy_service.database.tables import EXPERIMENTS, RUNS
from argosy_service.database.times import from_microseconds
from argosy_service.errors import NotFoundError
from argosy_service.resources.runs.states import add_state
from argosy_service.resources.specs.macros import MacroValues, replace_macros

DEFAULT_SERVICE_ACCOUNT: Final = "pipeline-runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run that is to be made; empty texts stand for absent."""

    run_id: str
    experiment_id: str
    namespace: str = ""
    name: str
    description: str = ""
    pipeline_id: str = ""
    version_id: str = ""
    spec_digest: str
    """Of a spec that is stored."""
    parameters: str = ""
    """JSON; macros in it are replaced."""
    pipeline_root: str = ""
    service_account: str = ""
    recurring_run_id: str = ""
    scheduled_at: int = 0
    """0: it is not scheduled."""
    index: int | None = None
    """Its number among the runs of its recurring run, from 1."""


def insert_run(connection: Connection, run: NewRun, now: int) -> bool:
    """Store a run, which waits for an engine; return whether its id was free."""
    values = {
        "id": run.run_id,
        "experiment_id": run.experiment_id,
        "namespace": run.namespace,
        "name": run.name,
        "name_key": run.name.casefold(),
        "description": run.description,
        "storage_state": "AVAILABLE",
        "state": "PENDING",
        "state_history": add_state("[]", "PENDING", now),
        "pipeline_id": run.pipeline_id,
        "pipeline_version_id": run.version_id,
        "spec_digest": run.spec_digest,
        "parameters": _replace_macros(run, now),
        "pipeline_root": run.pipeline_root,
        "service_account": run.service_account or DEFAULT_SERVICE_ACCOUNT,
        "recurring_run_id": run.recurring_run_id,
        "created_at": now,
        "scheduled_at": run.scheduled_at or now,
    }
    if not insert_missing(connection, RUNS, values):
        return False
    connection.execute(
        update(EXPERIMENTS)
        .where(EXPERIMENTS.c.id == run.experiment_id, EXPERIMENTS.c.last_run_created_at < now)
        .values(last_run_created_at=now)
    )
    update_run(connection, run.run_id)
    return True


def _replace_macros(run: NewRun, now: int) -> str:
    if "[[" not in run.parameters and "{{" not in run.parameters:
        return run.parameters
    created_at = from_microseconds(now)
    assert created_at is not None
    values = MacroValues(
        run_id=run.run_id,
        current_time=created_at,
        scheduled_time=from_microseconds(run.scheduled_at),
        index=run.index,
    )
    return to_json(replace_macros(json.loads(run.parameters), values))


def find_run_row(connection: Connection, run_id: str) -> Row[Any]:
    """Return the row of a run.

    Raises:
        NotFoundError: There is no such run.
    """
    row = connection.execute(select(RUNS).where(RUNS.c.id == run_id)).first()
    return _check_row(row, run_id)


def lock_run_row(connection: Connection, run_id: str) -> Row[Any]:
    """Return the row of a run, which nobody else changes until the transaction ends.

    Raises:
        NotFoundError: There is no such run.
    """
    return _check_row(
        connection.execute(select(RUNS).where(RUNS.c.id == run_id).with_for_update()).first(),
        run_id,
    )


def _check_row(row: Row[Any] | None, run_id: str) -> Row[Any]:
    if row is None:
        raise NotFoundError(f"there is no run '{run_id}'; list the runs for their ids")
    return row


def update_run(connection: Connection, run_id: str, **values: object) -> None:
    """Give columns of a run other values, and it the number of the change."""
    if values:
        connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(**values))
    # Only now: all lock the run first, and take the number last.
    revision = take_revision(connection)
    connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(revision=revision))


def move_run(connection: Connection, row: Row[Any], state: str, at: int, **values: object) -> None:
    """Give a run another state, and its history a line."""
    history = add_state(row.state_history, state, at)
    update_run(connection, row.id, state=state, state_history=history, **values)

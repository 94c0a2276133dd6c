"""What two services, or a job and a user, do with the same rows of PostgreSQL at once.

One of them has locked a row and has not ended its transaction; once the other one waits for it, it
goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import Connection, insert, select, text, update

from argosy_service.background.cleaner import Cleaner, Retention
from argosy_service.background.scheduler import Scheduler
from argosy_service.database.database import Database, open_database
from argosy_service.database.tables import DELETED_RUNS, EXPERIMENTS, RECURRING_RUNS, RUNS
from argosy_service.database.times import to_microseconds
from argosy_service.engines.fakes import FakeLogs
from argosy_service.errors import InvalidRequestError, WrongStateError
from argosy_service.protos.experiment_pb2 import ArchiveExperimentRequest
from argosy_service.protos.recurring_run_pb2 import (
    CreateRecurringRunRequest,
    RecurringRun,
)
from argosy_service.protos.run_pb2 import RetryRunRequest, TerminateRunRequest
from argosy_service.resources import experiments
from argosy_service.resources.changes import Changes
from argosy_service.resources.context import Context
from argosy_service.resources.recurring_runs import recurring_runs
from argosy_service.resources.runs import runs
from postgresql import PostgreSql

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def context(postgresql: PostgreSql) -> Iterator[Context]:
    database = open_database(postgresql.create_database())
    found = Context(database=database, clock=lambda: NOW, changes=Changes(), logs=FakeLogs())
    experiments.ensure_default_experiment(found)
    yield found
    database.close()


def add_run(database: Database, run_id: str, state: str, **values: object) -> None:
    with database.write() as connection:
        ended = to_microseconds(NOW - 3 * DAY)
        row = {"experiment_id": "x", "storage_state": "AVAILABLE", "state_history": "[]"}
        times = {"created_at": ended - 1, "finished_at": 0 if state == "RUNNING" else ended}
        connection.execute(
            insert(RUNS).values({"id": run_id, "state": state, **row, **times, **values})
        )


def read_state(database: Database, run_id: str) -> str | None:
    with database.read() as connection:
        return connection.execute(select(RUNS.c.state).where(RUNS.c.id == run_id)).scalar()


@contextmanager
def waiting(database: Database, call: Callable[[], Any]) -> Generator[Future[Any]]:
    """Begin a call, and go on with the block once it waits for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(call)
        give_up_at = time.monotonic() + 60
        while True:
            with database.read() as connection:
                if connection.execute(query).scalar_one():
                    break
            assert not future.done(), "it did not wait"
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
        yield future


def lock_run(connection: Connection, run_id: str) -> None:
    connection.execute(select(RUNS.c.id).where(RUNS.c.id == run_id).with_for_update()).one()


def test_who_terminates_a_run_that_ends_meanwhile_is_told_so(context: Context) -> None:
    add_run(context.database, "r", "RUNNING")

    def terminate() -> None:
        runs.terminate_run(context, TerminateRunRequest(run_id="r"))

    with context.database.write() as connection:
        lock_run(connection, "r")
        with waiting(context.database, terminate) as future:
            connection.execute(update(RUNS).values(state="SUCCEEDED"))
            connection.commit()
            with pytest.raises(InvalidRequestError, match="'r' is SUCCEEDED"):
                future.result(60)

    assert read_state(context.database, "r") == "SUCCEEDED"


def test_a_run_is_retried_once(context: Context) -> None:
    add_run(context.database, "r", "FAILED")

    def retry() -> None:
        runs.retry_run(context, RetryRunRequest(run_id="r"))

    with context.database.write() as connection:
        lock_run(connection, "r")
        with waiting(context.database, retry) as future:
            connection.execute(update(RUNS).values(state="RUNNING"))
            connection.commit()
            with pytest.raises(WrongStateError, match="'r' is RUNNING"):
                future.result(60)

    assert read_state(context.database, "r") == "RUNNING"


def test_a_run_that_is_retried_while_it_is_cleaned_up_stays(context: Context) -> None:
    for run_id in ("a", "b"):
        add_run(context.database, run_id, "FAILED")
    cleaner = Cleaner(context.database, Retention(runs=DAY), lambda: NOW)

    with context.database.write() as connection:
        lock_run(connection, "a")
        with waiting(context.database, cleaner.step) as future:
            retried = update(RUNS).where(RUNS.c.id == "a")
            connection.execute(retried.values(state="PENDING", finished_at=0))
            connection.commit()
            future.result(60)

    assert [read_state(context.database, run_id) for run_id in ("a", "b")] == ["PENDING", None]


def test_a_run_that_is_deleted_while_it_is_cleaned_up_keeps_no_other(context: Context) -> None:
    for run_id in ("a", "b"):
        add_run(context.database, run_id, "FAILED")
    cleaner = Cleaner(context.database, Retention(runs=DAY), lambda: NOW)

    with context.database.write() as connection:
        lock_run(connection, "a")
        with waiting(context.database, cleaner.step) as future:
            connection.execute(RUNS.delete().where(RUNS.c.id == "a"))
            connection.commit()
            future.result(60)

    with context.database.read() as connection:
        assert connection.execute(select(DELETED_RUNS.c.run_id)).scalars().all() == ["b"]


def create_recurring(context: Context) -> str:
    spec = Struct()
    json_format.ParseDict(yaml.safe_load(HELLO.read_text()), spec)
    recurring = RecurringRun(
        display_name="x",
        max_concurrency=1,
        mode=RecurringRun.ENABLE,
        pipeline_spec=spec,
        trigger={"periodic_schedule": {"interval_second": 60}},
    )
    request = CreateRecurringRunRequest(recurring_run=recurring)
    return recurring_runs.create_recurring_run(context, request).recurring_run_id


def test_a_schedule_that_another_one_moved_on_is_not_set_back(context: Context) -> None:
    recurring_run_id = create_recurring(context)
    due = to_microseconds(NOW)
    later = to_microseconds(NOW + DAY)
    with context.database.write() as connection:
        connection.execute(update(RECURRING_RUNS).values(next_at=due))

    with context.database.write() as connection:
        rows = select(RECURRING_RUNS.c.id).where(RECURRING_RUNS.c.id == recurring_run_id)
        connection.execute(rows.with_for_update()).one()
        with waiting(context.database, Scheduler(context).step) as future:
            connection.execute(update(RECURRING_RUNS).values(next_at=later))
            connection.commit()
            made = future.result(60)

    with context.database.read() as connection:
        next_at = connection.execute(select(RECURRING_RUNS.c.next_at)).scalar_one()
        ids = connection.execute(select(RUNS.c.id)).all()
    assert (made, next_at, ids) == (False, later, [])


def test_who_archives_an_experiment_holds_nothing_that_a_schedule_wants(context: Context) -> None:
    create_recurring(context)
    experiment_id = experiments.ensure_default_experiment(context)

    def archive() -> None:
        request = ArchiveExperimentRequest(experiment_id=experiment_id)
        experiments.archive_experiment(context, request)

    with context.database.write() as connection:
        # As the scheduler does: the recurring run, then its experiment.
        connection.execute(select(RECURRING_RUNS.c.id).with_for_update()).one()
        with waiting(context.database, archive) as future:
            connection.execute(text("SET LOCAL lock_timeout = '1s'"))
            connection.execute(update(EXPERIMENTS).values(last_run_created_at=1))
            connection.commit()
            future.result(60)

    with context.database.read() as connection:
        assert connection.execute(select(EXPERIMENTS.c.storage_state)).scalar() == "ARCHIVED"


def test_who_archives_an_experiment_locks_its_runs_in_the_order_of_their_ids(
    context: Context,
) -> None:
    experiment_id = experiments.ensure_default_experiment(context)
    # The table has them in another order.
    for number, run_id in enumerate("ba"):
        created = {"experiment_id": experiment_id, "created_at": number}
        add_run(context.database, run_id, "RUNNING", **created)

    def archive() -> None:
        request = ArchiveExperimentRequest(experiment_id=experiment_id)
        experiments.archive_experiment(context, request)

    with context.database.write() as connection:
        lock_run(connection, "a")
        with waiting(context.database, archive) as future:
            connection.execute(text("SET LOCAL lock_timeout = '1s'"))
            lock_run(connection, "b")
            connection.commit()
            future.result(60)


def test_who_reads_sees_one_state_of_the_database(context: Context) -> None:
    count = select(RUNS.c.id)
    with context.database.read() as connection:
        before = connection.execute(count).all()
        add_run(context.database, "r", "RUNNING")
        after = connection.execute(count).all()

    assert (before, after) == ([], [])
    assert read_state(context.database, "r") == "RUNNING"

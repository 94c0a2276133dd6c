"""How many rows there are: from lines that triggers write, where these suffice."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, text, update

import argosy_service.database.schema as schema
from argosy_service.database.counting import add_counts, count_rows
from argosy_service.database.database import Database, open_database
from argosy_service.database.listing import ListedTable
from argosy_service.database.tables import RUN_COUNTS, RUNS
from argosy_service.database.upkeep import upgrade_database
from postgresql import PostgreSql

C = RUNS.c
LISTED = ListedTable(table=RUNS, fields={}, counts=RUN_COUNTS)
COUNTED: Sequence[Sequence[ColumnElement[bool]]] = (
    (),
    (C.state == "FAILED",),
    (C.state.in_(["FAILED", "RUNNING"]), C.experiment_id == "e1"),
    (or_(C.pipeline_id != "p0", C.storage_state == "ARCHIVED"),),
    (C.state == "no such state",),
)
OTHERS: Sequence[Sequence[ColumnElement[bool]]] = (
    (C.name_key.contains("run-1"),),
    (C.state == "FAILED", C.created_at > 50),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'x.db'}"
    server: PostgreSql = request.getfixturevalue("postgresql")
    return server.create_database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.close()


def add_runs(connection: Connection, count: int) -> None:
    seeds = random.Random(7)
    rows = [
        {
            "id": f"{number:04}",
            "experiment_id": f"e{seeds.randrange(2)}",
            "pipeline_id": f"p{seeds.randrange(2)}",
            "name": f"run-{number}",
            "name_key": f"run-{number}",
            "state": seeds.choice(["PENDING", "RUNNING", "FAILED"]),
            "storage_state": "AVAILABLE",
            "created_at": number,
        }
        for number in range(count)
    ]
    connection.execute(insert(RUNS), rows)


def change_runs(connection: Connection) -> None:
    running = update(RUNS).where(C.state == "PENDING")
    connection.execute(running.values(state="RUNNING"))
    archived = update(RUNS).where(C.experiment_id == "e1", C.created_at < 50)
    connection.execute(archived.values(storage_state="ARCHIVED"))
    connection.execute(delete(RUNS).where(C.created_at.between(20, 30)))


def count_one_by_one(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> int:
    query = select(func.count()).select_from(RUNS).where(*conditions)
    return connection.execute(query).scalar_one()


def test_the_lines_add_up_to_what_is_there(database: Database) -> None:
    with database.write() as connection:
        add_runs(connection, 100)
        change_runs(connection)

    with database.read() as connection:
        counted = [count_rows(connection, LISTED, each) for each in (*COUNTED, *OTHERS)]
        expected = [count_one_by_one(connection, each) for each in (*COUNTED, *OTHERS)]
    assert counted == expected
    assert counted[0] == 89


def test_only_conditions_on_their_columns_are_answered_from_them(database: Database) -> None:
    with database.write() as connection:
        add_runs(connection, 10)
        connection.execute(delete(RUN_COUNTS))

    with database.read() as connection:
        counted = [count_rows(connection, LISTED, each) for each in COUNTED]
        others = [count_rows(connection, LISTED, each) for each in OTHERS]
        assert others == [count_one_by_one(connection, each) for each in OTHERS]
    assert set(counted) == {0}


def test_many_lines_become_few_with_the_same_sums(database: Database) -> None:
    with database.write() as connection:
        add_runs(connection, 100)
        before = [count_rows(connection, LISTED, each) for each in COUNTED]
        few = add_counts(connection)
        for _ in range(12):
            connection.execute(update(RUNS).values(state="FAILED"))
        lines = count_lines(connection)
        connection.execute(delete(RUNS).where(C.experiment_id == "e0"))

    with database.write() as connection:
        many = add_counts(connection)
        after = [count_rows(connection, LISTED, each) for each in COUNTED]
        left = count_lines(connection)
        expected = [count_one_by_one(connection, each) for each in COUNTED]

    assert (few, many) == (False, True)
    assert before[0] == 100
    assert after == expected
    assert (lines > 1000, left <= 2) == (True, True)


def count_lines(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(RUN_COUNTS)).scalar_one()


def test_runs_of_an_earlier_release_are_counted_once(url: str) -> None:
    def migrate(connection: Connection) -> None:
        config = Config()
        folder = Path(schema.__file__).with_name("migrations")
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        statement = "INSERT INTO runs (id, experiment_id, state) VALUES ('a', 'e1', 'FAILED')"
        connection.execute(text(statement))

    open_database(url, prepare=migrate).close()

    upgrade_database(url)

    database = open_database(url)
    with database.read() as connection:
        assert [count_rows(connection, LISTED, each) for each in COUNTED] == [1, 1, 1, 1, 0]
    database.close()

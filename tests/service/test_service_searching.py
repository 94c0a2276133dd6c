"""Runs whose name has a text in it: found once, and paged like others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from argosy_service.database.database import Database, open_database
from argosy_service.database.listing import ListedTable
from argosy_service.database.searching import Found, name_contains, search_names
from argosy_service.database.tables import RUNS
from argosy_service.engines.fakes import FakeLogs
from argosy_service.protos.run_pb2 import ListRunsRequest
from argosy_service.resources.changes import Changes
from argosy_service.resources.context import Context
from argosy_service.resources.runs import runs
from argosy_service.resources.runs.run_rows import NewRun, insert_run
from postgresql import PostgreSql
from service_filters import make_filter

LISTED = ListedTable(table=RUNS, fields={})
NAMES = ("Iris 50%", "iris_500", "IRIS/x", "Größe", "STRASSE", "plain", "'; DROP TABLE runs; --")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'x.db'}"
    else:
        server: PostgreSql = request.getfixturevalue("postgresql")
        url = server.create_database()
    with closing(open_database(url)) as database:
        yield database


def add(database: Database, names: list[str]) -> None:
    with database.write() as connection:
        for number, name in enumerate(names):
            run = NewRun(
                run_id=f"{number:05}",
                experiment_id="e",
                name=name,
                spec_digest="d",
                pipeline_id="p",
            )
            insert_run(connection, run, number + 1)


def search(database: Database, wanted: str, **members: Any) -> tuple[list[str], int, str]:
    """Return the names of a page, the number of all, and the token of the next page."""
    context = Context(
        database=database, clock=lambda: datetime.now(UTC), changes=Changes(), logs=FakeLogs()
    )
    predicate = {"operation": "IS_SUBSTRING", "key": "name", "string_value": wanted}
    request = ListRunsRequest(filter=make_filter(predicate), **members)
    page = runs.list_runs(context, request)
    return [run.display_name for run in page.runs], page.total_size, page.next_page_token


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("iris", ["Iris 50%", "iris_500", "IRIS/x"]),
        ("IRIS/", ["IRIS/x"]),
        ("0%", ["Iris 50%"]),
        ("_5", ["iris_500"]),
        ("%5", []),
        ("GRÖSSE", ["Größe"]),
        ("straße", ["STRASSE"]),
        ("'; drop", ["'; DROP TABLE runs; --"]),
        ("n", ["plain", "'; DROP TABLE runs; --"]),
        ("", list(NAMES)),
    ],
)
def test_a_text_is_found_whatever_its_case(
    database: Database, wanted: str, found: list[str]
) -> None:
    add(database, list(NAMES))

    assert search(database, wanted) == (found, len(found), "")


@pytest.mark.parametrize("count", [291, 292, 391, 392])
def test_pages_of_few_and_of_many_are_alike(
    database: Database, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr("argosy_service.database.searching._FEW", 300)
    monkeypatch.setattr("argosy_service.database.searching._MANY", 400)
    add(database, [f"Other-{number}" for number in range(9)] + [f"r-{n}" for n in range(count)])
    seen: list[str] = []
    token, more = "", True
    while more:
        page, total, token = search(
            database, "R-", page_size=200, page_token=token, sort_by="created_at desc"
        )
        more = bool(token)
        seen += page
        assert total == count + 9

    assert seen == [f"r-{n}" for n in reversed(range(count))] + [
        f"Other-{number}" for number in reversed(range(9))
    ]


def test_postgresql_has_trigrams_where_its_server_does(postgresql: PostgreSql) -> None:
    with (
        closing(open_database(postgresql.create_database())) as database,
        database.read() as connection,
    ):
        query = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"
        is_there = connection.execute(text(query)).first() is not None
        query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'runs_name_trigrams'"
        indexes = connection.execute(text(query)).scalars().all()

    assert len(indexes) == is_there
    assert all("USING gin (name_key gin_trgm_ops)" in each for each in indexes)


def test_sqlite_looks_at_an_index_and_at_no_row(tmp_path: Path) -> None:
    with closing(open_database(f"sqlite:///{tmp_path / 'x.db'}")) as database:
        add(database, ["iris-1"])
        with database.read() as connection:
            query = "EXPLAIN QUERY PLAN SELECT id FROM runs WHERE instr(name_key, 'iris') > 0"
            plan = [str(tuple(row)) for row in connection.execute(text(query))]

    assert len(plan) == 1
    assert "COVERING INDEX runs_name_key" in plan[0]


def test_other_conditions_are_left_to_others(database: Database) -> None:
    add(database, list(NAMES))
    with database.read() as connection:
        none = search_names(connection, LISTED, [RUNS.c.state == "PENDING"])
        some = search_names(
            connection,
            LISTED,
            [RUNS.c.state == "PENDING", name_contains(RUNS.c.name_key, "plain")],
        )

    assert none == Found()
    assert some == Found(total=1, ids=["00005"])


def test_how_many_there_are_is_known_of_more_than_a_page_is_cut_from(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argosy_service.database.searching._FEW", 2)
    monkeypatch.setattr("argosy_service.database.searching._MANY", 3)
    add(database, ["a", "ab", "abc", "abcd"])

    found: dict[str, Found] = {}
    with database.read() as connection:
        for part in ("abc", "ab", "a"):
            condition = name_contains(RUNS.c.name_key, part)
            found[part] = search_names(connection, LISTED, [condition])

    assert found["abc"].total == 2
    assert sorted(found["abc"].ids or ()) == ["00002", "00003"]
    assert found["ab"] == Found(total=3)
    assert found["a"] == Found()

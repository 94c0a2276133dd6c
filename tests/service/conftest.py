"""A service on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from argosy_service.settings import ServiceSettings
from postgresql import PostgreSql, find_programs, run_postgresql
from service_running import Client, run_service


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb and postgres are not installed")
    with run_postgresql(programs) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with _run(None, tmp_path_factory) as client:
        yield client


@pytest.fixture(scope="session")
def postgresql_client(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSql
) -> Iterator[Client]:
    with _run(postgresql.create_database(), tmp_path_factory) as client:
        yield client


def _run(url: str | None, paths: pytest.TempPathFactory) -> AbstractContextManager[Client]:
    home = paths.mktemp("home")
    # Runs wait, since there is no room for any.
    return run_service(
        ServiceSettings(home=home, database=url, http_port=0, grpc_port=0, max_runs=0)
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def client(request: pytest.FixtureRequest) -> Client:
    """A client of a service on each kind of database, as empty as a new one."""
    client: Client = request.getfixturevalue(f"{request.param}_client")
    client.clear()
    return client

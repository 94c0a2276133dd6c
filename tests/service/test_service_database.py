from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

import argosy_service.database.schema as schema
from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_service.database.database import Database, open_database
from argosy_service.database.tables import METADATA
from argosy_service.database.times import from_microseconds, to_microseconds
from argosy_service.database.upkeep import back_up_database, upgrade_database
from cli_processes import argosy
from postgresql import PostgreSql


def test_generated_modules_are_what_their_files_give() -> None:
    script = Path(__file__).parents[2] / "scripts" / "generate_protos.py"

    ended = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)

    assert (ended.stdout, ended.returncode) == ("", 0)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'x.db'}"
    else:
        server: PostgreSql = request.getfixturevalue("postgresql")
        url = server.create_database()
    database = open_database(url)
    yield database
    database.close()


def test_the_migrations_make_the_tables(database: Database) -> None:
    def is_ours(thing: Any, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        # The second is there only where PostgreSQL has an extension.
        return name not in ("alembic_version", "runs_name_trigrams")

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        difference = compare_metadata(context, METADATA)

    assert difference == []


def test_the_newest_migration_is_named() -> None:
    folder = Path(schema.__file__).with_name("migrations") / "versions"
    numbers = [path.name.partition("_")[0] for path in folder.glob("[0-9]*.py")]

    assert max(numbers) == schema.HEAD


def test_a_block_that_fails_changes_nothing(database: Database) -> None:
    insert = text("INSERT INTO deleted_runs (run_id) VALUES ('a')")
    with suppress(ZeroDivisionError), database.write() as connection:
        connection.execute(insert)
        raise ZeroDivisionError

    with database.read() as connection:
        count = connection.execute(text("SELECT count(*) FROM deleted_runs")).scalar()
    assert count == 0


def test_a_database_of_a_later_release_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    open_database(url).close()
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(MachineError, match="has schema 9999, and this release knows it up to"):
        open_database(url)


@pytest.mark.parametrize(
    ("url", "error", "problem"),
    [
        ("mysql://x/y", InvalidArgumentError, "begins with 'mysql'; write sqlite:///PATH or"),
        ("words", InvalidArgumentError, "begins with 'words'; write"),
        ("sqlite:///:memory:", InvalidArgumentError, "names no file; write sqlite:///PATH"),
        ("sqlite:////nowhere/x.db", MachineError, "unable to open database file; check --database"),
        ("sqlite:///nowhere/x.db", MachineError, "begins at the root takes four slashes, as in"),
        ("postgresql://127.0.0.1:1/x", MachineError, "cannot be used: "),
    ],
)
def test_a_database_that_cannot_be_used_is_refused(
    url: str, error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        open_database(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("words " * 1000)

    with pytest.raises(MachineError, match="cannot be used: file is not a database; check"):
        open_database(f"sqlite:///{tmp_path / 'x.db'}")


def test_a_password_is_not_shown() -> None:
    with pytest.raises(MachineError) as caught:
        open_database("postgresql://me:secret@127.0.0.1:1/x")

    assert "secret" not in str(caught.value)


def test_times_survive() -> None:
    assert to_microseconds(None) == 0
    assert from_microseconds(0) is None
    at = from_microseconds(1_700_000_000_123_456)
    assert at is not None
    assert to_microseconds(at) == 1_700_000_000_123_456


def test_a_database_is_claimed_by_one_service_at_a_time(database: Database) -> None:
    with closing(open_database(database.url)) as other:
        with (
            database.claim(),
            pytest.raises(MachineError, match="another service runs pipelines of the database"),
            other.claim(),
        ):
            pass

        with other.claim():
            pass


def make_old(url: str) -> None:
    """Make a database of an earlier release."""

    def migrate(connection: Connection) -> None:
        config = Config()
        folder = Path(schema.__file__).with_name("migrations")
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")

    open_database(url, prepare=migrate).close()


def test_sqlite_of_an_earlier_release_is_brought_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    make_old(url)

    database = open_database(url)

    with database.read() as connection:
        assert schema.read_version(connection) == schema.HEAD
    database.close()


def test_postgresql_of_an_earlier_release_waits_for_its_operator(postgresql: PostgreSql) -> None:
    url = postgresql.create_database()
    make_old(url)

    with pytest.raises(MachineError) as caught:
        open_database(url)
    upgraded = upgrade_database(url)
    again = upgrade_database(url)

    assert str(caught.value) == (
        f"the database has schema 0002, and this release needs {schema.HEAD}; stop all services "
        "that use it, make a backup, and run 'argosy service upgrade' with its --database"
    )
    assert (upgraded, again) == (("0002", schema.HEAD), (schema.HEAD, schema.HEAD))
    open_database(url).close()


def test_a_database_that_a_service_uses_is_not_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    database = open_database(url)

    with database.claim(), pytest.raises(MachineError, match="another service runs pipelines"):
        upgrade_database(url)
    database.close()


def test_a_backup_is_a_database_with_all_that_was_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    database = open_database(url)
    insert = text("INSERT INTO deleted_runs (run_id) VALUES ('a')")
    with database.write() as connection:
        connection.execute(insert)

    size = back_up_database(url, tmp_path / "y.db")
    database.close()

    copy = open_database(f"sqlite:///{tmp_path / 'y.db'}")
    with copy.read() as connection:
        assert connection.execute(text("SELECT run_id FROM deleted_runs")).scalar() == "a"
    copy.close()
    assert size > 4096


@pytest.mark.parametrize(
    ("url", "file", "problem"),
    [
        ("sqlite:///{}/x.db", "x.db", "is there already; choose another file"),
        ("sqlite:///{}/none.db", "y.db", "unable to open database file; check both paths"),
        ("sqlite:///{}/x.db", "none/y.db", "unable to open database file; check both paths"),
        ("postgresql://me:secret@host/x", "y.db", r"pg_dump --format=custom --file=FILE 'postgres"),
        ("words", "y.db", "write sqlite:///PATH"),
    ],
)
def test_a_backup_that_cannot_be_made_is_refused(
    tmp_path: Path, url: str, file: str, problem: str
) -> None:
    open_database(f"sqlite:///{tmp_path / 'x.db'}").close()

    with pytest.raises((InvalidArgumentError, MachineError), match=problem) as caught:
        back_up_database(url.format(tmp_path), tmp_path / file)

    assert "secret" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.db"]


def test_the_commands_name_versions_and_sizes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "service").mkdir(parents=True)

    made = argosy("service", "upgrade", "--home", str(home), cwd=tmp_path)
    again = argosy("service", "upgrade", "--home", str(home), cwd=tmp_path)
    copied = argosy("service", "backup", "copy.db", "--home", str(home), cwd=tmp_path)
    refused = argosy("service", "backup", "copy.db", "--home", str(home), cwd=tmp_path)

    head = schema.HEAD
    assert made.out == f"the database has schema {head} now; before, it had none\n"
    assert again.out == f"the database has schema {head}, the newest of this release\n"
    assert copied.out.startswith("copy.db: 0.")
    assert refused.errors == ["'copy.db' is there already; choose another file, or delete it"]

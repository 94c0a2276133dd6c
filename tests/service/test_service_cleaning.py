"""Runs that are deleted after a while, and what an engine of this machine removes of them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from argosy_runs.local.deleting import delete_runs
from argosy_runs.local.home import RunFiles
from argosy_schemas.names import RunId
from argosy_service.background.cleaner import Cleaner, Retention
from argosy_service.background.ledger import Ledger
from argosy_service.background.run_keeper import RunKeeper
from argosy_service.database.database import Database, open_database
from argosy_service.database.tables import DELETED_RUNS, RUNS, TASKS
from argosy_service.database.times import to_microseconds
from argosy_service.engines.fakes import FakeEngine
from argosy_service.engines.local.deleting import RunRemover
from argosy_service.engines.local.engine import LocalEngine, LocalSettings
from cli_processes import argosy, shell_pipeline
from postgresql import PostgreSql

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


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


def add_run(
    database: Database, run_id: str, *, ended: timedelta | None, archived: bool = False
) -> None:
    """Add a run that began ten days ago, and ended some time ago."""
    with database.write() as connection:
        connection.execute(
            insert(RUNS).values(
                id=run_id,
                experiment_id="x",
                storage_state="ARCHIVED" if archived else "AVAILABLE",
                state="RUNNING" if ended is None else "SUCCEEDED",
                created_at=to_microseconds(NOW - 10 * DAY),
                finished_at=0 if ended is None else to_microseconds(NOW - ended),
            )
        )
        connection.execute(
            insert(TASKS).values(run_id=run_id, path="a", id=f"{run_id}-a", position=0)
        )


def list_runs(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(RUNS.c.id)).scalars())


@pytest.mark.parametrize(
    ("retention", "left"),
    [
        (Retention(), ["archived", "goes-on", "new", "old"]),
        (Retention(runs=2 * DAY), ["goes-on", "new"]),
        (Retention(archived=2 * DAY), ["goes-on", "new", "old"]),
        (Retention(archived=0 * DAY), ["goes-on", "new", "old"]),
        (Retention(runs=5 * DAY, archived=0 * DAY), ["goes-on", "new", "old"]),
        (Retention(runs=2 * DAY, archived=5 * DAY), ["archived", "goes-on", "new"]),
    ],
)
def test_runs_are_deleted_some_time_after_their_end(
    database: Database, retention: Retention, left: list[str]
) -> None:
    add_run(database, "old", ended=3 * DAY)
    add_run(database, "new", ended=DAY)
    add_run(database, "goes-on", ended=None)
    add_run(database, "archived", ended=3 * DAY, archived=True)

    Cleaner(database, retention, lambda: NOW).step()

    assert list_runs(database) == left
    with database.read() as connection:
        tasks = sorted(connection.execute(select(TASKS.c.run_id)).scalars())
    assert tasks == left


def test_the_engine_removes_them_with_their_artifacts(database: Database) -> None:
    add_run(database, "old", ended=3 * DAY)
    engine = FakeEngine()

    Cleaner(database, Retention(runs=DAY), lambda: NOW).step()
    RunKeeper(Ledger(database), engine, lambda: NOW).step()

    assert engine.deleted == {"old": True}
    with database.read() as connection:
        assert connection.execute(select(DELETED_RUNS)).all() == []


def test_it_looks_once_a_minute(database: Database) -> None:
    times = iter([NOW, NOW + timedelta(seconds=30), NOW + timedelta(seconds=60)])
    cleaner = Cleaner(database, Retention(runs=DAY), lambda: next(times))
    cleaner.step()
    add_run(database, "old", ended=3 * DAY)

    cleaner.step()
    before = list_runs(database)
    cleaner.step()

    assert (before, list_runs(database)) == (["old"], [])


def test_a_hundred_are_deleted_in_a_minute_archived_ones_included(database: Database) -> None:
    for number in range(90):
        add_run(database, f"{number:03}", ended=3 * DAY)
        add_run(database, f"{number:03}-archived", ended=3 * DAY, archived=True)
    minutes = iter(range(9))
    cleaner = Cleaner(database, Retention(runs=DAY), lambda: NOW + timedelta(minutes=next(minutes)))

    cleaner.step()
    first = len(list_runs(database))
    # Also while an engine cannot remove the first ones.
    cleaner.step()

    assert (first, list_runs(database)) == (80, [])


def test_deleted_runs_that_stay_for_now_keep_no_others_from_their_turn(database: Database) -> None:
    for number in range(105):
        add_run(database, f"{number:03}", ended=3 * DAY)
    minutes = iter(range(9))
    cleaner = Cleaner(database, Retention(runs=DAY), lambda: NOW + timedelta(minutes=next(minutes)))
    cleaner.step()
    cleaner.step()
    engine = FakeEngine()
    engine.deletes = False
    keeper = RunKeeper(Ledger(database), engine, lambda: NOW)

    keeper.step()
    first = len(engine.deleted)
    keeper.step()
    asked = len(engine.deleted)
    engine.deletes = True
    keeper.step()
    keeper.step()

    assert (first, asked) == (100, 105)
    with database.read() as connection:
        assert connection.execute(select(DELETED_RUNS)).all() == []


def test_an_error_that_nobody_expects_keeps_no_runs_from_being_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = threading.Event()

    def delete_some(home: Path, ids: Sequence[RunId], *, artifacts: bool) -> Any:
        if "bad" in ids:
            raise RuntimeError("no thread")
        removed.set()
        return delete_runs(home, ids, artifacts=artifacts)

    monkeypatch.setattr("argosy_service.engines.local.deleting.delete_runs", delete_some)
    remover = RunRemover(tmp_path)
    remover.remove("bad", artifacts=False)
    give_up_at = time.monotonic() + 60
    while not removed.is_set() and time.monotonic() < give_up_at:
        time.sleep(0.01)
        remover.remove("good", artifacts=False)
    remover.close()

    assert removed.is_set()


def run_here(directory: Path, script: str) -> Any:
    document = json.loads(shell_pipeline("keep", {"one": script}))
    document["components"]["comp-one"]["outputDefinitions"]["artifacts"] = {
        "data": {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}
    }
    (executor,) = document["deploymentSpec"]["executors"].values()
    executor["container"]["args"].append("{{$.outputs.artifacts['data'].path}}")
    (directory / "keep.json").write_text(json.dumps(document))
    return argosy("run", "keep.json", "-q", "-o", "json", cwd=directory).result


def remove(engine: LocalEngine, run_id: str) -> bool:
    """Ask until it is done, as the job does; return whether it was within a minute."""
    for _ in range(600):
        if engine.delete(run_id, artifacts=True):
            return True
        time.sleep(0.1)
    return False


def test_an_engine_of_this_machine_removes_runs_with_their_artifacts(tmp_path: Path) -> None:
    good = run_here(tmp_path, 'echo > "$0"; echo data > "$1"')
    damaged = run_here(tmp_path, 'echo > "$0"; echo more > "$1"')
    home = tmp_path / ".argosy"
    files = RunFiles(home, RunId(damaged["run_id"]))
    files.spec.write_text("{")
    engine = LocalEngine(LocalSettings(home=home, max_runs=1, jobs=1))

    gone = [remove(engine, each["run_id"]) for each in (good, damaged)]
    engine.close()

    assert gone == [True, True]
    assert list((home / "runs").glob("*/run.json")) == []
    (kept,) = [path for path in (home / "artifacts").rglob("*") if path.is_file()]
    assert kept.read_text() == "more\n"

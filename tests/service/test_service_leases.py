"""One of several services on a database does the jobs."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from argosy_service.background.leading import LeadingJobs
from argosy_service.background.loop import Job
from argosy_service.database.database import Database, open_database
from argosy_service.database.leases import Lease
from argosy_service.health import Health
from argosy_store.fakes import FakeClock
from postgresql import PostgreSql


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


def lease(
    database: Database, holder: str, clock: FakeClock | None = None, *, seconds: float = 15
) -> Lease:
    monotonic = time.monotonic if clock is None else clock.monotonic
    return Lease(database, name="jobs", holder=holder, seconds=seconds, monotonic=monotonic)


def test_one_of_two_has_it(database: Database) -> None:
    one, other = lease(database, "one"), lease(database, "other")

    assert [one.hold(), other.hold(), one.hold()] == [True, False, True]


def test_who_releases_it_leaves_it_to_the_next(database: Database) -> None:
    clock = FakeClock()
    one, other = lease(database, "one"), lease(database, "other", clock)
    before = one.hold(), other.hold()

    one.release()
    clock.sleep(5)

    assert (before, other.hold()) == ((True, False), True)


def test_it_ends_unless_it_is_renewed(database: Database) -> None:
    # The database has a clock of its own, which goes on.
    clock = FakeClock()
    one = lease(database, "one", clock, seconds=0.3)
    other = lease(database, "other", clock, seconds=600)
    assert one.hold()
    clock.sleep(200)
    give_up_at = time.monotonic() + 60
    while not other.hold():
        assert time.monotonic() < give_up_at
        clock.sleep(200)
        time.sleep(0.05)

    assert not one.hold()


def test_who_renews_it_keeps_it(database: Database) -> None:
    clock = FakeClock()
    one, other = lease(database, "one", clock), lease(database, "other")
    held: list[bool] = []
    for _ in range(10):
        held.append(one.hold())
        clock.sleep(4)

    assert (held, other.hold()) == ([True] * 10, False)


def test_a_database_that_is_away_ends_it_in_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    one = lease(database, "one", clock)
    assert one.hold()

    def fail(_: Database) -> None:
        raise OperationalError("", None, Exception("gone"))

    monkeypatch.setattr(Database, "write", fail)
    held: list[bool] = []
    for _ in range(4):
        clock.sleep(5)
        held.append(one.hold())
    monkeypatch.undo()
    clock.sleep(5)

    assert held == [True, True, False, False]
    assert one.hold()


class Jobs:
    """Jobs that count how often they are made, taken and closed."""

    def __init__(self) -> None:
        self.made = self.taken = self.closed = 0

    @contextmanager
    def open(self) -> Generator[Sequence[Job]]:
        self.made += 1

        def take() -> bool:
            self.taken += 1
            return False

        yield [Job("take", take)]
        self.closed += 1


def test_jobs_are_for_the_holder_alone(database: Database) -> None:
    clock = FakeClock()
    mine, theirs = Jobs(), Jobs()
    one = LeadingJobs(lease(database, "one", clock), mine.open)
    other = LeadingJobs(lease(database, "other", clock), theirs.open)
    for _ in range(2):
        one.step()
        other.step()
    before = (mine.made, mine.taken, theirs.made)

    one.close()
    clock.sleep(5)
    other.step()
    clock.sleep(5)
    one.step()
    other.close()

    assert before == (1, 2, 0)
    assert (mine.taken, mine.closed) == (2, 1)
    assert (theirs.made, theirs.taken, theirs.closed) == (1, 1, 1)


def test_who_has_lost_it_leaves_the_jobs(database: Database) -> None:
    clock = FakeClock()
    mine = Jobs()
    jobs = LeadingJobs(lease(database, "one", clock), mine.open)
    jobs.step()
    lease(database, "one").release()
    assert lease(database, "other").hold()

    clock.sleep(5)
    jobs.step()

    assert (mine.taken, mine.closed) == (1, 1)


def test_who_cannot_open_the_jobs_leaves_them_to_others(database: Database) -> None:
    clock, theirs = FakeClock(), Jobs()

    @contextmanager
    def fail() -> Generator[Sequence[Job]]:
        raise RuntimeError("no kubeconfig")
        yield ()

    mine = LeadingJobs(lease(database, "one", clock), fail, monotonic=clock.monotonic)
    other = LeadingJobs(lease(database, "other", clock), theirs.open)
    with pytest.raises(RuntimeError, match="no kubeconfig"):
        mine.step()
    # Asked before the other one asks again.
    is_busy = mine.step()
    other.step()
    clock.sleep(15)
    mine.step()

    assert (is_busy, theirs.taken) == (False, 1)


def test_a_job_that_fails_keeps_no_other_from_its_step(database: Database) -> None:
    taken: list[str] = []

    def fail() -> bool:
        raise ValueError("no")

    def take() -> bool:
        taken.append("b")
        return True

    @contextmanager
    def open_jobs() -> Generator[Sequence[Job]]:
        yield Job("a", fail), Job("b", take)

    health = Health()
    is_busy = LeadingJobs(lease(database, "one"), open_jobs, health).step()

    assert (is_busy, taken, health.failures) == (True, ["b"], {"a": 1})

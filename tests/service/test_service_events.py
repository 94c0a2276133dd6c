"""Server-sent events of runs and of their list, while another replica writes into the database."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from argosy_runs.results import TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import TaskPath
from argosy_service.background.ledger import Ledger
from argosy_service.database.database import open_database
from argosy_service.engines.protocol import RunReport
from argosy_service.settings import ServiceSettings
from service_running import Client, run_service

HELLO = yaml.safe_load(
    (Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml").read_text()
)
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    kind: str
    data: Any
    id: str | None


class Stream:
    """The events of a response, one after the other."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.response = response
        self.last_id: str | None = None

    def next(self) -> Event | None:
        """Return the next event; ``None``: the stream has ended."""
        members: dict[str, str] = {}
        while line := self.response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "" and "data" in members:
                self.last_id = members.get("id", self.last_id)
                return Event(members["event"], json.loads(members["data"]), members.get("id"))
            if name:
                members[name] = value
        return None

    def until(self, kind: str) -> list[Event]:
        """Return the events up to the first of a kind."""
        found: list[Event] = []
        while event := self.next():
            found.append(event)
            if event.kind == kind:
                return found
        raise AssertionError(f"the stream ended without '{kind}': {found}")


@contextmanager
def follow(
    client: Client, path: str, last_id: str | None = None, status: int = 200
) -> Generator[Stream]:
    with closing(
        http.client.HTTPConnection("127.0.0.1", client.service.http_port, timeout=60)
    ) as connection:
        connection.request("GET", path, headers={"Last-Event-ID": last_id} if last_id else {})
        response = connection.getresponse()
        assert response.status == status, response.read()
        yield Stream(response)


@contextmanager
def another_replica(client: Client) -> Generator[Ledger]:
    database = open_database(client.settings.database_url)
    yield Ledger(database)
    database.close()


def task(path: str, state: TaskState) -> TaskResult:
    return TaskResult(
        path=TaskPath(path), kind=TaskKind.CONTAINER, name=path, display_name=path, state=state
    )


def report(ledger: Ledger, run_id: str, state: str, *tasks: TaskResult) -> None:
    report = RunReport(run_id=run_id, state=state, tasks=tasks, started_at=START, ends=1)
    ledger.take([report], 1)


def create(client: Client, **members: object) -> str:
    run = client.post("/runs", {"display_name": "run", "pipeline_spec": HELLO, **members})
    found: str = run["run_id"]
    return found


def names(event: Event) -> list[str]:
    return [each["name"] for each in event.data["tasks"]]


def test_a_follower_sees_a_run_to_its_end(client: Client) -> None:
    run_id = create(client)
    with follow(client, f"/runs/{run_id}/events") as stream, another_replica(client) as replica:
        (first,) = stream.until("run")
        report(replica, run_id, "RUNNING", task("a", TaskState.RUNNING))
        running = stream.until("tasks")
        report(replica, run_id, "FAILED", task("a", TaskState.FAILED))
        ended = stream.until("end")
        assert stream.next() is None

    assert stream.response.headers["Content-Type"].startswith("text/event-stream")
    assert (first.data["run"]["state"], first.data["run"]["run_id"]) == ("PENDING", run_id)
    assert running[-1].data["tasks"][0]["state"] == "RUNNING"
    states = [each.data["run"]["state"] for each in ended if each.kind == "run"]
    assert states == ["FAILED"]
    assert "finished_at" in ended[0].data["run"]


def test_the_stream_of_a_run_that_was_retried_is_not_that_of_its_end(client: Client) -> None:
    run_id = create(client)
    path = f"/runs/{run_id}/events"
    with another_replica(client) as replica:
        report(replica, run_id, "FAILED")
    with follow(client, path) as stream:
        stream.until("end")
    client.post(f"/runs/{run_id}:retry")

    # Nobody waited meanwhile: who follows a run that has ended does not.
    with follow(client, path) as stream:
        (event,) = stream.until("run")

    assert event.data["run"]["state"] == "PENDING"


def test_who_comes_back_gets_what_changed_meanwhile_and_nothing_else(client: Client) -> None:
    run_id = create(client)
    path = f"/runs/{run_id}/events"
    with another_replica(client) as replica:
        waiting = task("b", TaskState.PENDING)
        report(replica, run_id, "RUNNING", task("a", TaskState.RUNNING), waiting)
        with follow(client, path) as stream:
            assert names(stream.until("tasks")[-1]) == ["a", "b"]
        report(replica, run_id, "RUNNING", task("a", TaskState.SUCCEEDED), waiting)

        with follow(client, path, stream.last_id) as again:
            assert names(again.until("tasks")[-1]) == ["a"]
        with follow(client, f"{path}?after={stream.last_id}") as again:
            assert names(again.until("tasks")[-1]) == ["a"]


def test_many_tasks_come_in_parts_and_none_is_lost_between(client: Client) -> None:
    run_id = create(client)
    path = f"/runs/{run_id}/events"
    with another_replica(client) as replica:
        tasks = [task(f"t{number:03}", TaskState.RUNNING) for number in range(450)]
        report(replica, run_id, "RUNNING", *tasks)
    with follow(client, path) as stream:
        first = stream.until("tasks")[-1]
    with follow(client, path, stream.last_id) as again:
        parts = [again.until("tasks")[-1] for _ in range(3)]

    assert len(names(first)) == 200
    assert sorted(name for part in parts for name in names(part)) == [t.name for t in tasks]


def test_the_list_tells_of_runs_that_come_change_and_go(client: Client) -> None:
    other = client.post("/experiments", {"display_name": "other"})["experiment_id"]
    create(client)
    with (
        follow(client, "/runs/events") as stream,
        follow(client, f"/runs/events?experiment_id={other}") as of_other,
    ):
        ready = stream.next()
        mine = create(client, experiment_id=other)
        made = stream.until("run")[-1]
        client.post(f"/runs/{mine}:archive")
        archived = stream.until("run")[-1]
        create(client)
        client.ask("DELETE", f"/runs/{mine}")
        gone = stream.until("gone")[-1]
        seen = of_other.until("gone")

    assert ready is not None
    assert ready.kind == "ready"
    assert made.data["run"]["run_id"] == mine
    assert archived.data["run"]["storage_state"] == "ARCHIVED"
    assert gone.data == {"run_id": mine}
    ids = {each.data["run"]["run_id"] for each in seen if each.kind == "run"}
    assert ids <= {mine}


def test_the_list_goes_on_where_it_was(client: Client) -> None:
    with follow(client, "/runs/events") as stream:
        stream.next()
    ids = [create(client) for _ in range(3)]
    client.post(f"/experiments/{_default(client)}:archive")

    with follow(client, "/runs/events", stream.last_id) as again:
        again.next()
        events = [again.until("run")[-1] for _ in ids]

    assert {each.data["run"]["run_id"] for each in events} == set(ids)
    # All three changed at once, so that only the last says how far it is.
    assert [each.id is None for each in events] == [True, True, False]


def test_a_deleted_run_is_gone_for_its_followers(client: Client) -> None:
    run_id = create(client)
    path = f"/runs/{run_id}/events"
    with follow(client, path) as stream:
        stream.until("run")
        client.ask("DELETE", f"/runs/{run_id}")
        stream.until("gone")
        assert stream.next() is None
    with follow(client, path, stream.last_id) as again:
        again.until("gone")


def test_a_number_of_another_database_begins_anew(client: Client) -> None:
    run_id = create(client)
    with follow(client, f"/runs/{run_id}/events", "999999999") as stream:
        assert [each.kind for each in stream.until("run")] == ["reset", "run"]
    with follow(client, "/runs/events", "999999999") as stream:
        stream.until("reset")


@pytest.mark.parametrize(
    ("path", "last_id", "status"),
    [("/runs/x/events", None, 404), ("/runs/events", "x", 400), ("/runs/x/events", "-1", 400)],
)
def test_a_wrong_request_is_refused(
    client: Client, path: str, last_id: str | None, status: int
) -> None:
    with follow(client, path, last_id, status):
        pass


def test_streams_do_not_hold_up_the_end_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argosy_service.serve._GRACE_SECONDS", 200)
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0, max_runs=0)
    with run_service(settings) as client, follow(client, "/runs/events") as stream:
        stream.next()
        began = time.monotonic()
        client.service.stop()
        assert stream.next() is None

    assert time.monotonic() - began < 100


def _default(client: Client) -> str:
    (found,) = client.get("/experiments")["experiments"]
    experiment_id: str = found["experiment_id"]
    return experiment_id

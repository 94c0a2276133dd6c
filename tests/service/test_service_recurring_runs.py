"""Recurring runs by the API, and the runs that the scheduler makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update

from argosy_service.background.scheduler import Scheduler
from argosy_service.database.database import open_database
from argosy_service.database.tables import RECURRING_RUNS
from argosy_service.engines.fakes import FakeLogs
from argosy_service.protos.experiment_pb2 import ArchiveExperimentRequest
from argosy_service.protos.pipeline_pb2 import DeletePipelineRequest
from argosy_service.protos.recurring_run_pb2 import (
    CreateRecurringRunRequest,
    DisableRecurringRunRequest,
    EnableRecurringRunRequest,
    GetRecurringRunRequest,
    RecurringRun,
)
from argosy_service.protos.run_pb2 import ListRunsRequest, Run
from argosy_service.protos.runtime_config_pb2 import RuntimeConfig
from argosy_service.resources import experiments
from argosy_service.resources.changes import Changes
from argosy_service.resources.context import Context
from argosy_service.resources.pipelines import pipelines, uploads
from argosy_service.resources.recurring_runs import recurring_runs
from argosy_service.resources.runs import runs
from argosy_service.resources.runs.run_rows import find_run_row, move_run
from postgresql import PostgreSql
from service_running import Client

HELLO_FILE = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
HELLO: Any = yaml.safe_load(HELLO_FILE.read_text())
UNKNOWN = "4c8d6a2e-0000-4000-8000-000000000000"
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def make_body(**members: object) -> dict[str, object]:
    return {
        "display_name": "nightly",
        "pipeline_spec": HELLO,
        "max_concurrency": "1",
        "mode": "ENABLE",
        "trigger": {"periodic_schedule": {"interval_second": "3600"}},
        **members,
    }


def test_a_recurring_run_comes_back_as_it_was_created(client: Client) -> None:
    trigger = {
        "cron_schedule": {
            "cron": "0 0 9 * * *",
            "start_time": "2046-01-01T00:00:00Z",
            "end_time": "2047-01-01T00:00:00Z",
        }
    }
    body = make_body(
        trigger=trigger, description="d", no_catchup=True, runtime_config={"parameters": {}}
    )

    created = client.post("/recurringruns", body)

    assert client.get(f"/recurringruns/{created['recurring_run_id']}") == created
    assert client.get("/recurringruns")["recurringRuns"] == [created]
    assert (created["trigger"], created["no_catchup"]) == (trigger, True)
    assert (created["mode"], created["status"], created["max_concurrency"]) == (
        "ENABLE",
        "ENABLED",
        "1",
    )
    assert created["pipeline_spec"] == HELLO
    assert created["service_account"] == "pipeline-runner"
    assert {"runtime_config", "error"} & created.keys() == set()


def test_a_period_comes_back_with_its_bounds(client: Client) -> None:
    schedule = {
        "interval_second": "90",
        "start_time": "2046-01-01T00:00:00Z",
        "end_time": "2047-01-01T00:00:00Z",
    }

    created = client.post(
        "/recurringruns", make_body(trigger={"periodic_schedule": schedule}, mode="DISABLE")
    )

    assert created["trigger"] == {"periodic_schedule": schedule}
    assert (created["mode"], created["status"]) == ("DISABLE", "DISABLED")


def test_one_without_experiment_belongs_to_the_default_one(client: Client) -> None:
    created = client.post("/recurringruns", make_body())

    (experiment,) = client.get("/experiments")["experiments"]
    assert created["experiment_id"] == experiment["experiment_id"]


def test_pages_give_each_once(client: Client) -> None:
    made = [client.post("/recurringruns", make_body()) for _ in range(5)]
    first = client.get("/recurringruns", page_size=2, sort_by="created_at desc")
    # The order is remembered.
    second = client.get("/recurringruns", page_size=3, page_token=first["next_page_token"])

    assert [*first["recurringRuns"], *second["recurringRuns"]] == made[::-1]
    assert "next_page_token" not in second


def test_it_is_enabled_disabled_and_deleted(client: Client) -> None:
    path = f"/recurringruns/{client.post('/recurringruns', make_body())['recurring_run_id']}"

    for _ in range(2):
        assert client.post(f"{path}:disable") == {}
    assert (client.get(path)["status"], client.get(path)["mode"]) == ("DISABLED", "DISABLE")
    client.post(f"{path}:enable")
    assert client.get(path)["status"] == "ENABLED"
    assert client.ask("DELETE", path, query={"propagation_policy": "ORPHAN"}).body == {}
    assert client.ask("GET", path).status == 404


def test_lists_are_by_experiment_and_filter(client: Client) -> None:
    other = client.post("/experiments", {"display_name": "other"})["experiment_id"]
    client.post("/recurringruns", make_body())
    created = client.post("/recurringruns", make_body(experiment_id=other))

    assert client.get("/recurringruns", experiment_id=other)["recurringRuns"] == [created]
    assert client.get("/recurringruns", sort_by="updated_at desc", page_size=1)["total_size"] == 2


@pytest.mark.parametrize(
    ("members", "status", "problem"),
    [
        ({"display_name": ""}, 400, "display_name: The name is empty"),
        ({"max_concurrency": 0}, 400, "max_concurrency: 0 must be 1 to 10"),
        ({"max_concurrency": "11"}, 400, "max_concurrency: 11 must be 1 to 10"),
        ({"trigger": {"cron_schedule": {"cron": "soon"}}}, 400, "cron: 'soon' is no schedule"),
        ({"trigger": {"periodic_schedule": {}}}, 400, "interval_second: 0 is less than"),
        (
            {
                "trigger": {
                    "periodic_schedule": {
                        "interval_second": 1,
                        "start_time": "2026-01-02T00:00:00Z",
                        "end_time": "2026-01-01T00:00:00Z",
                    }
                }
            },
            400,
            "end_time: It is before start_time",
        ),
        ({"pipeline_spec": None}, 400, "the run names no pipeline"),
        ({"runtime_config": {"parameters": {"x": 1}}}, 400, "the pipeline has no parameter 'x'"),
        ({"experiment_id": UNKNOWN}, 404, "there is no experiment"),
    ],
    ids=range(9),
)
def test_a_wrong_one_is_refused(
    client: Client, members: dict[str, object], status: int, problem: str
) -> None:
    answer = client.ask("POST", "/recurringruns", make_body(**members))

    assert answer.status == status
    assert answer.message.startswith(problem)
    assert client.get("/recurringruns") == {}


@pytest.mark.parametrize(
    ("verb", "suffix"), [("GET", ""), ("DELETE", ""), ("POST", ":enable"), ("POST", ":disable")]
)
def test_an_unknown_one_is_not_found(client: Client, verb: str, suffix: str) -> None:
    assert client.ask(verb, f"/recurringruns/{UNKNOWN}{suffix}").status == 404


# The scheduler, by a clock of the tests.


@dataclass
class Scheduled:
    """A service without ports whose time the tests say."""

    context: Context
    times: list[datetime] = field(default_factory=lambda: [START])

    def create(self, **members: Any) -> RecurringRun:
        values: dict[str, Any] = {
            "display_name": "Nightly run!",
            "max_concurrency": 10,
            "mode": "ENABLE",
            "trigger": {"periodic_schedule": {"interval_second": 60}},
            **members,
        }
        if "pipeline_version_reference" not in values:
            values["pipeline_spec"] = HELLO
        request = CreateRecurringRunRequest(recurring_run=RecurringRun(**values))
        return recurring_runs.create_recurring_run(self.context, request)

    def pass_by(self, **time: float) -> None:
        """Let time pass, and the scheduler see it as often as it wants."""
        self.times[0] += timedelta(**time)
        while Scheduler(self.context).step():
            pass

    def runs(self) -> list[Run]:
        return list(runs.list_runs(self.context, ListRunsRequest()).runs)

    def end_all(self) -> None:
        with self.context.database.write() as connection:
            for run in self.runs():
                row = find_run_row(connection, run.run_id)
                move_run(connection, row, "SUCCEEDED", self.context.now())


@pytest.fixture(params=["sqlite", "postgresql"])
def scheduled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scheduled]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'x.db'}"
    else:
        server: PostgreSql = request.getfixturevalue("postgresql")
        url = server.create_database()
    database = open_database(url)
    times = [START]
    context = Context(database=database, clock=lambda: times[0], changes=Changes(), logs=FakeLogs())
    experiments.ensure_default_experiment(context)
    yield Scheduled(context=context, times=times)
    database.close()


def times_of(found: list[Run]) -> list[str]:
    return sorted(run.scheduled_at.ToJsonString()[11:19] for run in found)


def test_each_slot_makes_one_run(scheduled: Scheduled) -> None:
    recurring = scheduled.create(description="d", service_account="me")

    scheduled.pass_by(seconds=59)
    before = scheduled.runs()
    scheduled.pass_by(seconds=1)
    scheduled.pass_by(seconds=0)
    scheduled.pass_by(seconds=60)

    found = scheduled.runs()
    assert before == []
    assert times_of(found) == ["12:01:00", "12:02:00"]
    (first, _) = sorted(found, key=lambda run: run.display_name)
    assert first.display_name.startswith("nightlyrun-1-")
    assert first.recurring_run_id == recurring.recurring_run_id
    assert (first.experiment_id, first.service_account) == (recurring.experiment_id, "me")
    assert first.pipeline_spec == recurring.pipeline_spec


def test_macros_stand_for_the_slot_and_the_number(scheduled: Scheduled) -> None:
    config = RuntimeConfig()
    config.parameters["name"].string_value = "[[Index]] at [[ScheduledTime.15:04]]"
    recurring = scheduled.create(runtime_config=config)

    scheduled.pass_by(minutes=2)

    found = [run.runtime_config.parameters["name"].string_value for run in scheduled.runs()]
    assert sorted(found) == ["1 at 12:01", "2 at 12:02"]
    assert recurring.runtime_config == config


def test_missed_slots_are_caught_up_with_unless_told(scheduled: Scheduled) -> None:
    scheduled.create()
    scheduled.create(display_name="latest", no_catchup=True)

    scheduled.pass_by(minutes=2, seconds=30)

    names = sorted(run.display_name[:8] for run in scheduled.runs())
    assert names == ["latest-1", "nightlyr", "nightlyr"]
    latest = [run for run in scheduled.runs() if run.display_name.startswith("latest")]
    assert times_of(latest) == ["12:02:00"]


def test_runs_that_go_on_hold_back_further_ones(scheduled: Scheduled) -> None:
    scheduled.create(max_concurrency=2)

    scheduled.pass_by(minutes=5)
    held = len(scheduled.runs())
    scheduled.end_all()
    scheduled.pass_by(seconds=0)

    assert (held, len(scheduled.runs())) == (2, 4)


def test_slots_that_pass_while_the_service_is_down_are_not_lost(scheduled: Scheduled) -> None:
    scheduled.create()
    scheduled.create(display_name="latest", no_catchup=True)
    scheduled.pass_by(minutes=1)
    scheduled.times[0] += timedelta(minutes=3)

    # Another one, as after a restart: all that it knows is in the database.
    context = replace(scheduled.context, changes=Changes(), logs=FakeLogs())
    while Scheduler(context).step():
        pass

    found = scheduled.runs()
    latest = [run for run in found if run.display_name.startswith("latest")]
    assert times_of(latest) == ["12:01:00", "12:04:00"]
    assert times_of([run for run in found if run not in latest]) == [
        f"12:0{minute}:00" for minute in (1, 2, 3, 4)
    ]


def test_what_is_disabled_makes_none(scheduled: Scheduled) -> None:
    created = scheduled.create(mode="DISABLE")
    request = {"recurring_run_id": created.recurring_run_id}

    scheduled.pass_by(minutes=1)
    disabled = len(scheduled.runs())
    recurring_runs.enable_recurring_run(scheduled.context, EnableRecurringRunRequest(**request))
    scheduled.pass_by(seconds=0)
    recurring_runs.disable_recurring_run(scheduled.context, DisableRecurringRunRequest(**request))
    scheduled.pass_by(minutes=5)

    assert (disabled, len(scheduled.runs())) == (0, 1)


def test_archiving_the_experiment_disables_it(scheduled: Scheduled) -> None:
    created = scheduled.create()

    experiments.archive_experiment(
        scheduled.context, ArchiveExperimentRequest(experiment_id=created.experiment_id)
    )
    scheduled.pass_by(minutes=5)

    assert scheduled.runs() == []


def test_without_trigger_it_runs_once_at_once(scheduled: Scheduled) -> None:
    scheduled.create(trigger=None)

    scheduled.pass_by(seconds=0)
    scheduled.pass_by(minutes=5)

    assert len(scheduled.runs()) == 1


def upload(scheduled: Scheduled, name: str, pipeline_id: str = "") -> Any:
    given = uploads.Upload(
        file="p.yaml", data=HELLO_FILE.read_bytes(), name=name, pipeline_id=pipeline_id
    )
    act = uploads.upload_version if pipeline_id else uploads.upload_pipeline
    return act(scheduled.context, given)


def test_a_pipeline_alone_stands_for_its_newest_version(scheduled: Scheduled) -> None:
    pipeline = upload(scheduled, "p")
    reference = {"pipeline_id": pipeline.pipeline_id}
    created = scheduled.create(pipeline_version_reference=reference)
    scheduled.times[0] += timedelta(seconds=1)
    newest = upload(scheduled, "v2", pipeline.pipeline_id)

    scheduled.pass_by(minutes=1)

    (run,) = scheduled.runs()
    assert created.pipeline_version_reference.pipeline_version_id == ""
    assert run.pipeline_version_reference.pipeline_version_id == newest.pipeline_version_id


def test_a_version_stays_that_version(scheduled: Scheduled) -> None:
    pipeline = upload(scheduled, "p")
    version = upload(scheduled, "v2", pipeline.pipeline_id)
    reference = {
        "pipeline_id": pipeline.pipeline_id,
        "pipeline_version_id": version.pipeline_version_id,
    }
    created = scheduled.create(pipeline_version_reference=reference)
    upload(scheduled, "v3", pipeline.pipeline_id)

    scheduled.pass_by(minutes=1)

    (run,) = scheduled.runs()
    assert run.pipeline_version_reference == created.pipeline_version_reference


def test_a_pipeline_that_is_gone_is_named_and_the_next_slot_tried(scheduled: Scheduled) -> None:
    pipeline = upload(scheduled, "p")
    created = scheduled.create(pipeline_version_reference={"pipeline_id": pipeline.pipeline_id})
    pipelines.delete_pipeline(
        scheduled.context,
        DeletePipelineRequest(pipeline_id=pipeline.pipeline_id, cascade=True),
    )

    scheduled.pass_by(minutes=1)

    found = recurring_runs.get_recurring_run(
        scheduled.context, GetRecurringRunRequest(recurring_run_id=created.recurring_run_id)
    )
    assert scheduled.runs() == []
    assert found.error.message.startswith("no run was made: there is no pipeline")


def test_one_that_is_due_once_in_an_age_stops_no_other(scheduled: Scheduled) -> None:
    trigger = {"periodic_schedule": {"interval_second": 2**60, "start_time": START}}
    scheduled.times[0] -= timedelta(seconds=1)
    scheduled.create(display_name="age", trigger=trigger)
    scheduled.times[0] += timedelta(seconds=1)
    scheduled.create()

    scheduled.pass_by(minutes=1)

    assert times_of(scheduled.runs()) == ["12:00:00", "12:01:00"]


def test_one_that_is_broken_stops_no_other(scheduled: Scheduled) -> None:
    broken = scheduled.create()
    with scheduled.context.database.write() as connection:
        connection.execute(
            update(RECURRING_RUNS)
            .where(RECURRING_RUNS.c.id == broken.recurring_run_id)
            .values(cron="words", interval_seconds=0)
        )
    scheduled.create()

    scheduled.pass_by(minutes=1)

    assert times_of(scheduled.runs()) == ["12:01:00"]


def test_another_scheduler_makes_no_second_run(scheduled: Scheduled) -> None:
    scheduled.create()
    scheduled.times[0] += timedelta(minutes=1)
    other = replace(scheduled.context, changes=Changes(), logs=FakeLogs())

    made = [Scheduler(context).step() for context in (scheduled.context, other)]

    assert made == [True, False]
    assert len(scheduled.runs()) == 1

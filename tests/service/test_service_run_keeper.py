"""The job that keeps runs, with an engine that does what the tests say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from sqlalchemy.exc import OperationalError

from argosy_runs.results import TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.errors import MachineError
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import TaskPath
from argosy_service.background.ledger import Ledger
from argosy_service.background.loop import Job, run_in_background
from argosy_service.background.run_keeper import RunKeeper
from argosy_service.database.database import Database, open_database
from argosy_service.engines.fakes import FakeEngine, FakeLogs
from argosy_service.engines.protocol import FoundRun, RunOrder, RunReport
from argosy_service.errors import (
    AlreadyExistsError,
    InvalidRequestError,
    NotFoundError,
    WrongStateError,
)
from argosy_service.health import Health
from argosy_service.protos.experiment_pb2 import ListExperimentsRequest
from argosy_service.protos.run_pb2 import (
    CreateRunRequest,
    DeleteRunRequest,
    GetRunRequest,
    PipelineTaskDetail,
    RetryRunRequest,
    Run,
    RuntimeState,
    TerminateRunRequest,
)
from argosy_service.resources.changes import Changes
from argosy_service.resources.context import Context
from argosy_service.resources.experiments import ensure_default_experiment, list_experiments
from argosy_service.resources.runs import runs
from postgresql import PostgreSql

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
STARTED = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENDED = STARTED + timedelta(minutes=1)


@dataclass
class Service:
    """The parts of a service whose engine is a fake."""

    context: Context
    engine: FakeEngine
    keeper: RunKeeper
    health: Health

    def create(self, name: str = "run") -> str:
        spec = Struct()
        json_format.ParseDict(yaml.safe_load(HELLO.read_text()), spec)
        run = Run(display_name=name, pipeline_spec=spec)
        return runs.create_run(self.context, CreateRunRequest(run=run)).run_id

    def get(self, run_id: str) -> Run:
        return runs.get_run(self.context, GetRunRequest(run_id=run_id))

    def state(self, run_id: str) -> str:
        return RuntimeState.Name(self.get(run_id).state)

    def history(self, run_id: str) -> list[str]:
        return [RuntimeState.Name(each.state) for each in self.get(run_id).state_history]

    def report(self, run_id: str, state: str, **values: object) -> None:
        """Have the engine report, and the keeper see it."""
        report = RunReport(run_id=run_id, state=state, started_at=STARTED)
        self.engine.report(replace(report, **values))  # type: ignore[arg-type]
        self.keeper.step()

    def anew(self) -> Service:
        """Return the service as it is after a restart."""
        return make_service(self.context, FakeEngine())


def make_service(context: Context, engine: FakeEngine) -> Service:
    ledger = Ledger(context.database)
    health = Health()
    keeper = RunKeeper(ledger, engine, context.clock, health)
    return Service(context=context, engine=engine, keeper=keeper, health=health)


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'x.db'}"
    else:
        server: PostgreSql = request.getfixturevalue("postgresql")
        url = server.create_database()
    database = open_database(url)
    context = Context(
        database=database, clock=lambda: datetime.now(UTC), changes=Changes(), logs=FakeLogs()
    )
    ensure_default_experiment(context)
    yield make_service(context, FakeEngine(room=2))
    database.close()


def task(path: str, state: TaskState, **values: object) -> TaskResult:
    result = TaskResult(
        path=TaskPath(path), kind=TaskKind.CONTAINER, name=path, display_name=path, state=state
    )
    return replace(result, **values)  # type: ignore[arg-type]


def test_a_run_is_started_once_and_seen_to_its_end(service: Service) -> None:
    run_id = service.create()

    service.keeper.step()
    service.keeper.step()
    service.report(run_id, "RUNNING")
    during = service.state(run_id)
    service.report(run_id, "SUCCEEDED", finished_at=ENDED, ends=1)

    assert [order.run_id for order in service.engine.orders] == [run_id]
    assert during == "RUNNING"
    assert service.history(run_id) == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert service.get(run_id).finished_at.seconds == int(ENDED.timestamp())


def test_a_run_that_was_fast_has_been_running(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()

    service.report(run_id, "SUCCEEDED", finished_at=ENDED, ends=1)

    assert service.history(run_id) == ["PENDING", "RUNNING", "SUCCEEDED"]


def test_times_of_a_history_never_go_back(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()

    # Before the run was created: by another clock, in whole seconds.
    service.report(run_id, "SUCCEEDED", started_at=STARTED, finished_at=ENDED, ends=1)

    run = service.get(run_id)
    times = [each.update_time.ToDatetime(UTC) for each in run.state_history]
    assert times == [run.created_at.ToDatetime(UTC)] * 3
    assert run.finished_at.ToDatetime(UTC) == ENDED


def test_runs_wait_for_room_in_their_order(service: Service) -> None:
    ids = [service.create(f"run {number}") for number in range(4)]

    service.keeper.step()
    first = [order.run_id for order in service.engine.orders]
    service.report(ids[1], "SUCCEEDED", ends=1)
    service.keeper.step()

    assert first == ids[:2]
    assert [order.run_id for order in service.engine.orders] == ids[:3]


def test_a_failed_run_says_why(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()

    service.report(run_id, "FAILED", error="task 'a' failed", ends=1)

    assert service.state(run_id) == "FAILED"
    assert service.get(run_id).error.message == "task 'a' failed"


def test_a_terminated_run_ends_as_failed_and_says_who_stopped_it(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    service.report(run_id, "RUNNING")

    runs.terminate_run(service.context, TerminateRunRequest(run_id=run_id))
    canceling = service.state(run_id)
    service.keeper.step()
    stopped = list(service.engine.stopped)
    service.report(run_id, "CANCELED", error="stopped", ends=1)

    assert (canceling, stopped) == ("CANCELING", [run_id])
    assert service.history(run_id) == ["PENDING", "RUNNING", "CANCELING", "FAILED"]
    assert service.get(run_id).error.message == "the run was terminated by a request"


def test_a_run_that_was_stopped_by_hand_has_been_canceling(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()

    service.report(run_id, "CANCELED", ends=1)

    assert service.history(run_id) == ["PENDING", "RUNNING", "CANCELING", "FAILED"]
    assert service.get(run_id).error.message == "the run was stopped"


def test_a_run_that_waits_can_be_terminated(service: Service) -> None:
    run_id = service.create()
    runs.terminate_run(service.context, TerminateRunRequest(run_id=run_id))

    service.keeper.step()

    assert service.engine.orders == []
    assert service.engine.watched == {run_id}


def test_a_run_that_succeeds_while_it_is_stopped_has_succeeded(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    runs.terminate_run(service.context, TerminateRunRequest(run_id=run_id))

    service.report(run_id, "SUCCEEDED", ends=1)

    assert service.state(run_id) == "SUCCEEDED"
    assert not service.get(run_id).HasField("error")


def test_what_has_ended_cannot_be_terminated(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    service.report(run_id, "SUCCEEDED", ends=1)

    with pytest.raises(InvalidRequestError, match="is SUCCEEDED; only a PENDING or RUNNING one"):
        runs.terminate_run(service.context, TerminateRunRequest(run_id=run_id))


def test_a_retried_run_is_started_with_what_it_has_ended(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    service.report(run_id, "FAILED", error="no", ends=1)

    runs.retry_run(service.context, RetryRunRequest(run_id=run_id))
    retried = service.get(run_id)
    service.keeper.step()
    service.report(run_id, "SUCCEEDED", ends=2)

    assert [order.ends for order in service.engine.orders] == [0, 1]
    assert (retried.error.message, retried.finished_at.seconds) == ("", 0)
    assert service.history(run_id) == [
        "PENDING",
        "RUNNING",
        "FAILED",
        "PENDING",
        "RUNNING",
        "SUCCEEDED",
    ]


def test_the_history_of_a_retried_run_goes_forward(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    service.report(run_id, "FAILED", error="no", ends=1)

    runs.retry_run(service.context, RetryRunRequest(run_id=run_id))
    service.keeper.step()
    # An engine may name its first start until it has begun anew.
    service.report(run_id, "RUNNING")

    times = [each.update_time.ToNanoseconds() for each in service.get(run_id).state_history]
    assert len(times) == 5
    assert times == sorted(times)


def test_only_what_failed_can_be_retried(service: Service) -> None:
    run_id = service.create()

    with pytest.raises(WrongStateError, match="is PENDING; only a run that failed"):
        runs.retry_run(service.context, RetryRunRequest(run_id=run_id))


def test_a_deleted_run_is_removed_by_its_engine(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()

    runs.delete_run(service.context, DeleteRunRequest(run_id=run_id))
    service.report(run_id, "RUNNING")
    service.keeper.step()

    with pytest.raises(NotFoundError):
        service.get(run_id)
    assert service.engine.deleted == {run_id: False}


def test_after_a_restart_every_run_that_has_not_ended_is_started(service: Service) -> None:
    ids = [service.create(f"run {number}") for number in range(3)]
    service.keeper.step()
    service.report(ids[0], "RUNNING")
    service.report(ids[1], "SUCCEEDED", ends=1)

    after = service.anew()
    after.keeper.step()

    assert [order.run_id for order in after.engine.orders] == [ids[0], ids[2]]


def test_a_run_that_was_being_stopped_is_so_after_a_restart(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    runs.terminate_run(service.context, TerminateRunRequest(run_id=run_id))

    after = service.anew()
    after.keeper.step()

    assert (after.engine.orders, after.engine.watched) == ([], {run_id})
    assert after.engine.stopped == {run_id}


# Tasks.


def details(service: Service, run_id: str) -> dict[str, PipelineTaskDetail]:
    run = service.get(run_id)
    return {each.display_name: each for each in run.run_details.task_details}


def test_a_run_that_has_not_begun_has_no_details(service: Service) -> None:
    assert not service.get(service.create()).HasField("run_details")


def test_tasks_are_shown_with_their_states_times_and_errors(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    running = [
        task("a", TaskState.RUNNING, started_at=STARTED),
        task("a/b", TaskState.PENDING),
    ]
    service.report(run_id, "RUNNING", tasks=running)
    before = details(service, run_id)

    ended = [
        task("a", TaskState.FAILED, started_at=STARTED, finished_at=ENDED, error="no disk"),
        task("a/b", TaskState.NOT_RUN, reason="its upstream 'a' failed"),
    ]
    service.report(run_id, "FAILED", tasks=ended, ends=1)
    after = details(service, run_id)

    assert {name: RuntimeState.Name(each.state) for name, each in before.items()} == {
        "a": "RUNNING",
        "a/b": "PENDING",
    }
    assert after["a"].error.message == "no disk"
    assert after["a"].end_time.seconds == int(ENDED.timestamp())
    assert after["a/b"].error.message == "its upstream 'a' failed"
    assert RuntimeState.Name(after["a/b"].state) == "RUNTIME_STATE_UNSPECIFIED"


def test_tasks_of_a_report_that_was_not_written_come_with_the_next(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = service.create()
    service.keeper.step()

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("argosy_service.background.report_writer.update", fail)
        service.report(run_id, "RUNNING", tasks=[task("a", TaskState.RUNNING)])
    service.report(run_id, "RUNNING", tasks=[task("a", TaskState.RUNNING)])

    assert details(service, run_id).keys() == {"a"}


def test_ids_of_tasks_stay_and_name_parents_and_children(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    service.report(run_id, "RUNNING", tasks=[task("a", TaskState.RUNNING)])
    before = details(service, run_id)
    both = [task("a", TaskState.RUNNING), task("a/b", TaskState.RUNNING)]
    service.report(run_id, "RUNNING", tasks=both)
    after = details(service, run_id)

    assert before["a"].task_id == after["a"].task_id
    assert after["a/b"].parent_task_id == after["a"].task_id
    assert [each.task_id for each in after["a"].child_tasks] == [after["a/b"].task_id]


def test_steps_are_taken_in_a_thread(service: Service) -> None:
    def fail() -> bool:
        raise ZeroDivisionError

    jobs = [Job("fail", fail), Job("keep", service.keeper.step)]
    with run_in_background(jobs, service.context.changes):
        run_id = service.create()
        give_up_at = datetime.now(UTC) + timedelta(seconds=30)
        while not service.engine.orders and datetime.now(UTC) < give_up_at:
            service.context.changes.wait(0.01)
            service.context.changes.notify()

    assert [order.run_id for order in service.engine.orders] == [run_id]


# What only an engine on a cluster reports.


def test_a_run_that_cannot_begin_so_far_says_why_until_it_begins(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    service.report(run_id, "RUNNING", started_at=None, error="it waits: no cluster")
    waiting = service.get(run_id)

    service.report(run_id, "RUNNING")
    running = service.get(run_id)

    assert (RuntimeState.Name(waiting.state), waiting.error.message) == (
        "PENDING",
        "it waits: no cluster",
    )
    assert (RuntimeState.Name(running.state), running.error.message) == ("RUNNING", "")


def test_tasks_name_their_pods(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()

    tasks = [task("a", TaskState.RUNNING, pod="wf-pod-1"), task("b", TaskState.PENDING)]
    service.report(run_id, "RUNNING", tasks=tasks)

    assert {name: each.pod_name for name, each in details(service, run_id).items()} == {
        "a": "wf-pod-1",
        "b": "",
    }


def test_a_run_of_others_becomes_one_of_the_default_experiment(service: Service) -> None:
    spec = json.dumps(yaml.safe_load(HELLO.read_text()))
    found = FoundRun(
        run_id="found",
        name="hello-x7k2p",
        created_at=STARTED,
        spec=spec,
        parameters={"name": "World"},
    )
    known = service.create()
    service.engine.found = [found, replace(found, run_id=known)]
    service.keeper.step()
    service.report("found", "SUCCEEDED", finished_at=ENDED, ends=1)

    run = service.get("found")
    experiments = list_experiments(service.context, ListExperimentsRequest()).experiments
    assert [each.experiment_id for each in experiments] == [run.experiment_id]
    assert (run.display_name, run.created_at.seconds) == ("hello-x7k2p", STARTED.timestamp())
    assert dict(run.runtime_config.parameters)["name"].string_value == "World"
    assert json_format.MessageToDict(run.pipeline_spec)["pipelineInfo"]["name"] == "hello"
    assert service.history("found") == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert [order.has_begun for order in service.engine.orders if order.run_id == "found"] == [True]


def test_a_deleted_run_of_others_is_not_found_again(service: Service) -> None:
    run_id = service.create()
    service.engine.deletes = False
    runs.delete_run(service.context, DeleteRunRequest(run_id=run_id))
    found = FoundRun(run_id=run_id, name="x", created_at=STARTED, spec="{}", parameters={})
    service.engine.found = [found]

    service.keeper.step()

    with pytest.raises(NotFoundError):
        service.get(run_id)


def test_a_report_that_the_database_refuses_does_not_keep_it_from_others(service: Service) -> None:
    ids = [service.create(f"run {number}") for number in range(2)]
    service.keeper.step()
    broken = task("a", TaskState.RUNNING, error=object())
    service.engine.report(
        RunReport(run_id=ids[0], state="RUNNING", started_at=STARTED, tasks=[broken])
    )

    service.report(ids[1], "RUNNING")

    assert [service.state(run_id) for run_id in ids] == ["PENDING", "RUNNING"]


def test_an_end_that_the_database_refuses_is_one_all_the_same(service: Service) -> None:
    run_id = service.create()
    service.keeper.step()
    broken = task("a", TaskState.SUCCEEDED, error=object())

    service.report(run_id, "SUCCEEDED", tasks=[broken], ends=1)

    run = service.get(run_id)
    assert RuntimeState.Name(run.state) == "SUCCEEDED"
    assert run.error.message.startswith("what became of it cannot be written down: ")
    assert service.health.failures == {"keep": 1}


def test_the_id_of_a_deleted_run_is_free_once_it_is_removed(service: Service) -> None:
    spec = Struct()
    json_format.ParseDict(yaml.safe_load(HELLO.read_text()), spec)
    run = Run(display_name="run", pipeline_spec=spec, run_id="mine")
    runs.create_run(service.context, CreateRunRequest(run=run))
    service.engine.deletes = False
    runs.delete_run(service.context, DeleteRunRequest(run_id="mine"))

    with pytest.raises(AlreadyExistsError, match="'mine' that was deleted is still being removed"):
        runs.create_run(service.context, CreateRunRequest(run=run))
    service.engine.deletes = True
    service.keeper.step()
    runs.create_run(service.context, CreateRunRequest(run=run))

    assert service.state("mine") == "PENDING"


# What goes wrong with one run, and with the database.


class BadEngine(FakeEngine):
    """Fails with some runs."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: dict[str, Exception] = {}

    def start(self, order: RunOrder) -> None:
        self._check(order.run_id)
        super().start(order)

    def stop(self, run_id: str) -> None:
        self._check(run_id)
        super().stop(run_id)

    def delete(self, run_id: str, *, artifacts: bool, namespace: str = "") -> bool:
        self._check(run_id)
        return super().delete(run_id, artifacts=artifacts)

    def _check(self, run_id: str) -> None:
        if run_id in self.errors:
            raise self.errors[run_id]


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (
            BlockingIOError(11, "Resource temporarily unavailable"),
            "PENDING",
            "it waits: BlockingIOError: [Errno 11] Resource temporarily unavailable",
        ),
        (MachineError("there is no disk"), "FAILED", "there is no disk"),
        (KeyError("x"), "FAILED", "the service failed (KeyError: 'x'); report it as a bug"),
    ],
)
def test_a_run_that_cannot_be_started_keeps_no_other_from_it(
    service: Service, error: Exception, state: str, said: str
) -> None:
    engine = BadEngine()
    service = make_service(service.context, engine)
    bad, good = service.create("bad"), service.create("good")
    engine.errors[bad] = error

    service.keeper.step()

    run = service.get(bad)
    assert (RuntimeState.Name(run.state), run.error.message) == (state, said)
    assert [order.run_id for order in engine.orders] == [good]
    assert service.health.failures == {"keep": 1}


def test_a_run_that_waits_for_the_machine_begins_later(service: Service) -> None:
    engine = BadEngine()
    service = make_service(service.context, engine)
    run_id = service.create()
    engine.errors[run_id] = OSError(12, "Cannot allocate memory")
    service.keeper.step()

    engine.errors.clear()
    service.keeper.step()
    service.report(run_id, "RUNNING")

    assert service.state(run_id) == "RUNNING"
    assert not service.get(run_id).HasField("error")


def test_runs_that_cannot_be_stopped_or_removed_keep_no_others_from_it(service: Service) -> None:
    engine = BadEngine()
    service = make_service(service.context, engine)
    ids = [service.create(f"run {number}") for number in range(4)]
    service.keeper.step()
    for run_id in ids[:2]:
        runs.delete_run(service.context, DeleteRunRequest(run_id=run_id))
    for run_id in ids[2:]:
        runs.terminate_run(service.context, TerminateRunRequest(run_id=run_id))
    engine.errors = {run_id: MachineError("no") for run_id in (ids[0], ids[2])}

    new = service.create("new")
    service.keeper.step()

    assert (set(engine.deleted), engine.stopped) == ({ids[1]}, {ids[3]})
    assert engine.orders[-1].run_id == new
    assert service.health.failures == {"keep": 2}


class Outage:
    """Has writing fail while it lasts, as a database that is away does."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __enter__(self) -> None:
        def fail(_: Database) -> None:
            raise OperationalError("", None, Exception("gone"))

        self._patch.setattr(Database, "write", fail)

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


@pytest.mark.parametrize("number", [1, 3])
def test_a_report_that_the_database_did_not_take_in_time_is_written_later(
    service: Service, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    service = make_service(service.context, FakeEngine())
    ids = [service.create(f"run {each}") for each in range(number)]
    service.keeper.step()

    for run_id in ids:
        service.engine.report(RunReport(run_id=run_id, state="RUNNING", started_at=STARTED))
    with Outage(monkeypatch), pytest.raises(OperationalError):
        service.keeper.step()
    before = {service.state(run_id) for run_id in ids}
    service.keeper.step()

    assert (before, {service.state(run_id) for run_id in ids}) == ({"PENDING"}, {"RUNNING"})


def test_a_run_of_others_that_could_not_be_written_is_shown_later(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = json.dumps(yaml.safe_load(HELLO.read_text()))
    service.engine.found = [
        FoundRun(run_id="found", name="x", created_at=STARTED, spec=spec, parameters={})
    ]

    with Outage(monkeypatch), pytest.raises(OperationalError):
        service.keeper.step()
    service.keeper.step()

    assert service.state("found") == "RUNNING"


@pytest.mark.parametrize("state", ["RUNNING", "FAILED"])
def test_the_report_of_a_run_before_it_was_retried_counts_no_more(
    service: Service, state: str
) -> None:
    run_id = service.create()
    slow = service.anew()
    slow.keeper.step()
    service.keeper.step()
    service.report(run_id, "FAILED", error="no", ends=1)
    runs.retry_run(service.context, RetryRunRequest(run_id=run_id))

    # It did the jobs before, and goes on without having noticed that another one does.
    slow.engine.report(RunReport(run_id=run_id, state=state, started_at=STARTED, ends=1))
    slow.keeper.step()
    stale = service.state(run_id)
    service.keeper.step()
    service.report(run_id, "SUCCEEDED", ends=2)

    assert (stale, service.state(run_id)) == ("PENDING", "SUCCEEDED")

"""What the database says of tasks is built once more from what engines keep of their runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import delete, func, select, update

from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import WORKFLOWS
from argosy_compiler.options import CompileOptions
from argosy_runs.results import TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.errors import ArgosyError, InvalidArgumentError, MachineError, StoreError
from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    Values,
)
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_service.background.ledger import Ledger
from argosy_service.background.rebuilding import Rebuilding, rebuild_runs
from argosy_service.database.database import Database, open_database
from argosy_service.database.leases import BACKGROUND, Lease
from argosy_service.database.tables import ARTIFACT_LINKS, ARTIFACTS, RUNS, TASKS
from argosy_service.database.times import to_microseconds
from argosy_service.engines.argo.compiling import WorkflowMaker
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.argo.source import ArgoRunSource
from argosy_service.engines.fakes import FakeSource
from argosy_service.engines.protocol import RunOrder, RunReport
from argosy_service.resources.runs.run_rows import NewRun, insert_run
from argosy_service.settings import ServiceSettings
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store
from cli_processes import argosy, shell_pipeline
from postgresql import PostgreSql
from service_running import run_service
from workflow_play import play

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
STARTED = datetime(2026, 5, 1, 12, tzinfo=UTC)
ENDED = STARTED + timedelta(minutes=1)
CREATED = to_microseconds(STARTED - timedelta(minutes=1))
MODEL = Artifact(
    name="model", uri=ArtifactUri("/m"), type=ArtifactType(schema_title="system.Model")
)
DATA = Artifact(
    name="data", uri=ArtifactUri("/d"), type=ArtifactType(schema_title="system.Dataset")
)


def make_task(path: str, state: TaskState, **values: Any) -> TaskResult:
    made = TaskResult(
        path=TaskPath(path), kind=TaskKind.CONTAINER, name=path, display_name=path, state=state
    )
    return replace(made, **values)


DONE = (
    make_task(
        "train",
        TaskState.SUCCEEDED,
        started_at=STARTED,
        finished_at=ENDED,
        outputs=Values(artifacts={"model": (MODEL,)}, parameters={"score": 0.5}),
    ),
    make_task("skipped", TaskState.SKIPPED, reason="its condition is false"),
    make_task(
        "test",
        TaskState.FAILED,
        started_at=ENDED,
        finished_at=ENDED,
        inputs=Values(artifacts={"model": (MODEL,)}),
    ),
)


def report(run_id: str, state: str, **values: Any) -> RunReport:
    return RunReport(run_id=run_id, state=state, started_at=STARTED, **values)


def _strip(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row without the times that only who looked knew."""
    is_timeless = row.get("started_at") == 0
    return {**row, "created_at": 0, "state_history": ""} if is_timeless else dict(row)


@dataclass
class Service:
    """A database with runs, and what its engine keeps of them."""

    url: str
    database: Database

    def add(self, run_id: str, *reports: RunReport) -> str:
        """Store a run of which a service has seen these reports."""
        with self.database.write() as connection:
            run = NewRun(run_id=run_id, experiment_id="e", name=run_id, spec_digest="d")
            insert_run(connection, run, CREATED)
        ledger = Ledger(self.database)
        for each in reports:
            ledger.take([each], to_microseconds(ENDED))
        return run_id

    def rebuild(self, *run_ids: str, **kept: RunReport | ArgosyError) -> dict[str, Any]:
        """Return what became of runs."""
        source = FakeSource(kept)
        return dict(rebuild_runs(self.url, lambda: nullcontext(source), run_ids, lambda: ENDED))

    def dump(self, *tables: Any) -> dict[str, Any]:
        """Return all rows, without the numbers of changes."""
        found: dict[str, Any] = {}
        with self.database.read() as connection:
            for table in tables or (TASKS, ARTIFACT_LINKS, ARTIFACTS):
                columns = [each for each in table.c if each.name != "revision"]
                rows = connection.execute(select(*columns)).mappings()
                found[table.name] = sorted((_strip(row) for row in rows), key=str)
        return found

    def states(self, run_id: str) -> Mapping[str, str]:
        """Return the states of the tasks of a run."""
        query = select(TASKS.c.path, TASKS.c.state).where(TASKS.c.run_id == run_id)
        with self.database.read() as connection:
            return {row.path: row.state for row in connection.execute(query)}

    def run(self, run_id: str) -> Any:
        """Return the row of a run."""
        with self.database.read() as connection:
            return connection.execute(select(RUNS).where(RUNS.c.id == run_id)).one()


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'x.db'}"
    else:
        server: PostgreSql = request.getfixturevalue("postgresql")
        url = server.create_database()
    with closing(open_database(url)) as database:
        yield Service(url=url, database=database)


def test_what_was_damaged_is_as_before_and_others_are_untouched(service: Service) -> None:
    final = report("a", "FAILED", error="no", tasks=DONE, finished_at=ENDED, ends=1)
    service.add("a", final)
    service.add("b", report("b", "SUCCEEDED", tasks=DONE[:1], finished_at=ENDED, ends=1))
    before, run = service.dump(), service.run("a")
    for statement in (
        delete(TASKS).where(TASKS.c.path == "train", TASKS.c.run_id == "a"),
        update(TASKS).where(TASKS.c.path == "skipped").values(state="RUNNING", path="x", mark="m"),
        delete(ARTIFACT_LINKS).where(ARTIFACT_LINKS.c.run_id == "a"),
    ):
        with service.database.write() as connection:
            connection.execute(statement)
    damaged = service.dump()

    came = service.rebuild("a", a=final)
    once, after = service.dump(), service.run("a")
    service.rebuild("a", a=final)

    assert damaged != before
    assert came == {"a": Rebuilding.REBUILT}
    assert once == before
    assert service.dump() == before
    assert after.revision > run.revision
    assert (after.state, after.state_history, after.error) == (
        run.state,
        run.state_history,
        run.error,
    )


def test_artifacts_that_no_run_has_any_more_go(service: Service) -> None:
    old = make_task("train", TaskState.SUCCEEDED, outputs=Values(artifacts={"old": (DATA,)}))
    service.add("a", report("a", "SUCCEEDED", tasks=[old], ends=1))

    service.rebuild(a=report("a", "SUCCEEDED", tasks=DONE[:1], ends=1))

    assert [row["name"] for row in service.dump(ARTIFACTS)["artifacts"]] == ["model"]


def test_a_run_that_ended_unseen_gets_its_end(service: Service) -> None:
    service.add("a", report("a", "RUNNING", tasks=[make_task("train", TaskState.RUNNING)]))
    service.add("retried", report("retried", "FAILED", error="no", ends=1))

    service.rebuild(
        a=report("a", "SUCCEEDED", tasks=DONE[:1], finished_at=ENDED, ends=1),
        retried=report("retried", "SUCCEEDED", tasks=DONE[:1], finished_at=ENDED, ends=2),
    )

    run, retried = service.run("a"), service.run("retried")
    assert (run.state, run.ends, run.finished_at) == ("SUCCEEDED", 1, to_microseconds(ENDED))
    assert (retried.state, retried.ends, retried.error) == ("SUCCEEDED", 2, "")
    assert service.states("a") == {"train": "SUCCEEDED"}


def test_a_run_that_a_service_is_going_to_go_on_with_goes_on(service: Service) -> None:
    service.add("killed", report("killed", "RUNNING"))
    service.add("waits")

    came = service.rebuild(killed=report("killed", "FAILED", error="killed", tasks=DONE))

    assert came == {"killed": Rebuilding.REBUILT, "waits": Rebuilding.LEFT}
    assert (service.run("killed").state, service.run("waits").state) == ("RUNNING", "PENDING")
    assert service.states("killed") == {
        "train": "SUCCEEDED",
        "skipped": "SKIPPED",
        "test": "FAILED",
    }


def test_records_alone_complete_what_the_database_knows(service: Service) -> None:
    seen = [*DONE[1:], make_task("train", TaskState.RUNNING)]
    service.add("a", report("a", "RUNNING", tasks=seen))
    recorded = [replace(each, state=TaskState.SUCCEEDED) for each in DONE]

    came = service.rebuild(a=report("a", "FAILED", tasks=recorded, is_partial=True, ends=9))

    assert came == {"a": Rebuilding.COMPLETED}
    assert service.states("a") == {"train": "SUCCEEDED", "skipped": "SKIPPED", "test": "FAILED"}
    assert (service.run("a").state, service.run("a").ends) == ("RUNNING", 0)


def test_a_run_that_cannot_be_read_stays_and_keeps_no_other_from_it(service: Service) -> None:
    for run_id in ("a", "b", "c"):
        service.add(run_id, report(run_id, "SUCCEEDED", tasks=DONE[:1], ends=1))
    before = service.dump()
    with service.database.write() as connection:
        connection.execute(delete(TASKS).where(TASKS.c.run_id == "c"))

    error = StoreError("it is away", retryable=True)
    came = service.rebuild(a=error, c=report("c", "SUCCEEDED", tasks=DONE[:1], ends=1))

    assert came == {"a": error, "b": Rebuilding.LEFT, "c": Rebuilding.REBUILT}
    assert service.dump() == before


def test_a_run_that_the_database_does_not_have_is_refused_before_anything_else(
    service: Service,
) -> None:
    service.add("a", report("a", "SUCCEEDED", tasks=DONE[:1], ends=1))
    before = service.dump()

    with pytest.raises(InvalidArgumentError, match="the database has no run 'b'; give the whole"):
        service.rebuild("a", "b", a=report("a", "SUCCEEDED", tasks=DONE, ends=1))

    assert service.dump() == before


def test_a_database_that_a_service_uses_is_refused(service: Service) -> None:
    with (
        service.database.claim(),
        pytest.raises(MachineError, match="another service runs pipelines of the database"),
    ):
        service.rebuild()


def test_a_database_whose_jobs_a_service_does_is_refused(postgresql: PostgreSql) -> None:
    url = postgresql.create_database()
    with closing(open_database(url)) as database:
        service = Service(url=url, database=database)
        lease = Lease(database, name=BACKGROUND, holder="other")
        assert lease.hold()

        with pytest.raises(MachineError, match="a service works with the database; stop all"):
            service.rebuild()
        lease.release()
        service.rebuild()

        # It leaves the jobs to services.
        assert lease.hold()


# What engines keep.


def test_the_command_builds_runs_of_this_machine_from_their_journals(tmp_path: Path) -> None:
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0)
    spec = yaml.safe_load(HELLO.read_text())
    with run_service(settings) as client:
        run_id = client.post("/runs", {"display_name": "r", "pipeline_spec": spec})["run_id"]
        state = "PENDING"
        while state not in ("SUCCEEDED", "FAILED"):
            time.sleep(0.05)
            found = client.get(f"/runs/{run_id}")
            state = found["state"]
        used = argosy("service", "rebuild", "--home", str(tmp_path), cwd=tmp_path)
    with closing(open_database(settings.database_url)) as database:
        service = Service(url=settings.database_url, database=database)
        service.add("none")
        before = service.dump(TASKS)
        with database.write() as connection:
            connection.execute(delete(TASKS))

        ended = argosy("service", "rebuild", "--home", str(tmp_path), cwd=tmp_path)
        after = service.dump(TASKS)
        refused = argosy("service", "rebuild", "x", "--home", str(tmp_path), cwd=tmp_path)
        (tmp_path / "runs" / run_id / "ir").unlink()
        failed = argosy("service", "rebuild", run_id, "--home", str(tmp_path), cwd=tmp_path)

    assert state == "SUCCEEDED"
    assert "another service runs pipelines of the database" in used.errors[0]
    assert ended.out == "1 runs rebuilt\n1 runs left as they were: nothing is kept of them\n"
    assert _strip_all(after["tasks"]) == _strip_all(before["tasks"])
    assert refused.errors == ["the database has no run 'x'; give the whole ids of runs that it has"]
    assert failed.status != 0
    assert failed.err.startswith(f"run {run_id}: ")
    assert failed.errors == ["1 runs cannot be read, and stayed as they were"]


def _strip_all(rows: Any) -> Any:
    """Return rows of tasks without what depends on when a service looked."""
    return [{**row, "created_at": 0, "state_history": ""} for row in rows]


RUN = "7f3ab2c4-91d0-4c1f-9a55-0123456789ab"


def test_runs_on_a_cluster_are_built_from_workflows_and_records(tmp_path: Path) -> None:
    cluster, store = FakeCluster(), str(tmp_path / "store")
    settings = ArgoSettings(connect=lambda: cluster, options=CompileOptions(store=store))
    spec = shell_pipeline("hello", {"one": "true", "two": "true"})
    order = RunOrder(run_id=RUN, spec=spec, parameters={}, created_at=STARTED)
    made: Any = WorkflowMaker(settings.options, cache=True).make(order).document
    cluster.create(WORKFLOWS, made)
    workflow = cluster.get(WORKFLOWS, made["metadata"]["name"])
    cluster.put(WORKFLOWS, play(workflow, {"one": "Succeeded", "two": "Failed"}))
    records = RunRecords(open_store(store), RunId(RUN))
    records.write_success(
        AttemptRecord(
            run_id=RunId(RUN),
            pipeline="hello",
            task_path=TaskPath("one"),
            attempt_id=AttemptId("a1"),
            state=AttemptState.SUCCEEDED,
            started_at=STARTED,
            finished_at=ENDED,
            inputs=Values(),
            outputs=Values(),
        )
    )

    with ArgoRunSource(settings) as source:
        whole = source.read(RUN)
        cluster.delete(WORKFLOWS, made["metadata"]["name"])
        meanwhile = source.read(RUN)
    with ArgoRunSource(settings) as source:
        recorded, none = source.read(RUN), source.read("other")

    assert whole is not None
    assert recorded is not None
    assert (whole.state, whole.ends, whole.is_partial) == ("FAILED", 1, False)
    assert {task.path: task.state for task in whole.tasks} == {
        "one": TaskState.SUCCEEDED,
        "two": TaskState.FAILED,
    }
    assert recorded.is_partial
    assert [task.path for task in recorded.tasks] == ["one"]
    assert (meanwhile, none) == (recorded, None)


# Following.


def test_reports_of_one_transaction_have_one_number(service: Service) -> None:
    ids = [service.add(run_id) for run_id in ("a", "b", "c")]

    Ledger(service.database).take(
        [
            report("a", "RUNNING", tasks=DONE),
            report("b", "RUNNING", tasks=DONE[:1]),
            report("b", "SUCCEEDED", tasks=DONE[:2], ends=1),
        ],
        to_microseconds(ENDED),
    )

    with service.database.read() as connection:
        query = select(TASKS.c.run_id, func.count(), func.max(TASKS.c.revision))
        found = connection.execute(query.group_by(TASKS.c.run_id)).all()
    runs = {run_id: service.run(run_id) for run_id in ids}
    last = runs["a"].revision
    assert sorted(map(tuple, found)) == [("a", 3, last), ("b", 2, last)]
    assert runs["b"].revision == last
    assert runs["c"].revision < last
    assert (runs["a"].state, runs["b"].state) == ("RUNNING", "SUCCEEDED")

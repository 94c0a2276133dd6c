"""What became of tasks, and which artifacts they made and used, as the API shows it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import Engine, event, func, select

from argosy_runs.input_sources import InputKind, InputSource
from argosy_runs.results import TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.formats.records import Artifact, Content, ContentKind, Values
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import ArtifactUri, TaskPath
from argosy_service.api.logs import Logs
from argosy_service.api.methods import list_methods
from argosy_service.api.watching import ChangeWatch
from argosy_service.background.ledger import Ledger
from argosy_service.database.database import open_database
from argosy_service.database.tables import TASKS
from argosy_service.engines.fakes import FakeLog, FakeLogs
from argosy_service.engines.protocol import RunReport
from argosy_service.errors import NotFoundError, NotImplementedYetError
from argosy_service.protos.run_pb2 import CreateRunRequest, Run
from argosy_service.resources.changes import Changes
from argosy_service.resources.context import Call, Context
from argosy_service.resources.experiments import ensure_default_experiment
from argosy_service.resources.runs import runs
from argosy_service.resources.runs.logs import find_logged_task
from argosy_service.resources.runs.tasks import make_task_id
from postgresql import PostgreSql
from service_filters import make_filter

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
MODEL = Artifact(
    name="model",
    uri=ArtifactUri("s3://bucket/model"),
    type=ArtifactType(schema_title="system.Model"),
    metadata={"accuracy": 0.5, "threshold": float("inf")},
    content=Content(kind=ContentKind.FILE, files=1, size_bytes=3),
)
TRAINED = InputSource(kind=InputKind.TASK_OUTPUT, task="train")
METHODS = {method.name: method for method in list_methods()}


class Service:
    """A database with runs whose reports the tests write."""

    def __init__(self, url: str) -> None:
        self.database = open_database(url)
        self.context = Context(
            database=self.database,
            clock=lambda: datetime.now(UTC),
            changes=Changes(),
            logs=FakeLogs(),
        )
        ensure_default_experiment(self.context)
        self.ledger = Ledger(self.database)

    def create(self) -> str:
        spec = Struct()
        json_format.ParseDict(yaml.safe_load(HELLO.read_text()), spec)
        run = Run(display_name="run", pipeline_spec=spec)
        return runs.create_run(self.context, CreateRunRequest(run=run)).run_id

    def take(self, run_id: str, *tasks: TaskResult, state: str = "RUNNING", now: int = 0) -> None:
        self.ledger.take(
            [RunReport(run_id=run_id, state=state, tasks=tasks, started_at=START)], now or 1
        )

    def call(self, name: str, **members: object) -> Any:
        """Return the answer of a method as JSON."""
        method = METHODS[name]
        request = json_format.ParseDict(members, method.request())
        answer = method.call(self.context, request, Call())
        return json_format.MessageToDict(answer, preserving_proto_field_name=True)

    def history(self, run_id: str, path: str) -> list[str]:
        task = self.call("GetTask", run_id=run_id, task_id=make_task_id(run_id, path))
        return [line.get("state", "-") for line in task.get("state_history", [])]


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'x.db'}"
    else:
        server: PostgreSql = request.getfixturevalue("postgresql")
        url = server.create_database()
    made = Service(url)
    yield made
    made.database.close()


def task(path: str, state: TaskState, **values: object) -> TaskResult:
    name = path.rpartition("/")[2]
    result = TaskResult(
        path=TaskPath(path),
        kind=TaskKind.CONTAINER,
        name=name,
        display_name=name,
        state=state,
        started_at=START if state is not TaskState.PENDING else None,
        finished_at=START + timedelta(seconds=5) if state.is_final else None,
    )
    return replace(result, **values)  # type: ignore[arg-type]


def train(**values: object) -> TaskResult:
    outputs = Values(artifacts={"model": (MODEL,)}, parameters={"score": 0.5})
    return task("train", TaskState.SUCCEEDED, outputs=outputs, **values)


def deploy(**values: object) -> TaskResult:
    inputs = Values(artifacts={"model": (MODEL,)}, parameters={"score": 0.5, "big": "x" * 70_000})
    sources = {"model": TRAINED, "score": TRAINED}
    members: dict[str, object] = {"inputs": inputs, "sources": sources, **values}
    return task("deploy", TaskState.FAILED, error="no space left", pod="run-deploy-1", **members)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """A list that gets each statement that this thread sends to a database."""
    seen: list[str] = []
    # Services that other tests began have databases of their own in this process.
    thread = threading.get_ident()

    def listen(*arguments: Any) -> None:
        if threading.get_ident() == thread:
            seen.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", listen)
    yield seen
    event.remove(Engine, "before_cursor_execute", listen)


def test_a_task_says_what_it_read_and_wrote_and_why_it_failed(service: Service) -> None:
    run_id = service.create()
    service.take(run_id, deploy(), train())

    found = service.call("GetTask", run_id=run_id, task_id=make_task_id(run_id, "deploy"))

    (link,) = found["inputs"]["artifacts"]
    assert link["producer"] == {"task_name": "train"}
    assert (link["type"], link["artifact_key"]) == ("TASK_OUTPUT_INPUT", "model")
    assert link["artifacts"][0]["metadata"] == {"accuracy": 0.5, "threshold": "Infinity"}
    assert link["artifacts"][0]["type"] == "Model"
    big, score = found["inputs"]["parameters"]
    assert score["value"] == 0.5
    assert (big["parameter_key"], "value" in big) == ("big", False)
    assert (found["state"], found["status_metadata"]) == ("FAILED", {"message": "no space left"})
    assert found["pods"] == [{"name": "run-deploy-1", "type": "EXECUTOR"}]
    assert found["state_history"][-1]["error"]["message"] == "no space left"


def test_who_made_an_artifact_and_who_used_it(service: Service) -> None:
    run_id = service.create()
    service.take(run_id, deploy(), train())

    (artifact,) = service.call("ListArtifacts")["artifacts"]
    artifact_id = artifact["artifact_id"]
    links = service.call("ListArtifactTasks", artifact_ids=[artifact_id])["artifact_tasks"]
    made = service.call("ListArtifactTasks", artifact_ids=[artifact_id], type="OUTPUT")
    details = service.call("GetRun", run_id=run_id)["run_details"]["task_details"]

    assert service.call("GetArtifact", artifact_id=artifact_id) == artifact
    assert {link["type"] for link in links} == {"OUTPUT", "TASK_OUTPUT_INPUT"}
    (maker,) = made["artifact_tasks"]
    assert maker["task_id"] == make_task_id(run_id, "train")
    assert details[0]["inputs"] == {"model": {"artifact_ids": [artifact_id]}}
    assert details[1]["outputs"] == {"model": {"artifact_ids": [artifact_id]}}
    assert details[0]["pod_name"] == "run-deploy-1"
    with pytest.raises(NotFoundError, match="there is no artifact '1'; list the artifacts"):
        service.call("GetArtifact", artifact_id="1")


def test_artifacts_are_filtered_and_paged(service: Service) -> None:
    run_id = service.create()
    many = tuple(
        replace(MODEL, name=f"m{number}", uri=ArtifactUri(f"s3://b/{number}"))
        for number in range(5)
    )
    other = replace(MODEL, type=ArtifactType(schema_title="mine.Own"), name="own")
    service.take(
        run_id, task("a", TaskState.SUCCEEDED, outputs=Values(artifacts={"m": (*many, other)}))
    )
    is_model = make_filter({"operation": "EQUALS", "key": "type", "string_value": "Model"})

    first = service.call("ListArtifacts", filter=is_model, sort_by="name desc", page_size=3)
    second = service.call("ListArtifacts", page_token=first["next_page_token"], page_size=3)

    names = [each["name"] for page in (first, second) for each in page["artifacts"]]
    assert names == ["m4", "m3", "m2", "m1", "m0"]
    assert (first["total_size"], "next_page_token" in second) == (5, False)
    links = service.call("ListArtifactTasks", run_ids=[run_id], page_size=2)
    assert (links["total_size"], len(links["artifact_tasks"])) == (6, 2)


def test_history_grows_with_states_and_is_kept_over_a_restart(service: Service) -> None:
    run_id = service.create()
    service.take(run_id, task("a", TaskState.PENDING), task("b", TaskState.PENDING))
    service.take(run_id, task("a", TaskState.RUNNING), task("b", TaskState.PENDING))
    service.ledger = Ledger(service.database)
    service.take(run_id, task("a", TaskState.FAILED), task("b", TaskState.SUCCEEDED, cached=True))
    service.take(run_id, task("a", TaskState.RUNNING), task("b", TaskState.SUCCEEDED, cached=True))

    # A task that waits has no state of its own there.
    assert service.history(run_id, "a") == ["-", "RUNNING", "FAILED", "RUNNING"]
    assert service.history(run_id, "b") == ["-", "RUNNING", "CACHED"]
    details = service.call("GetRun", run_id=run_id)["run_details"]["task_details"]
    states = [line["state"] for line in details[0]["state_history"]]
    assert states == ["PENDING", "RUNNING", "FAILED", "RUNNING"]


def test_only_what_changed_is_written(service: Service, statements: list[str]) -> None:
    run_id = service.create()
    tasks = [task(f"t{number}", TaskState.SUCCEEDED) for number in range(20)]
    service.take(run_id, *tasks, train())
    service.ledger = Ledger(service.database)
    service.take(run_id, *tasks, train())
    statements.clear()

    service.take(run_id, *tasks, train())
    writing = [each for each in statements if not each.startswith(("SELECT", "BEGIN"))]
    service.take(run_id, task("t0", TaskState.FAILED), *tasks[1:], train())

    assert writing == []
    with service.database.read() as connection:
        newest = select(func.max(TASKS.c.revision)).scalar_subquery()
        query = select(TASKS.c.path).where(TASKS.c.revision == newest)
        assert connection.execute(query).scalars().all() == ["t0"]


def test_the_number_of_queries_does_not_grow_with_the_tasks(
    service: Service, statements: list[str]
) -> None:
    ids = [service.create() for _ in range(3)]
    for run_id in ids:
        service.take(run_id, *(task(f"t{number}", TaskState.RUNNING) for number in range(20)))
    statements.clear()

    full = service.call("ListRuns", view="FULL")

    assert [run["task_count"] for run in full["runs"]] == [20, 20, 20]
    assert len(full["runs"][0]["tasks"]) == 20
    assert "run_details" not in full["runs"][0]
    assert len([each for each in statements if each.startswith("SELECT")]) < 8


def test_groups_have_kinds_children_and_indexes(service: Service) -> None:
    run_id = service.create()
    service.take(
        run_id,
        task("condition-1", TaskState.SUCCEEDED, kind=TaskKind.DAG),
        task("condition-1/a", TaskState.CANCELED),
        task("loop", TaskState.RUNNING, kind=TaskKind.LOOP),
        task("loop/0", TaskState.RUNNING, kind=TaskKind.ITERATION),
        task("loop/0/b", TaskState.RUNNING),
        task("read", TaskState.NOT_RUN, kind=TaskKind.IMPORTER, reason="'a' failed"),
    )

    tasks = service.call("ListTasks", run_id=run_id)["tasks"]

    kinds = [(each["scope_path"], each["type"]) for each in tasks]
    assert kinds == [
        ("condition-1", "CONDITION"),
        ("condition-1/a", "RUNTIME"),
        ("loop", "LOOP"),
        ("loop/0", "DAG"),
        ("loop/0/b", "RUNTIME"),
        ("read", "IMPORTER"),
    ]
    by_path = {each["scope_path"]: each for each in tasks}
    loop = by_path["loop"]
    assert loop["type_attributes"] == {"iteration_count": "1"}
    assert by_path["loop/0"]["type_attributes"] == {"iteration_index": "0"}
    assert by_path["loop/0"]["parent_task_id"] == loop["task_id"]
    assert by_path["read"]["status_metadata"]["message"] == "'a' failed"
    inside = service.call("ListTasks", run_id=run_id, parent_id=loop["task_id"])
    assert [each["name"] for each in inside["tasks"]] == ["0"]
    failed = make_filter({"operation": "EQUALS", "key": "state", "string_value": "FAILED"})
    assert service.call("ListTasks", run_id=run_id, filter=failed)["total_size"] == 1
    late = make_filter({"operation": "GREATER_THAN", "key": "position", "int_value": 4})
    last = service.call("ListTasks", run_id=run_id, filter=late, order_by="position desc")
    assert [each["name"] for each in last["tasks"]] == ["read"]


def test_an_unknown_task_is_not_found(service: Service) -> None:
    run_id = service.create()

    with pytest.raises(NotFoundError, match="has no task 'x' so far; list its tasks"):
        service.call("GetTask", run_id=run_id, task_id="x")
    with pytest.raises(NotFoundError, match="there is no run"):
        service.call("ListTasks", run_id="x")


@pytest.mark.parametrize(
    "name",
    [
        "CreateTask",
        "UpdateTask",
        "UpdateTasksBulk",
        "FindCachedTask",
        "CreateArtifact",
        "CreateArtifactsBulk",
        "CreateArtifactTask",
        "CreateArtifactTasksBulk",
    ],
)
def test_tasks_and_artifacts_cannot_be_written(service: Service, name: str) -> None:
    with pytest.raises(NotImplementedYetError, match=f"does not serve {name}"):
        service.call(name)


def test_what_was_to_be_in_a_loop_goes_when_its_iterations_are_known(service: Service) -> None:
    run_id = service.create()
    loop, own = task("loop", TaskState.RUNNING), task("loop/0/a", TaskState.RUNNING)

    def list_paths() -> list[str]:
        listed = service.call("ListTasks", run_id=run_id)["tasks"]
        return sorted(each["scope_path"] for each in listed)

    service.take(run_id, loop, task("loop/a", TaskState.PENDING), task("x", TaskState.RUNNING))
    before = list_paths()
    service.take(run_id, loop, own)
    during = list_paths()
    service.take(run_id, loop, own, state="SUCCEEDED")
    after = list_paths()

    assert before == ["loop", "loop/a", "x"]
    # One that has begun may come back: a run that was retried knows not all of its tasks at first.
    assert during == ["loop", "loop/0/a", "x"]
    assert after == ["loop", "loop/0/a"]


def test_a_node_names_its_own_task(service: Service) -> None:
    run_id = service.create()
    service.take(run_id, task("a", TaskState.RUNNING), deploy())

    def find(node: str) -> str:
        return find_logged_task(service.context, run_id, node).path

    assert find(make_task_id(run_id, "deploy")) == "deploy"
    assert (find("a"), find("run-deploy-1")) == ("a", "deploy")
    for node in ("", "x"):
        with pytest.raises(NotFoundError):
            find(node)


def test_a_run_goes_with_its_tasks_and_leaves_what_others_have(service: Service) -> None:
    first, second = service.create(), service.create()
    own = replace(MODEL, uri=ArtifactUri("s3://bucket/own"))
    service.take(first, train(), task("b", TaskState.SUCCEEDED, outputs=_one(own)))
    service.take(second, train(cached=True))

    service.call("DeleteRun", run_id=first)

    left = service.call("ListArtifacts")["artifacts"]
    links = service.call("ListArtifactTasks")["artifact_tasks"]
    assert [each["uri"] for each in left] == ["s3://bucket/model"]
    assert [each["run_id"] for each in links] == [second]


def test_a_task_that_ran_once_more_has_what_it_made_last(service: Service) -> None:
    run_id = service.create()
    service.take(run_id, deploy())
    service.take(run_id, task("deploy", TaskState.RUNNING))

    assert service.call("ListArtifactTasks") == {}


def _one(artifact: Artifact) -> Values:
    return Values(artifacts={"x": (artifact,)})


def test_a_log_is_closed_when_its_reader_leaves(service: Service) -> None:
    log = FakeLog(b"hello")
    logs = Logs(service.context, ChangeWatch(service.context))

    async def leave() -> bytes:
        stream = logs.stream("run", "say", log, follows=False)
        text = await anext(stream)
        await stream.aclose()
        return text

    assert (asyncio.run(leave()), log.is_closed) == (b"hello", True)

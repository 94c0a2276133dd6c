"""The engine on a cluster, with a cluster in memory and a controller that tests play."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from argo_world import CREATED, NAME, RUN, SPEC, World, order, record, submit
from argosy_cluster.cluster import Document, find_object
from argosy_cluster.resources import PODS, WORKFLOWS
from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.states import TaskState
from argosy_schemas.errors import (
    AccessDeniedError,
    RefusedObjectError,
    UnreachableClusterError,
)
from argosy_schemas.formats.retried_run import RetriedRun
from argosy_schemas.names import RunId
from argosy_schemas.pod import RUN_LABEL
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_service.engines.argo.logs import ArgoLogs
from argosy_store.stores import open_store
from cli_processes import argosy, shell_pipeline
from workflow_play import play


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "store")
    yield made
    made.engine.close()


def test_a_run_becomes_a_workflow_with_its_id(world: World) -> None:
    world.engine.start(order())
    world.settle(lambda: world.names() == [NAME])

    workflow = world.workflow()
    identity = read_run_identity(workflow["metadata"])
    assert (identity.run_id, identity.name, identity.created_at) == (RUN, NAME, CREATED)
    assert not identity.is_retried
    assert workflow["metadata"]["labels"][RUN_LABEL] == RUN
    assert "argosy-run" not in json.dumps(workflow)


def test_what_is_compiled_once_is_what_the_compiler_makes_for_the_run(world: World) -> None:
    world.engine.start(order())
    world.settle(lambda: world.names() == [NAME])

    run = RetriedRun(id=RunId(RUN), name=NAME, created_at=CREATED, workflow=NAME)
    pipeline = read_pipeline(SPEC.encode(), file="p")
    options = CompileOptions(store=str(world.store), retried=run)
    wanted: Any = compile_pipeline(pipeline, options).workflow
    assert world.workflow()["spec"] == json.loads(json.dumps(wanted["spec"]))


def make_cached(second: str) -> str:
    """Return a pipeline of two tasks whose results may be reused."""
    document: Any = json.loads(
        shell_pipeline("hello", {"one": "echo 1 > $0", "two": second}, after={"two": "one"})
    )
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": True}
    return json.dumps(document)


def fill_cache(world: World, spec: str, directory: Path) -> None:
    """Run a pipeline on this machine, and copy what it left to the store."""
    (directory / "hello.json").write_text(spec)
    assert argosy("run", "hello.json", "-q", cwd=directory).status == 0
    home = directory / ".argosy"
    for file in (*home.glob("cache/*.json"), *home.glob("runs/*/tasks/**/*.json")):
        target = world.store / file.relative_to(home)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())


def list_pods(workflow: Any) -> list[str]:
    """Return the tasks of the root that have pods."""
    templates = {each["name"]: each for each in workflow["spec"]["templates"]}
    return [
        task["name"]
        for task in templates["root"]["dag"]["tasks"]
        if "container" in templates[task["template"]]
    ]


def list_successes(world: World) -> list[str]:
    found = world.store.glob(f"runs/{RUN}/tasks/*/success.json")
    return sorted(path.parent.name for path in found)


def test_what_is_cached_has_no_pod(world: World, tmp_path: Path) -> None:
    spec = make_cached("echo 2 > $0")
    fill_cache(world, spec, tmp_path)

    world.engine.start(order(spec=spec))
    world.settle(world.names)

    workflow = world.workflow()
    identity = read_run_identity(workflow["metadata"])
    assert list_pods(workflow) == []
    assert (identity.run_id, identity.name, identity.created_at) == (RUN, NAME, CREATED)
    assert not identity.is_retried
    # Whoever deletes the other run sees what this one needs of it.
    assert list_successes(world) == ["one", "two"]


def test_what_follows_something_new_has_its_pod(world: World, tmp_path: Path) -> None:
    fill_cache(world, make_cached("echo 2 > $0"), tmp_path)

    world.engine.start(order(spec=make_cached("echo other > $0")))
    world.settle(world.names)

    assert list_pods(world.workflow()) == ["two"]
    assert list_successes(world) == ["one"]


def test_without_the_cache_every_task_has_its_pod(world: World, tmp_path: Path) -> None:
    spec = make_cached("echo 2 > $0")
    fill_cache(world, spec, tmp_path)
    world.settings = replace(world.settings, cache=False)
    world.restart()

    world.engine.start(order(spec=spec))
    world.settle(world.names)

    assert list_pods(world.workflow()) == ["one", "two"]


def make_launcher_pod(task: str, uid: str) -> Document:
    """Return the pod of a task whose command has ended."""
    variables = [{"name": "ARGOSY_TASK", "value": task}]
    return {
        "metadata": {
            "name": f"{NAME}-pod-{task}",
            "uid": uid,
            "creationTimestamp": "2026-05-01T12:00:01Z",
            "labels": {"workflows.argoproj.io/workflow": NAME},
        },
        "spec": {"containers": [{"name": "launcher", "env": variables}, {"name": "main"}]},
        "status": {"containerStatuses": [{"name": "main", "state": {"terminated": {}}}]},
    }


def test_a_workflow_goes_some_time_after_the_end_of_its_run_is_written_down(world: World) -> None:
    world.settings = replace(world.settings, keep_workflows=timedelta(days=1))
    world.restart()
    world.engine.start(order())
    world.settle(world.names)
    for task in ("one", "two"):
        world.cluster.put(PODS, make_launcher_pod(task, f"uid-{task}"))
    world.cluster.logs[f"{NAME}-pod-one", "main"] = b"kept by its launcher\n"
    world.cluster.logs[f"{NAME}-pod-two", "main"] = b'first\ntime="x" argo=true\nlast\n'
    stored = world.store / "runs" / RUN / "tasks"
    (stored / "one").mkdir(parents=True)
    (stored / "one" / "uid-one.log").write_bytes(b"stored")
    world.play(one="Succeeded", two="Failed")
    world.final()
    ended: list[str] = []
    asked: list[str] = []

    def choose_ended(ids: Collection[str]) -> list[str]:
        asked.extend(ids)
        return [each for each in ids if each in ended]

    def tidy(*, at: str) -> bool:
        world.now = datetime.fromisoformat(at)
        world.skipped += 60
        world.engine.tidy(choose_ended)
        return not world.names()

    tidy(at="2026-05-02T12:00:00Z")
    assert asked == []
    tidy(at="2026-05-02T13:00:00Z")
    assert asked == [RUN]
    ended.append(RUN)
    world.settle(lambda: tidy(at="2026-05-02T13:00:00Z"))

    assert (stored / "one" / "uid-one.log").read_bytes() == b"stored"
    assert (stored / "two" / "uid-two.log").read_bytes() == b"first\nlast\n"
    assert not world.engine.active


def test_workflows_of_others_stay(world: World) -> None:
    world.settings = replace(world.settings, keep_workflows=timedelta(0))
    world.now = datetime(2027, 1, 1, tzinfo=UTC)
    world.restart()
    submit(world)
    world.play("other", one="Succeeded", two="Succeeded")
    world.settle(lambda: world.engine.find(list))
    asked: list[Collection[str]] = []

    def choose_ended(ids: Collection[str]) -> Collection[str]:
        asked.append(ids)
        return ids

    world.engine.tidy(choose_ended)

    assert asked == []


def test_a_run_is_reported_from_its_queue_to_its_end(world: World) -> None:
    world.engine.start(order())
    [waiting] = world.reports(lambda found: len(found) == 1)
    world.play(one="Running")
    running = world.reports(lambda found: any(each.started_at for each in found))[-1]
    world.play(one="Succeeded", two="Succeeded")
    ended = world.final()

    assert (waiting.state, waiting.started_at) == ("RUNNING", None)
    assert running.started_at is not None
    assert {task.path: task.state for task in running.tasks} == {
        "one": TaskState.RUNNING,
        "two": TaskState.PENDING,
    }
    assert [task.pod for task in running.tasks] == [f"{NAME}-pod-one", None]
    assert (ended.state, ended.error, ended.ends) == ("SUCCEEDED", "", 1)
    assert ended.finished_at is not None
    assert not world.engine.active


def test_a_failed_run_says_what_failed(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Failed", two="Omitted")

    ended = world.final()

    assert ended.state == "FAILED"
    assert ended.error == "'one' failed: it broke"
    assert [task.error for task in ended.tasks if task.path == "one"] == ["it broke"]


def test_the_parameters_root_and_account_of_a_run_are_its_own(world: World) -> None:
    document = json.loads(SPEC)
    document["root"]["inputDefinitions"] = {
        "parameters": {"text": {"parameterType": "STRING"}, "n": {"parameterType": "STRUCT"}}
    }
    given = order(
        spec=json.dumps(document),
        parameters={"text": "a b", "n": {"x": 1}},
        pipeline_root="s3://other/root",
        service_account="trainer",
    )
    world.engine.start(given)
    world.settle(world.names)

    spec = world.workflow()["spec"]
    arguments = {each["name"]: each["value"] for each in spec["arguments"]["parameters"]}
    assert (arguments["text"], arguments["n"]) == ("a b", '{"x":1}')
    assert arguments["argosy-root"] == "s3://other/root"
    assert spec["serviceAccountName"] == "trainer"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"pipeline_root": "s3://b/k?endpoint=http://evil"}, "the pipeline root cannot be used"),
        ({"run_id": "a-"}, "cannot be a label of pods"),
        ({"parameters": {"nope": 1}}, "no parameter 'nope'"),
    ],
)
def test_what_no_workflow_can_be_fails_at_once(
    world: World, values: dict[str, Any], message: str
) -> None:
    world.engine.start(order(**values))

    ended = world.final()

    assert ended.state == "FAILED"
    assert message in ended.error
    assert not world.names()


# Nothing twice.


def test_a_workflow_that_is_there_already_is_adopted(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.restart()
    world.engine.start(order())
    world.play(one="Succeeded", two="Succeeded")

    assert world.final().state == "SUCCEEDED"
    assert world.count("create") == 1


def test_a_workflow_that_somebody_else_made_meanwhile_is_adopted(world: World) -> None:
    other = World(world.store)
    other.engine.start(order())
    other.settle(other.names)
    made = other.workflow()
    other.engine.close()
    world.settle(lambda: ("list", "workflows", "") in world.cluster.calls)
    world.cluster.before_watch = lambda: time.sleep(0.5)
    world.cluster.put(WORKFLOWS, made)

    world.engine.start(order())
    world.play(one="Succeeded", two="Succeeded")

    assert world.final().state == "SUCCEEDED"
    assert world.names() == [NAME]


def test_a_name_that_is_taken_by_another_run_is_refused(world: World) -> None:
    taken: Any = compile_pipeline(
        read_pipeline(SPEC.encode(), file="p"), CompileOptions(store=str(world.store))
    ).workflow
    world.cluster.create(WORKFLOWS, {**taken, "metadata": {**taken["metadata"], "name": NAME}})

    world.engine.start(order())

    ended = world.final()
    assert (ended.state, ended.ends) == ("FAILED", 0)
    assert f"'{NAME}' exists already" in ended.error


def test_a_run_that_had_begun_is_not_begun_again_when_its_workflow_is_gone(world: World) -> None:
    world.engine.start(order(has_begun=True))

    ended = world.final()

    assert (ended.state, ended.ends) == ("FAILED", 1)
    assert "its workflow was deleted before its end was seen" in ended.error
    assert not world.names()


def test_a_workflow_that_is_deleted_ends_its_run(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Running")
    world.settle(lambda: world.engine.active)
    world.cluster.delete(WORKFLOWS, NAME)

    ended = world.final()

    assert ended.state == "FAILED"
    assert f"its workflow '{NAME}' was deleted" in ended.error


def test_an_end_that_was_seen_counts_also_when_the_workflow_is_deleted_at_once(
    world: World,
) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Succeeded", two="Succeeded")
    world.cluster.delete(WORKFLOWS, NAME)

    assert world.final().state == "SUCCEEDED"


# Stopping, going on, deleting.


def test_a_run_is_stopped_by_a_shutdown(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Running")
    world.reports(bool)

    world.engine.stop(RUN)
    world.settle(lambda: world.workflow()["spec"].get("shutdown"))
    shutdown = world.workflow()["spec"]["shutdown"]
    world.play(one="Failed", two="Omitted")

    assert shutdown == "Stop"
    assert world.final().state == "CANCELED"


def test_a_run_that_did_not_begin_is_stopped_without_a_workflow(world: World) -> None:
    world.engine.watch(RUN)
    world.engine.stop(RUN)

    ended = world.final()

    assert (ended.state, ended.error) == ("CANCELED", "the run was stopped before it began")
    assert not world.names()


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_retried_run_goes_on_without_what_succeeded(world: World, is_gone: bool) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Succeeded", two="Failed")
    record(world, "one")
    assert world.final().state == "FAILED"
    if is_gone:
        world.cluster.delete(WORKFLOWS, NAME)

    world.engine.start(order(ends=1))
    world.settle(lambda: f"{NAME}-1" in world.names())

    again = world.workflow(f"{NAME}-1")
    root = next(each for each in again["spec"]["templates"] if each["name"] == "root")
    assert "one" not in [task["name"] for task in root["dag"]["tasks"]]
    identity = read_run_identity(again["metadata"])
    assert (identity.run_id, identity.name) == (RUN, NAME)
    world.play(f"{NAME}-1", two="Succeeded")
    ended = world.final()
    assert (ended.state, ended.ends) == ("SUCCEEDED", 2)
    assert {task.path: task.state for task in ended.tasks} == {
        "one": TaskState.SUCCEEDED,
        "two": TaskState.SUCCEEDED,
    }


def test_a_run_is_retried_while_the_answer_to_its_creation_is_on_the_way(world: World) -> None:
    answer = threading.Event()
    world.cluster.before_answer = answer.wait
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Failed", two="Omitted")
    world.final()

    world.engine.start(order(ends=1))
    world.engine.poll()
    answer.set()
    world.settle(lambda: f"{NAME}-1" in world.names())
    world.play(f"{NAME}-1", one="Succeeded", two="Succeeded")

    assert (world.final().state, len(world.names())) == ("SUCCEEDED", 2)


def test_a_retry_that_was_begun_before_a_restart_is_adopted(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Failed", two="Omitted")
    world.final()
    world.engine.start(order(ends=1))
    world.settle(lambda: len(world.names()) == 2)
    world.restart()

    world.engine.start(order(ends=1))
    world.play(f"{NAME}-1", one="Succeeded", two="Succeeded")

    assert world.final().ends == 2
    assert len(world.names()) == 2


def test_a_run_is_deleted_whose_workflow_the_watch_has_not_shown_yet(world: World) -> None:
    world.settle(lambda: world.engine.lag_seconds == 0)
    is_watching, goes_on = threading.Event(), threading.Event()

    def wait() -> None:
        is_watching.set()
        goes_on.wait()

    world.cluster.before_watch = wait
    is_watching.wait()
    world.engine.start(order())
    world.settle(world.names)

    def delete() -> bool:
        for workflow in world.cluster.list(WORKFLOWS).items:
            # Once: after that it may be deleted at any moment.
            if find_object(workflow, "spec").get("shutdown") and "status" not in workflow:
                ended = play(workflow, {"one": "Failed", "two": "Omitted"})
                world.cluster.put(WORKFLOWS, ended)
        return world.engine.delete(RUN, artifacts=False)

    try:
        world.settle(delete)
        assert not world.names()
    finally:
        goes_on.set()


def test_a_deleted_run_leaves_neither_workflow_nor_records(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Running")
    world.reports(bool)
    record(world, "one")

    world.settle(
        lambda: (
            world.engine.delete(RUN, artifacts=False) or world.workflow()["spec"].get("shutdown")
        )
    )
    world.play(one="Failed", two="Omitted")
    world.settle(lambda: world.engine.delete(RUN, artifacts=False))

    assert not world.names()
    assert not list(open_store(str(world.store)).list(f"runs/{RUN}"))


def test_records_of_a_run_whose_workflow_is_gone_are_deleted(world: World) -> None:
    record(world, "one")

    world.settle(lambda: world.engine.delete(RUN, artifacts=False))

    assert not list(open_store(str(world.store)).list(f"runs/{RUN}"))


# A cluster that refuses, or does not answer.


@pytest.mark.parametrize(
    "error",
    [
        UnreachableClusterError("cluster 'fake' does not answer"),
        AccessDeniedError("user 'argosy' may not create workflows"),
    ],
)
def test_a_run_waits_for_a_cluster_that_will_take_it(world: World, error: Exception) -> None:
    world.cluster.failures["create", "workflows"] = [error]  # type: ignore[list-item]
    world.engine.start(order())

    [waiting] = world.reports(lambda found: len(found) == 1)
    world.settle(world.names)
    world.play(one="Succeeded", two="Succeeded")

    assert (waiting.state, waiting.error) == ("RUNNING", f"it waits: {error}")
    assert world.final().state == "SUCCEEDED"


def test_a_run_that_the_cluster_refuses_fails_and_can_be_retried(world: World) -> None:
    refusal = RefusedObjectError("a quota of namespace 'ml' refuses the workflow")
    world.cluster.failures["create", "workflows"] = [refusal]
    world.engine.start(order())
    ended = world.final()

    world.engine.start(order(ends=ended.ends))
    world.settle(world.names)

    assert (ended.state, ended.error) == ("FAILED", str(refusal))


def test_nothing_is_made_before_all_workflows_are_known(world: World) -> None:
    world.engine.close()
    gone = UnreachableClusterError("cluster 'fake' does not answer")
    world.cluster.failures["list", "workflows"] = [gone] * 10_000
    world.engine = world.open()
    world.engine.start(order())
    world.settle(lambda: world.engine.trouble)
    before, trouble = world.count("create"), world.engine.trouble

    world.cluster.failures.clear()
    world.settle(world.names)

    assert (before, trouble) == (0, str(gone))
    assert world.engine.trouble == ""


def test_what_was_missed_is_seen_in_the_next_list(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.cluster.failures["watch", "workflows"] = [UnreachableClusterError("gone")]
    world.play(one="Succeeded", two="Succeeded")
    world.cluster.forget_history()

    assert world.final().state == "SUCCEEDED"


# Runs of others.


def test_runs_of_others_are_found_once_and_followed(world: World) -> None:
    uid = submit(world)
    found: list[Any] = []

    def look() -> bool:
        found.extend(world.engine.find(list))
        return bool(found)

    world.settle(look)
    world.engine.start(order(uid, has_begun=True))
    world.play("other", one="Succeeded", two="Succeeded")
    ended = world.final()

    [run] = found
    assert (run.run_id, run.name, run.parameters) == (uid, "other", {})
    assert json.loads(run.spec)["pipelineInfo"]["name"] == "hello"
    assert (ended.run_id, ended.state) == (uid, "SUCCEEDED")
    assert not world.engine.find(list)


def test_runs_that_are_known_elsewhere_are_not_found(world: World) -> None:
    uid = submit(world)
    asked: list[str] = []

    def choose(ids: Any) -> list[str]:
        asked.extend(ids)
        return []

    world.settle(lambda: world.engine.find(choose) or asked)

    assert asked == [uid]
    assert world.engine.find(choose) == []


def test_runs_of_others_about_which_nobody_could_say_anything_are_told_later(world: World) -> None:
    run_id = submit(world)
    failures: list[int] = []

    def fail(ids: Collection[str]) -> Collection[str]:
        failures.append(len(ids))
        raise ConnectionError

    def find() -> bool:
        with suppress(ConnectionError):
            world.engine.find(fail)
        return bool(failures)

    world.settle(find)

    assert [each.run_id for each in world.engine.find(list)] == [run_id]


# Logs.


def test_a_log_is_read_from_the_pod_of_its_task(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Running")
    env = [{"name": "ARGOSY_TASK", "value": "one"}]
    world.cluster.put(
        PODS,
        {
            "metadata": {
                "name": "pod-one",
                "uid": "a1",
                "labels": {"workflows.argoproj.io/workflow": NAME},
            },
            "spec": {"containers": [{"name": "main"}, {"name": "launcher", "env": env}]},
            "status": {"containerStatuses": [{"name": "main", "state": {"running": {}}}]},
        },
    )
    world.cluster.logs["pod-one", "main"] = b"2026-05-01T12:00:00Z hello\n"

    log = ArgoLogs(world.settings).open(RUN, "one")

    assert log.read(is_over=False) == b"hello\n"
    assert log.read(is_over=True) == b""


def test_the_log_of_a_run_whose_workflow_is_gone_is_read_from_the_store(world: World) -> None:
    store = open_store(str(world.store))
    store.put(f"runs/{RUN}/tasks/one/a1.log", b"hello\n")
    store.put(f"runs/{RUN}/tasks/other/one/a1.log", b"other\n")

    log = ArgoLogs(world.settings).open(RUN, "one")

    assert log.read(is_over=True) == b"hello\n"


def test_a_log_that_cannot_be_read_says_why(world: World) -> None:
    gone = UnreachableClusterError("cluster 'fake' does not answer")
    world.cluster.failures["list", "workflows"] = [gone] * 2
    world.engine.close()

    log = ArgoLogs(world.settings).open(RUN, "one")

    assert log.read(is_over=True).startswith(b"argosy: the log cannot be read: cluster 'fake'")

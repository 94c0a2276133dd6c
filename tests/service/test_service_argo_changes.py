"""What the engine on a cluster makes of what others do there, and of what it hears late."""

from __future__ import annotations

import base64
import gzip
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from argo_world import NAME, RUN, World, order, record, submit
from argosy_cluster.cluster import find_object
from argosy_cluster.resources import CONFIG_MAPS, WORKFLOWS
from argosy_cluster.submission.retrying import retry_run
from argosy_compiler.config_objects import CONFIG_MAP, ConfigObject
from argosy_compiler.options import CompileOptions
from argosy_runs.argo.identity import read_run_identity
from argosy_schemas.errors import AccessDeniedError, UnreachableClusterError
from argosy_schemas.pod import ENV_STORE, IR_PARAMETER
from argosy_service.engines.argo.compiling import MadeOnce
from argosy_service.engines.argo.logs import ArgoLogs
from argosy_service.engines.argo.settings import RunsOfThreads
from argosy_store.stores import open_store
from workflow_play import play

OTHER = "11111111-91d0-4c1f-9a55-0123456789ab"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "store")
    yield made
    made.engine.close()


# Runs that are found.


def test_a_run_that_ends_between_its_discovery_and_its_start_ends(world: World) -> None:
    uid = submit(world)
    world.hear()

    [found] = world.engine.find(list)
    world.play("other", one="Succeeded", two="Succeeded")
    world.hear()
    world.engine.start(order(uid, has_begun=True))

    assert found.run_id == uid
    assert world.final().state == "SUCCEEDED"


def test_a_run_with_a_foreign_pipeline_hides_no_other(world: World) -> None:
    submit(world, "damaged")
    workflow: Any = world.workflow("damaged")
    for parameter in workflow["spec"]["arguments"]["parameters"]:
        if parameter["name"] == IR_PARAMETER:
            parameter["value"] = base64.b64encode(gzip.compress(b"{}")).decode()
    world.cluster.put(WORKFLOWS, workflow)
    uid = submit(world)
    world.hear()

    assert [each.run_id for each in world.engine.find(list)] == [uid]


def test_a_run_whose_workflow_is_gone_is_not_found(world: World) -> None:
    submit(world)
    world.hear()

    world.cluster.delete(WORKFLOWS, "other")
    world.hear()

    assert world.engine.find(list) == []


def test_a_run_whose_workflow_goes_between_its_discovery_and_its_start_is_lost(
    world: World,
) -> None:
    uid = submit(world)
    world.hear()

    world.engine.find(list)
    world.cluster.delete(WORKFLOWS, "other")
    world.hear()
    world.engine.start(order(uid, has_begun=True))

    assert "was deleted before its end was seen" in world.final().error


# A Workflow whose name is used again.


def start_other(world: World) -> str:
    """Return the id of a run that somebody submitted, and that is active."""
    uid = submit(world)
    world.hear()
    world.engine.find(list)
    world.engine.start(order(uid, has_begun=True))
    world.hear()
    return uid


def replace_other(world: World) -> str:
    """Return the id of a run whose Workflow takes the name of the one before."""
    world.cluster.delete(WORKFLOWS, "other")
    return submit(world)


def test_a_run_is_lost_whose_workflow_was_replaced_by_that_of_another_run(world: World) -> None:
    uid = start_other(world)

    other = replace_other(world)
    [ended] = [each for each in world.hear() if each.is_final]

    assert (ended.run_id, ended.state) == (uid, "FAILED")
    assert "was deleted before its end was seen" in ended.error
    assert [each.run_id for each in world.engine.find(list)] == [other]


@pytest.mark.parametrize("is_over", [False, True])
def test_who_deletes_a_run_leaves_the_workflow_that_took_its_name_alone(
    world: World, is_over: bool
) -> None:
    uid = start_other(world)

    with world.silence():
        replace_other(world)
        if is_over:
            world.play("other", one="Succeeded", two="Succeeded")
        world.settle(lambda: world.engine.delete(uid, artifacts=False))

    assert world.names() == ["other"]
    assert "shutdown" not in world.workflow("other")["spec"]


def test_who_stops_a_run_leaves_the_workflow_that_took_its_name_alone(world: World) -> None:
    uid = start_other(world)

    with world.silence():
        replace_other(world)
        world.engine.stop(uid)
        world.engine.poll()
    ended = world.final()
    world.engine.close()

    assert (ended.run_id, ended.state) == (uid, "CANCELED")
    assert "shutdown" not in world.workflow("other")["spec"]


# Retried by command line.


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_run_that_was_retried_by_command_line_goes_on_there(
    world: World, is_restarted: bool
) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Failed", two="Omitted")
    world.final()
    by_hand = retry_run(world.settings.open_runs(), NAME).name

    world.hear()
    world.engine.start(order(ends=1))
    world.settle(lambda: world.engine.poll())
    world.play(by_hand, one="Succeeded", two="Succeeded")
    if is_restarted:
        world.restart()
        world.engine.start(order(ends=1, has_begun=True))
    ended = world.final()

    assert (ended.run_id, ended.state, ended.ends) == (RUN, "SUCCEEDED", 2)
    assert sorted(world.names()) == sorted([NAME, by_hand])


# Workflows that nobody foresaw.


@pytest.mark.parametrize(
    "status",
    [
        {"phase": "Running", "startedAt": "soon"},
        {"phase": "Running", "finishedAt": "soon"},
        {"phase": "Running", "nodes": {"a": "x"}},
        {"phase": "Running", "nodes": "x"},
    ],
)
def test_a_workflow_that_cannot_be_read_leaves_other_runs_alone(
    world: World, status: dict[str, Any]
) -> None:
    world.engine.start(order())
    world.engine.start(order(OTHER))
    world.settle(lambda: len(world.names()) == 2)
    world.hear()

    world.cluster.put(WORKFLOWS, {**world.workflow(), "status": status})
    world.hear()
    world.skipped += 2
    [other] = set(world.names()) - {NAME}
    world.play(other, one="Succeeded", two="Succeeded")
    ended = world.final()

    assert (ended.run_id, ended.state) == (OTHER, "SUCCEEDED")
    assert list(world.engine.active) == [RUN]


def test_a_run_ends_although_its_workflow_cannot_be_read(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)

    status: dict[str, Any] = {
        "phase": "Failed",
        "message": "it broke",
        "finishedAt": "soon",
        "nodes": {"a": "x"},
    }
    world.cluster.put(WORKFLOWS, {**world.workflow(), "status": status})
    world.hear()
    world.skipped += 61
    ended = world.final()

    assert (ended.state, ended.finished_at) == ("FAILED", None)
    assert "it broke; what its tasks did is not known" in ended.error


def test_a_workflow_without_a_time_leaves_the_news_of_others_alone(world: World) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.hear()

    submit(world, "a-strange-one")
    strange = world.workflow("a-strange-one")
    metadata = {**strange["metadata"], "creationTimestamp": "soon"}
    world.cluster.put(WORKFLOWS, {**strange, "metadata": metadata})
    world.play(one="Succeeded", two="Succeeded")

    assert world.final().state == "SUCCEEDED"


# Answers that are lost or late.


@pytest.fixture
def unanswered(world: World) -> World:
    """Return a world with a run whose Workflow was made, of which the engine heard nothing."""

    def lose() -> None:
        raise UnreachableClusterError("it does not answer in time")

    world.cluster.before_answer = lose
    return world


def begin_unanswered(world: World) -> None:
    world.engine.start(order())
    [waiting] = world.reports(lambda found: len(found) == 1)
    assert (waiting.error, world.names()) == ("it waits: it does not answer in time", [NAME])
    world.cluster.before_answer = lambda: None


def test_a_run_is_stopped_whose_workflow_was_made_without_an_answer(unanswered: World) -> None:
    world = unanswered
    with world.silence():
        begin_unanswered(world)
        world.engine.stop(RUN)
        world.settle(lambda: world.workflow()["spec"].get("shutdown") or not world.engine.active)
    world.play(one="Failed", two="Omitted")

    assert world.final().state == "CANCELED"
    assert world.workflow()["spec"]["shutdown"] == "Stop"


def test_a_run_is_stopped_that_could_not_be_made(world: World) -> None:
    world.cluster.failures["create", "workflows"] = [UnreachableClusterError("gone")] * 100
    world.engine.start(order())
    world.reports(lambda found: len(found) == 1)
    world.engine.stop(RUN)

    ended = world.final()

    assert (ended.state, ended.error) == ("CANCELED", "the run was stopped before it began")


def test_a_run_is_deleted_whose_workflow_was_made_without_an_answer(unanswered: World) -> None:
    world = unanswered

    def delete() -> bool:
        for workflow in world.cluster.list(WORKFLOWS).items:
            # Once: after that it may be deleted at any moment.
            if find_object(workflow, "spec").get("shutdown") and "status" not in workflow:
                world.cluster.put(WORKFLOWS, play(workflow, {"one": "Failed", "two": "Omitted"}))
        return world.engine.delete(RUN, artifacts=False)

    with world.silence():
        begin_unanswered(world)
        world.settle(delete)

    assert world.names() == []


def test_a_workflow_that_was_deleted_before_the_answer_to_its_creation_is_lost(
    world: World,
) -> None:
    answer = threading.Event()
    world.cluster.before_answer = answer.wait
    with world.silence():
        world.engine.start(order())
        world.settle(world.names)
        world.cluster.delete(WORKFLOWS, NAME)
        world.cluster.forget_history()
    world.hear()
    answer.set()
    world.settle(world.engine.poll)
    world.skipped += 61

    ended = world.final()

    assert "was deleted before its end was seen" in ended.error
    world.cluster.before_answer = lambda: None
    world.engine.start(order(ends=ended.ends))
    world.settle(lambda: world.names() == [f"{NAME}-1"])


def test_a_workflow_of_which_the_watch_tells_nothing_is_asked_for(world: World) -> None:
    with world.silence():
        world.engine.start(order())
        world.reports(bool)
        world.play(one="Succeeded", two="Succeeded")
        world.skipped += 61

        assert world.final().state == "SUCCEEDED"


# Removals.


def test_a_workflow_stays_whose_run_goes_on_when_its_turn_to_be_removed_comes(
    world: World,
) -> None:
    world.settings = replace(world.settings, keep_workflows=timedelta(0))
    world.restart()
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Failed", two="Omitted")
    world.final()

    def choose_ended(ids: Collection[str]) -> Collection[str]:
        # As if it waited for a thread from here on.
        world.engine.watch(RUN)
        return ids

    world.now += timedelta(days=1)
    world.engine.tidy(choose_ended)
    world.engine.close()

    assert world.names() == [NAME]


def test_removals_leave_threads_to_runs(world: World) -> None:
    for number in range(20):
        submit(world, f"old-{number}")
        world.play(f"old-{number}", one="Succeeded", two="Succeeded")
    world.hear()
    goes_on = threading.Event()
    world.cluster.before_delete = goes_on.wait
    for each in world.cluster.list(WORKFLOWS).items:
        world.engine.delete(
            read_run_identity(find_object(each, "metadata")).run_id, artifacts=False
        )

    world.engine.start(order())
    try:
        world.settle(lambda: NAME in world.names())
    finally:
        goes_on.set()


def put_artifact(world: World) -> Path:
    """Return the file of an artifact of the run."""
    file = world.store / "artifacts" / "hello" / RUN / "one" / "out"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    return file


@pytest.mark.parametrize("artifacts", [False, True])
def test_artifacts_of_a_run_whose_workflow_is_gone_are_deleted(
    world: World, artifacts: bool
) -> None:
    world.engine.start(order())
    world.settle(world.names)
    world.play(one="Succeeded", two="Succeeded")
    world.final()
    file = put_artifact(world)
    world.cluster.delete(WORKFLOWS, NAME)
    world.hear()

    world.settle(lambda: world.engine.delete(RUN, artifacts=artifacts))

    assert file.exists() != artifacts
    assert not list(open_store(str(world.store)).list(f"runs/{RUN}"))


def test_records_go_also_when_the_cluster_does_not_say_at_once_where_they_are(
    world: World,
) -> None:
    named = ConfigObject(kind=CONFIG_MAP, name="store")
    world.cluster.put(
        CONFIG_MAPS, {"metadata": {"name": "store"}, "data": {ENV_STORE: str(world.store)}}
    )
    world.settings = replace(world.settings, options=CompileOptions(store_from=named))
    world.restart()
    record(world, "one")
    gone = UnreachableClusterError("it does not answer")
    denied = AccessDeniedError("not yet")
    world.cluster.failures["get", "configmaps"] = [gone]

    world.settle(lambda: world.engine.delete(RUN, artifacts=False))
    records = list(open_store(str(world.store)).list(f"runs/{RUN}"))
    # Nor is it kept that the object could not be read.
    others = RunsOfThreads(world.settings)
    world.cluster.failures["get", "configmaps"] = [denied]

    assert not records
    assert [others.get().store_url for _ in range(2)] == [None, str(world.store)]


# Pipelines and logs.


def test_what_is_made_is_made_once_and_keeps_nobody_else_waiting() -> None:
    kept = MadeOnce[str, int](most=2)
    goes_on, made = threading.Event(), list[str]()

    def make(key: str) -> int:
        made.append(key)
        if key == "slow":
            goes_on.wait()
        return len(key)

    def get(key: str) -> int:
        return kept.get(key, lambda: make(key))

    with ThreadPoolExecutor(3) as threads:
        slow = [threads.submit(get, "slow") for _ in range(2)]
        quick = threads.submit(get, "quick").result(timeout=60)
        goes_on.set()
        found = [each.result(timeout=60) for each in slow]

    assert (quick, found, sorted(made)) == (5, [4, 4], ["quick", "slow"])


@pytest.mark.parametrize(("most", "times"), [(1, 2), (2, 1)])
def test_what_was_wanted_long_ago_is_made_again(most: int, times: int) -> None:
    kept, made = MadeOnce[str, str](most=most), list[str]()

    def make(key: str) -> str:
        made.append(key)
        return key

    for key in ("a", "b", "a"):
        kept.get(key, partial(make, key))

    assert made.count("a") == times


def test_a_failure_is_not_kept() -> None:
    kept = MadeOnce[str, int](most=2)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.get("a", fail)
    assert kept.get("a", lambda: 1) == 1


def test_who_leaves_a_log_leaves_no_connection(world: World) -> None:
    log = ArgoLogs(world.settings).open(RUN, "one")
    log.read(is_over=False)
    before = world.cluster.calls.count(("close", "", ""))

    log.close()

    assert world.cluster.calls.count(("close", "", "")) == before + 1

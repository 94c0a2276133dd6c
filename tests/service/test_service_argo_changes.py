"""What the engine on a cluster makes of what others do there, and of what it hears late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argo_world import NAME, RUN, World, order, submit
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.submission.retrying import retry_run

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

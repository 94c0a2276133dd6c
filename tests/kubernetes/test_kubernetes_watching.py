"""An object is followed to its end, whatever happens to the connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from argosy_cluster.cluster import Document
from argosy_cluster.fakes import FakeCluster
from argosy_cluster.kubernetes.client import KubernetesCluster
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.watching import follow
from argosy_schemas.errors import UnreachableClusterError
from argosy_store.fakes import FakeClock
from kube_server import KubeServer

UNREACHABLE = UnreachableClusterError("it does not answer")


def workflow(phase: str) -> dict[str, Any]:
    return {"metadata": {"name": "w"}, "status": {"phase": phase}}


def phases(documents: Iterator[Document]) -> list[str]:
    found: list[Any] = list(documents)
    return [each["status"]["phase"] for each in found]


@pytest.fixture
def fake() -> FakeCluster:
    cluster = FakeCluster()
    cluster.put(WORKFLOWS, workflow("Pending"))
    return cluster


def following(cluster: FakeCluster, clock: FakeClock) -> Iterator[Document]:
    first = cluster.get(WORKFLOWS, "w")
    return follow(cluster, WORKFLOWS, first, monotonic=clock.monotonic, sleep=clock.sleep)


def until(documents: Iterator[Document], phase: str) -> list[str]:
    seen: list[str] = []
    for document in documents:
        status: Any = document["status"]
        if not seen or seen[-1] != status["phase"]:
            seen.append(status["phase"])
        if status["phase"] == phase:
            break
    return seen


def test_each_change_comes_until_the_object_is_deleted(fake: FakeCluster, clock: FakeClock) -> None:
    changes = iter(["Running", "Succeeded", None])

    def happen() -> None:
        phase = next(changes)
        if phase is None:
            fake.delete(WORKFLOWS, "w")
        else:
            fake.put(WORKFLOWS, workflow(phase))

    fake.before_watch = happen

    seen = phases(following(fake, clock))

    assert seen == ["Pending", "Pending", "Running", "Succeeded"]


def test_a_watch_that_is_cut_a_hundred_times_loses_nothing(
    fake: FakeCluster, clock: FakeClock
) -> None:
    for number in range(100):
        fake.put(WORKFLOWS, workflow(f"Running {number}"))
    numbers = iter(range(100, 200))
    fake.before_watch = lambda: fake.put(WORKFLOWS, workflow(f"Running {next(numbers)}"))
    fake.events_per_watch = 1

    seen = until(following(fake, clock), "Running 199")

    assert seen[-1] == "Running 199"
    assert len(seen) == 101


def test_a_stale_version_lists_again(fake: FakeCluster, clock: FakeClock) -> None:
    phase = iter(["Running", "Succeeded"])

    def happen() -> None:
        fake.put(WORKFLOWS, workflow(next(phase)))
        fake.forget_history()

    fake.before_watch = happen

    assert until(following(fake, clock), "Succeeded") == ["Pending", "Running", "Succeeded"]


def test_an_outage_within_the_patience_is_survived(fake: FakeCluster, clock: FakeClock) -> None:
    fake.failures["watch", "workflows"] = [UNREACHABLE] * 3
    fake.failures["list", "workflows"] = []
    fake.before_watch = lambda: fake.put(WORKFLOWS, workflow(f"Running {clock.now > 1}"))

    assert until(following(fake, clock), "Running True")[-1] == "Running True"


def test_an_outage_that_lasts_is_an_error(fake: FakeCluster, clock: FakeClock) -> None:
    documents = following(fake, clock)
    next(documents)
    fake.failures["list", "workflows"] = [UNREACHABLE] * 1000

    with pytest.raises(UnreachableClusterError):
        list(documents)

    assert 300 < clock.now < 330


def test_an_object_that_was_deleted_during_an_outage_ends_it(
    fake: FakeCluster, clock: FakeClock
) -> None:
    documents = following(fake, clock)
    next(documents)
    fake.delete(WORKFLOWS, "w")

    assert list(documents) == []


def test_a_real_watch_that_is_cut_in_the_middle_of_a_line_loses_nothing(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.put("workflows", workflow("Pending"))
    first = cluster.get(WORKFLOWS, "w")
    documents = follow(cluster, WORKFLOWS, first, sleep=lambda seconds: None)
    next(documents)
    next(documents)
    server.watch_events = 1
    for number in range(100):
        server.put("workflows", workflow(f"Running {number}"))

    assert until(documents, "Running 99") == [f"Running {number}" for number in range(100)]
    assert len(server.asked("watch")) >= 100

"""How far what a service knows is behind the cluster."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import WORKFLOWS
from argosy_schemas.errors import UnreachableClusterError
from argosy_schemas.pod import PIPELINE_LABEL
from argosy_service.engines.argo.feed import WorkflowFeed


def wait_until(is_so: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


@pytest.fixture
def go_on() -> Iterator[threading.Event]:
    """Lets a feed try again."""
    event = threading.Event()
    yield event
    event.set()


def test_a_feed_is_behind_while_it_follows_nothing_and_while_nobody_takes_its_news(
    go_on: threading.Event,
) -> None:
    cluster = FakeCluster()
    cluster.failures["list", "workflows"] = [UnreachableClusterError("it is away")]
    # A clock that goes on whenever somebody looks.
    ticks = itertools.count()
    feed = WorkflowFeed(
        lambda: cluster,
        sleep=lambda _: go_on.wait(60),
        monotonic=lambda: float(next(ticks)),
    )
    with closing(feed):
        first, second = feed.lag_seconds, feed.lag_seconds
        go_on.set()
        wait_until(lambda: feed.take().is_complete and not feed.lag_seconds)
        cluster.create(WORKFLOWS, {"metadata": {"name": "a", "labels": {PIPELINE_LABEL: "p"}}})
        wait_until(lambda: feed.lag_seconds)
        third, fourth = feed.lag_seconds, feed.lag_seconds
        taken = feed.take()
        after = feed.lag_seconds

    assert 0 < first < second
    assert 0 < third < fourth
    assert list(taken.changed) == ["a"]
    assert after == 0

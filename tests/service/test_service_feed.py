"""The thread that follows the Workflows of a namespace ends with who began it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from argosy_cluster.cluster import Document
from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import WORKFLOWS
from argosy_schemas.errors import MachineError
from argosy_schemas.pod import PIPELINE_LABEL
from argosy_service.engines.argo.feed import WorkflowFeed


def test_a_feed_that_is_closed_begins_no_watch_again() -> None:
    before = set(threading.enumerate())
    # Its watches end at once.
    feed = WorkflowFeed(FakeCluster)
    give_up_at = time.monotonic() + 60
    while not feed.take().is_complete:
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
    (thread,) = (each for each in set(threading.enumerate()) - before if each.name == "workflows")

    feed.close()

    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MachineError("the token cannot be read"), "the token cannot be read"),
        (ValueError("no JSON"), "the watch ended with an error (ValueError('no JSON'))"),
    ],
)
@pytest.mark.parametrize("verb", ["list", "watch"])
def test_a_feed_goes_on_after_an_error_that_nobody_foresaw(
    error: Exception, said: str, verb: str
) -> None:
    cluster = FakeCluster()
    failures: list[Any] = [error] * 100_000
    cluster.failures[verb, "workflows"] = failures
    feed = WorkflowFeed(lambda: cluster, sleep=lambda _: time.sleep(0.001))
    give_up_at = time.monotonic() + 60
    while feed.trouble != said:
        assert time.monotonic() < give_up_at, feed.trouble
        time.sleep(0.001)

    cluster.failures.clear()
    cluster.put(WORKFLOWS, {"metadata": {"name": "w", "labels": {PIPELINE_LABEL: "p"}}})
    changed: dict[str, Document] = {}
    while "w" not in changed:
        assert time.monotonic() < give_up_at
        changed.update(feed.take().changed)
        time.sleep(0.001)
    feed.close()

    assert feed.trouble == ""

"""The thread that follows the Workflows of a namespace ends with who began it."""

from __future__ import annotations

import threading
import time

from argosy_cluster.fakes import FakeCluster
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

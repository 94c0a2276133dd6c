"""Prepare a task: everything that happens before its command runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from argosy_driver.places import Places
from argosy_driver.resolver import Resolver
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.step import Step
from argosy_store.objects import ObjectStore
from argosy_store.stores import Stores


def prepare(
    task_path: TaskPath,
    attempt_id: AttemptId,
    *,
    resolver: Resolver,
    store: ObjectStore,
    stores: Stores,
    places: Places,
    now: Callable[[], datetime],
) -> Step:
    """Return the step of one attempt of a container task, its input artifacts downloaded.

    May be killed and called again at any point. A task that cannot run gives a step whose decision
    is ``FAILED``, not an error.

    Args:
        task_path: The task.
        attempt_id: The attempt.
        resolver: Of the run.
        store: Holds the records and the cache.
        stores: Where artifacts are, by URI.
        places: Where the component sees things.
        now: The time in UTC.

    Raises:
        RetryableTaskError: A store did not answer for as long as its retries last.
    """
    raise NotImplementedError

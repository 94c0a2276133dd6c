"""Decide by a pod what no expression of Argo's can: a foreign condition, the length of a list."""

from __future__ import annotations

from argosy_driver.resolver import Resolver
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue


def decide(task_path: TaskPath, *, resolver: Resolver) -> dict[str, JsonValue]:
    """Return the control object of a deciding pod.

    ``{"condition": true}`` for a task with a condition, with ``"length": 3`` for a loop that runs.

    Raises:
        FinalTaskError: The condition or the items cannot be evaluated.
    """
    raise NotImplementedError

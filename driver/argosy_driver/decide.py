"""Decide by a pod what no expression of Argo's can: a foreign condition, the length of a list."""

from __future__ import annotations

from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue


def decide(task_path: TaskPath, *, resolver: Resolver) -> dict[str, JsonValue]:
    """Return the control object of a deciding pod.

    Args:
        task_path: The task that is decided about.
        resolver: Of the run.

    Returns:
        ``{"condition": true}``; for a loop that is to run also ``"length"``, its number of
        iterations, for one that is not ``"length": 0``.

    Raises:
        FinalTaskError: The condition or the items cannot be evaluated.
        StoreError: A store refused or did not answer.
    """
    node = resolver.tree.at(task_path)
    decision: dict[str, JsonValue] = {"condition": resolver.holds(node)}
    if node.is_loop:
        decision["length"] = resolver.count(node) if decision["condition"] else 0
    return decision

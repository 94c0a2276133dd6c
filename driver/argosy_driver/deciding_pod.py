"""Decide about a task in a pod, where no Argo expression can evaluate its condition or items."""

from __future__ import annotations

from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue


def decide_task(task_path: TaskPath, *, resolver: Resolver) -> dict[str, JsonValue]:
    """Return the control object of a deciding pod.

    Args:
        task_path: The task to decide about.
        resolver: The resolver of the run.

    Returns:
        ``{"condition": true}`` or ``{"condition": false}``; for a loop also ``"length"``, its
        number of iterations, 0 if the condition is false.

    Raises:
        FinalTaskError: The condition or the items cannot be evaluated.
        StoreError: A store refused or did not answer.
    """
    position = resolver.tree.at(task_path)
    decision: dict[str, JsonValue] = {"condition": resolver.holds(position)}
    if position.is_loop:
        decision["length"] = resolver.count_items(position) if decision["condition"] else 0
    return decision

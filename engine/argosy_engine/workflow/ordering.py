"""Order the tasks of a DAG, and find the tasks that determine its phase."""

from __future__ import annotations

from collections.abc import Sequence

from argosy_engine.workflow.model import DagTask


def find_leaves(tasks: Sequence[DagTask], upstream: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the tasks that no other waits for, sorted by name."""
    inner = {above for tasks_above in upstream for above in tasks_above}
    found = [at for at in range(len(tasks)) if at not in inner]
    return tuple(sorted(found, key=lambda at: tasks[at].name))


def order_dag(upstream: Sequence[Sequence[int]], targets: Sequence[int]) -> tuple[int, ...]:
    """Return the targets and all tasks upstream of them, in topological order.

    Independent tasks keep the order of the file.
    """
    needed: set[int] = set()
    pending = list(targets)
    while pending:
        position = pending.pop()
        if position not in needed:
            needed.add(position)
            pending.extend(upstream[position])
    ordered: dict[int, None] = {}
    for first in sorted(needed):
        stack = [first]
        while stack:
            above = next((at for at in upstream[stack[-1]] if at not in ordered), None)
            if above is None:
                ordered[stack.pop()] = None
            else:
                stack.append(above)
    return tuple(ordered)

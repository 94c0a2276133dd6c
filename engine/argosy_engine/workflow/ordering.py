"""Order the tasks of a DAG, and find the tasks that determine its phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from argosy_engine.workflow.fields import Field
from argosy_engine.workflow.model import DagTask


def find_positions(names: Iterable[str], index: Mapping[str, int], field: Field) -> tuple[int, ...]:
    """Return the positions of tasks by name.

    Raises:
        EngineRefusal: The DAG has no such task.
    """
    found: list[int] = []
    for name in names:
        if name not in index:
            raise field.refuse(f"names the task '{name}', which the DAG does not have")
        found.append(index[name])
    return tuple(found)


def find_leaves(tasks: Sequence[DagTask], upstream: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the tasks that no other waits for, sorted by name."""
    inner = {above for tasks_above in upstream for above in tasks_above}
    found = [at for at in range(len(tasks)) if at not in inner]
    return tuple(sorted(found, key=lambda at: tasks[at].name))


def order_dag(
    upstream: Sequence[Sequence[int]],
    targets: Sequence[int],
    field_of: Callable[[int], Field],
) -> tuple[int, ...]:
    """Return the targets and all tasks upstream of them, in topological order.

    Independent tasks keep the order of the file.

    Raises:
        EngineRefusal: The DAG has a cycle, also among other tasks.
    """
    needed: set[int] = set()
    pending = list(targets)
    while pending:
        position = pending.pop()
        if position not in needed:
            needed.add(position)
            pending.extend(upstream[position])
    # Needed tasks first, so that others do not influence their order.
    firsts = [*sorted(needed), *(at for at in range(len(upstream)) if at not in needed)]
    ordered = sort_tasks(firsts, upstream, field_of)
    return tuple(at for at in ordered if at in needed)


def sort_tasks(
    firsts: Iterable[int],
    upstream: Sequence[Sequence[int]],
    field_of: Callable[[int], Field],
) -> list[int]:
    """Return ``firsts`` and all tasks upstream of them, in topological order.

    Raises:
        EngineRefusal: There is a cycle.
    """
    found: list[int] = []
    state: dict[int, bool] = {}
    for first in firsts:
        stack = [first]
        while stack:
            position = stack[-1]
            if position in state:
                stack.pop()
                if not state[position]:
                    state[position] = True
                    found.append(position)
                continue
            state[position] = False
            for above in reversed(upstream[position]):
                if state.get(above) is False:
                    raise field_of(position).refuse(
                        "is part of a cycle; remove one of its dependencies"
                    )
                if above not in state:
                    stack.append(above)
    return found

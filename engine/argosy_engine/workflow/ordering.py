"""In which order the tasks of a DAG may come, and which of them decide about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from argosy_engine.workflow.fields import Place
from argosy_engine.workflow.model import DagTask


def positions(names: Iterable[str], index: Mapping[str, int], place: Place) -> tuple[int, ...]:
    """Return where the tasks of these names stand.

    Raises:
        EngineRefusal: The DAG has no such task.
    """
    found: list[int] = []
    for name in names:
        if name not in index:
            raise place.refuse(f"names the task '{name}', which the DAG does not have")
        found.append(index[name])
    return tuple(found)


def leaves(tasks: Sequence[DagTask], upstream: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the tasks that no other waits for, by name."""
    inner = {above for tasks_above in upstream for above in tasks_above}
    found = [at for at in range(len(tasks)) if at not in inner]
    return tuple(sorted(found, key=lambda at: tasks[at].name))


def order(
    upstream: Sequence[Sequence[int]],
    targets: Sequence[int],
    place_of: Callable[[int], Place],
) -> tuple[int, ...]:
    """Return the targets and all above them, each behind what it waits for.

    Among those that may come next, the order of the file decides.

    Raises:
        EngineRefusal: Some tasks of the DAG, whether needed or not, wait for each other.
    """
    needed: set[int] = set()
    pending = list(targets)
    while pending:
        position = pending.pop()
        if position not in needed:
            needed.add(position)
            pending.extend(upstream[position])
    # First those that are needed, so that none of the others decides about their order.
    firsts = [*sorted(needed), *(at for at in range(len(upstream)) if at not in needed)]
    ordered = in_order(firsts, upstream, place_of)
    return tuple(at for at in ordered if at in needed)


def in_order(
    firsts: Iterable[int],
    upstream: Sequence[Sequence[int]],
    place_of: Callable[[int], Place],
) -> list[int]:
    """Return ``firsts`` and all above them, each behind what it waits for.

    Raises:
        EngineRefusal: There is a circle.
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
                    raise place_of(position).refuse("goes round in a circle")
                if above not in state:
                    stack.append(above)
    return found

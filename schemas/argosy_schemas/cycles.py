"""Find a cycle in a dependency graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def find_cycle(predecessors: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return one cycle of the graph; empty: there is none.

    Each name is a predecessor of the next one. The cycle begins with its smallest name, which is
    repeated at the end.
    """
    try:
        TopologicalSorter(predecessors).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1][:-1]
        start = cycle.index(min(cycle))
        return (*cycle[start:], *cycle[:start], cycle[start])
    return ()

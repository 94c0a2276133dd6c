"""Circles among things that come one before the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def find_cycle(predecessors: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return names each of which is a predecessor of the next one, the first again at the end.

    It begins with its least name, and is empty where there is no circle. Of several, one is
    returned.
    """
    try:
        TopologicalSorter(predecessors).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][:-1]
        start = circle.index(min(circle))
        return (*circle[start:], *circle[:start], circle[start])
    return ()

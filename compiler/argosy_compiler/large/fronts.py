"""Where the front of a graph ends that has to be divided.

The members are taken in one order, in which none stands before one that it comes after. A front
begins anywhere in it, and all that follows it in that order is behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from argosy_compiler.large.task_graph import TaskGraph

_BORDER = 10
"""What one more border weighs, in members that others wait for; found by trying random graphs
(``benchmarks/split_parallelism.py``)."""


class Fronts:
    """The fronts of one graph.

    Attributes:
        order: The members, by the longest way to them.
        place: Their numbers in that order.
    """

    def __init__(self, graph: TaskGraph) -> None:
        self.order = graph.in_levels()
        self.place: Mapping[str, int] = {name: number for number, name in enumerate(self.order)}
        self._last_after = self._places_last_after(graph)
        self._groups = self._numbers_of_groups(graph)

    def is_whole_behind(self, end: int) -> bool:
        """Return whether all that is behind a front has to do with each other."""
        return self._groups[end] == 1

    def end(self, start: int, most: int, gates: Mapping[str, str]) -> tuple[int, bool]:
        """Return where the front ends that begins at ``start``, and whether all fits.

        A front is good if others wait for few of its members: where a pipeline has a narrow place,
        nothing is lost there. It is also good if it is large, since there are fewer borders then.
        All fits if the front takes ``most`` tasks with a part for each group that has nothing to do
        with the others behind it; if no front does, the part has to be one.

        Args:
            start: A number in the order, with more than ``most`` tasks from there on.
            most: Two or more.
            gates: Of the members from ``start`` on: each new one takes a task of the front.
        """
        sizes = self._sizes(start, most, gates)
        fitting = [end for end, size in sizes.items() if size + self._groups[end] <= most]
        if not fitting:
            return max(end for end, size in sizes.items() if size < most), False
        awaited = self._awaited(start, max(fitting))
        return min(
            fitting,
            key=lambda end: ((awaited[end - start] + _BORDER) / (end - start), -end),
        ), True

    def _sizes(self, start: int, most: int, gates: Mapping[str, str]) -> dict[int, int]:
        """Return how many tasks each front needs, by its end."""
        sizes: dict[int, int] = {}
        met: set[str] = set()
        for end in range(start + 1, start + min(most, len(self.order) - start)):
            gate = gates.get(self.order[end - 1])
            if gate is not None:
                met.add(gate)
            sizes[end] = end - start + len(met)
        return sizes

    def _awaited(self, start: int, end: int) -> list[int]:
        """Return how many members of each front, up to ``end``, others behind it come after."""
        changes = [0] * (end - start + 1)
        for number in range(start, end):
            last = self._last_after[number]
            if last > number:
                changes[number + 1 - start] += 1
                if last < end:
                    changes[last + 1 - start] -= 1
        return list(accumulate(changes))

    def _places_last_after(self, graph: TaskGraph) -> list[int]:
        last = list(range(len(self.order)))
        for number, name in enumerate(self.order):
            for above in graph.before(name):
                last[self.place[above]] = number
        return last

    def _numbers_of_groups(self, graph: TaskGraph) -> list[int]:
        """Return, for each end, how many groups have nothing to do with each other behind it."""
        joined = list(range(len(self.order)))

        def root(number: int) -> int:
            while joined[number] != number:
                joined[number] = number = joined[joined[number]]
            return number

        later: list[set[int]] = [set() for _ in self.order]
        for number, name in enumerate(self.order):
            for other in graph.before(name) | graph.reads[name]:
                if other in self.place:
                    one, two = sorted((number, self.place[other]))
                    later[one].add(two)
        found = [0] * (len(self.order) + 1)
        for end in range(len(self.order) - 1, -1, -1):
            neighbours = {root(number) for number in later[end]}
            found[end] = found[end + 1] + 1 - len(neighbours)
            for number in neighbours:
                joined[number] = end
        return found

"""Bound the loops: how many items each may have before Argo's object gets too large.

Argo keeps every node of a run in the status of one object; some thousands are what it holds. So
the nodes of one iteration are counted, with all that is nested in it. A loop whose items are
written in the pipeline is refused here; another is given the number at which it has to stop.

That number is of the whole run: what loops around a loop make of it counts. How often they go round
is known here, or told on the way down from the outermost loop that a value of the run decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from argosy_compiler.decisions.loop_counts import COMPRESSED_BYTES, COPIED_BYTES_OF_A_NODE
from argosy_compiler.passes.enumerate_uses import inherited, use_of
from argosy_compiler.plan import Decision, LoopPlace, Plan, Use
from argosy_compiler.structure import place_text
from argosy_schemas.errors import Problem
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Task

_AROUND = 2
"""Nodes around the iterations of a loop: its DAG and the group of its items."""


def bound_loops(plan: Plan) -> Plan:
    """Return the plan with the most iterations that each loop over values of the run may have.

    Loops that have more nodes than ``max_nodes`` are problems.
    """
    if plan.options.max_nodes is None:
        return plan
    bounds = _Bounds(plan, plan.options.max_nodes)
    bounds.nodes(Use(component=ROOT))
    problems = (*plan.problems, *bounds.problems.values())
    if problems:
        return replace(plan, problems=problems)
    around = _around(plan)
    return replace(
        plan,
        loop_limits=bounds.limits,
        around={use: number for use, number in around.items() if number is not None},
        told_around=_told(plan, bounds.limits, around),
    )


def _around(plan: Plan) -> Mapping[Use, int | None]:
    """Return how many iterations there are of each DAG template; ``None``: not known here."""
    users: dict[Use, list[tuple[Use, int | None]]] = {}
    for use in plan.uses:
        for task, inner in _dags(plan, use):
            users.setdefault(inner, []).append((use, _times(plan, use, task)))
    found: dict[Use, int | None] = {}

    def of(use: Use) -> int | None:
        if use not in found:
            numbers = {
                None if times is None or (outer := of(user)) is None else times * outer
                for user, times in users.get(use, [])
            }
            found[use] = numbers.pop() if len(numbers) == 1 else None if numbers else 1
        return found[use]

    return {use: of(use) for use in plan.uses}


def _told(
    plan: Plan, limits: Mapping[LoopPlace, int], around: Mapping[Use, int | None]
) -> frozenset[Use]:
    """Return the DAG templates with limited loops that have to be told what is around them."""
    found: dict[Use, bool] = {}

    def of(use: Use) -> bool:
        if use not in found:
            found[use] = around[use] is None and any(
                (use, task.key) in limits or of(inner) for task, inner in _dags(plan, use)
            )
        return found[use]

    return frozenset(use for use in plan.uses if of(use))


def _dags(plan: Plan, use: Use) -> Iterator[tuple[Task, Use]]:
    for task in plan.structure.dag(use.component).tasks.values():
        if plan.structure.used(task).dag is not None:
            yield task, use_of(use, task)


def _times(plan: Plan, use: Use, task: Task) -> int | None:
    """Return how often a DAG task runs its DAG, ``None`` where a value of the run decides."""
    if task.iterator is None:
        return 1
    count = plan.decisions[(use.component, task.key)].count
    return max(1, count) if isinstance(count, int) else None


class _Bounds:
    def __init__(self, plan: Plan, most: int) -> None:
        self._plan = plan
        self._most = most
        self._known: dict[Use, int] = {}
        self.limits: dict[LoopPlace, int] = {}
        self.problems: dict[str, Problem] = {}
        """By place: a component that is used twice is told of once."""

    def nodes(self, use: Use) -> int:
        """Return the nodes of a DAG, itself included; loops of unknown length count one item."""
        if use not in self._known:
            tasks = self._plan.structure.dag(use.component).tasks.values()
            self._known[use] = 1 + sum(self._of_task(use, task) for task in tasks)
        return self._known[use]

    def _of_task(self, use: Use, task: Task) -> int:
        structure = self._plan.structure
        if structure.is_importer(task):
            return 0
        decision = self._plan.decisions.get((use.component, task.key), Decision())
        deciding = 0 if decision.pod is None else 1
        if structure.used(task).dag is None:
            retry = inherited(use, task)
            return deciding + (2 if retry is not None and retry.max_count else 1)
        body = self.nodes(use_of(use, task))
        if task.iterator is None:
            return deciding + body
        if not isinstance(decision.count, int):
            self.limits[(use, task.key)] = max(1, self._most // body)
            return deciding + _AROUND + body
        total = decision.count * body
        copied = self._copied(use, task)
        most_copied = self._most * COPIED_BYTES_OF_A_NODE
        if total > self._most:
            self._refuse(
                use,
                task,
                f"{decision.count:,} iterations of {body:,} nodes",
                total,
                f"--max-nodes allows {self._most:,}",
            )
        elif copied > COMPRESSED_BYTES and decision.count * copied > most_copied:
            self._refuse(
                use,
                task,
                f"{decision.count:,} iterations with {copied:,} bytes each to decide by",
                decision.count * copied,
                f"--max-nodes {self._most} leaves room for {most_copied:,}",
            )
        return _AROUND + total

    def _copied(self, use: Use, task: Task) -> int:
        """Return the bytes of the lists in the pipeline that each iteration of a loop carries."""
        given = self._plan.handed_down.get((use.component, task.key), {}).values()
        lists = self._plan.lists.items()
        held = (items for name, items in lists if any(f"'{name}'" in text for text in given))
        return sum(len(items.encode()) * 4 // 3 for items in held)

    def _refuse(self, use: Use, task: Task, has: str, total: int, allowed: str) -> None:
        path = place_text(use.component, task.key)
        problem = Problem(
            path=path,
            message=f"has {has}, {total:,} in all, and {allowed}, since Argo keeps all in one"
            " object; make the loop shorter, or raise --max-nodes where Argo offloads its status to"
            " a database",
        )
        self.problems.setdefault(path, problem)

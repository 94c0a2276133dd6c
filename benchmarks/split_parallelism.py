"""What a DAG of 1,000 tasks loses when it is taken apart into DAGs of 200.

    python benchmarks/split_parallelism.py [--seeds N]

Prints a table of Markdown: the makespan in parts relative to the makespan of the whole, simulated
with as many workers as there are tasks. Durations are equal, or exponentially distributed.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable, Mapping
from typing import Any

from argosy_compiler.large.task_graph import Part, TaskGraph
from argosy_compiler.passes.split_dags import taken_apart

TASKS = 1000
MOST = 200

Above = Mapping[str, tuple[str, ...]]
"""Task to those that it requires."""


def layers(width: int, edges: int, choose: random.Random) -> Above:
    """Return tasks in layers, each after some of the layer above."""
    above: dict[str, tuple[str, ...]] = {}
    for number in range(TASKS):
        first = (number // width - 1) * width
        chosen = choose.sample(range(first, first + width), edges) if first >= 0 else []
        above[f"t{number}"] = tuple(f"t{one}" for one in chosen)
    return above


def near(window: int, choose: random.Random) -> Above:
    """Return tasks of which each comes after up to two of those just before it."""
    return {
        f"t{number}": tuple(
            {f"t{choose.randrange(max(0, number - window), number)}" for _ in range(count)}
            if number
            else ()
        )
        for number, count in ((number, choose.randint(0, 2)) for number in range(TASKS))
    }


SHAPES: Mapping[str, Callable[[random.Random], Above]] = {
    "layers of 5, 2 edges": lambda choose: layers(5, 2, choose),
    "layers of 20, 2 edges": lambda choose: layers(20, 2, choose),
    "layers of 50, 3 edges": lambda choose: layers(50, 3, choose),
    "layers of 200, 2 edges": lambda choose: layers(200, 2, choose),
    "up to 2 of the 60 before": lambda choose: near(60, choose),
    "up to 2 of the 400 before": lambda choose: near(400, choose),
}


def makespan(above: Above, durations: Mapping[str, float]) -> float:
    """Return when the last task ends."""
    ends: dict[str, float] = {}
    for name, names in above.items():
        ends[name] = max((ends[one] for one in names), default=0.0) + durations[name]
    return max(ends.values())


def makespan_in_parts(graph: TaskGraph, durations: Mapping[str, float], start: float) -> float:
    """Return when the last task of a graph that begins at ``start`` ends."""
    ends: dict[str, float] = {}
    for name in graph.in_levels():
        begin = max((ends[one] for one in graph.before(name)), default=start)
        member = graph.members[name]
        if isinstance(member, Part):
            ends[name] = makespan_in_parts(member.graph, durations, begin)
        else:
            ends[name] = begin + durations[name]
    return max(ends.values())


def template(above: Above) -> dict[str, Any]:
    """Return a DAG template of these tasks."""
    tasks = [
        {"name": name, "depends": " && ".join(f"{one}.Succeeded" for one in names)}
        for name, names in above.items()
    ]
    return {"name": "root", "dag": {"tasks": tasks}}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="random graphs of each shape")
    seeds = range(parser.parse_args().seeds)
    print("| 1,000 tasks | equal durations | random durations |")
    print("| --- | --- | --- |")
    for shape, make in SHAPES.items():
        ratios: tuple[list[float], list[float]] = ([], [])
        for seed in seeds:
            choose = random.Random(seed)
            above = make(choose)
            graph = taken_apart(template(above), MOST)
            for found, is_random in zip(ratios, (False, True), strict=True):
                durations = {name: choose.expovariate(1) if is_random else 1.0 for name in above}
                whole = makespan(above, durations)
                found.append(makespan_in_parts(graph, durations, 0.0) / whole)
        equal, drawn = (statistics.median(found) for found in ratios)
        print(f"| {shape} | {equal:.2f} | {drawn:.2f} |")


if __name__ == "__main__":
    main()

"""Cost of one more entry in the view of a run, and of reading a run, at two sizes.

    python benchmarks/run_view.py [COUNT ...]

A loop over COUNT items, each a task that ended; 1,000 and 10,000 by default. Where an entry costs
the same however large the run is, the last column is 1 at each size: the cost of an entry relative
to that at the first size.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from argosy_runs.journal import (
    Attempt,
    EngineStarted,
    JournalEntry,
    NodeChanged,
    entry_from_json,
    entry_to_json,
)
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_runs.viewing.task_nodes import NodeIndex
from argosy_runs.viewing.view import RunView
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline

SIZES = (1_000, 10_000)
AT = datetime(2026, 1, 1, tzinfo=UTC)
PIPELINE = b"""\
pipelineInfo: {name: loop}
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.0
deploymentSpec: {executors: {exec: {container: {image: i, command: [c]}}}}
components:
  comp-loop:
    inputDefinitions: {parameters: {item: {parameterType: STRING}}}
    dag: {tasks: {task: {componentRef: {name: comp-task}, taskInfo: {name: task}}}}
  comp-task: {executorLabel: exec}
root:
  dag:
    tasks:
      loop:
        componentRef: {name: comp-loop}
        taskInfo: {name: loop}
        parameterIterator: {itemInput: item, items: {raw: '[]'}}
"""


class NoExplanations:
    """Answers for a run in which no node leaves a question."""

    def why_undecided(self, path: TaskPath) -> str | None:
        """Return nothing: no node failed on an expression."""
        return None

    def item_count(self, path: TaskPath) -> int | None:
        """Return nothing: the group says it."""
        return None

    def import_error(self, path: TaskPath) -> str | None:
        """Return nothing: there are no importers."""
        return None

    def is_skipped(self, path: TaskPath) -> bool:
        """Return nothing: there are no conditions."""
        return False


def entries(count: int) -> Iterator[JournalEntry]:
    """Yield what an engine writes of the run."""
    yield EngineStarted(at=AT, process=1)
    outer = ("", "loop", "loop.iteration")
    types = (NodeType.DAG, NodeType.DAG, NodeType.TASK_GROUP)
    holders = tuple(zip(outer, types, ("", "loop", "loop"), (None, "", "loop"), strict=True))
    for name, kind, path, boundary in holders:
        items = count if kind is NodeType.TASK_GROUP else None
        yield change(name, kind, path, boundary, NodePhase.RUNNING, items=items)
    for index in range(count):
        yield change(
            f"loop.iteration({index}:{index})",
            NodeType.DAG,
            f"loop/{index}",
            "loop",
            NodePhase.RUNNING,
        )
    for index in range(count):
        outer_name, path = f"loop.iteration({index}:{index})", f"loop/{index}/task"
        for phase in (NodePhase.RUNNING, NodePhase.SUCCEEDED):
            yield change(f"{outer_name}.task", NodeType.POD, path, outer_name, phase)
        yield change(outer_name, NodeType.DAG, f"loop/{index}", "loop", NodePhase.SUCCEEDED)
    for name, kind, path, boundary in reversed(holders):
        items = count if kind is NodeType.TASK_GROUP else None
        yield change(name, kind, path, boundary, NodePhase.SUCCEEDED, items=items)


def change(
    name: str,
    kind: NodeType,
    path: str,
    boundary: str | None,
    phase: NodePhase,
    *,
    items: int | None = None,
) -> NodeChanged:
    """Return an entry."""
    node = NodeStatus(
        name=name, type=kind, phase=phase, path=TaskPath(path), boundary=boundary, items=items
    )
    is_end = kind is NodeType.POD and phase is NodePhase.SUCCEEDED
    return NodeChanged(at=AT, node=node, attempt=Attempt(id=AttemptId("a")) if is_end else None)


def measure(pipeline: Pipeline, count: int) -> tuple[float, float, float]:
    """Return the seconds of taking the entries, of working out all tasks, of reading the lines."""
    made = list(entries(count))
    lines = [entry_to_json(entry) for entry in made]
    tree = TaskTree(pipeline)
    view = RunView(tree, NodeIndex(), NoExplanations(), exit_tasks=None)
    started = time.perf_counter()
    finished: list[TaskPosition] = []
    for entry in made:
        finished += [tree.at(path) for path in view.take(entry)]
    taken = time.perf_counter() - started
    assert len(finished) == 2 * count + 1
    started = time.perf_counter()
    assert sum(1 for _ in view.tasks()) == 2 * count + 1
    worked_out = time.perf_counter() - started
    started = time.perf_counter()
    for line in lines:
        entry_from_json(json.loads(line))
    return taken, worked_out, time.perf_counter() - started


def main() -> None:
    """Print a line for each size."""
    pipeline = read_pipeline(PIPELINE, file="loop.yaml")
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    measure(pipeline, 100)
    first: float | None = None
    print("tasks    entry     all tasks   line read   entry, relative")
    for size in sizes:
        best = [
            min(each) for each in zip(*(measure(pipeline, size) for _ in range(3)), strict=True)
        ]
        per_entry, all_tasks, per_line = best[0] / (4 * size), best[1], best[2] / (4 * size)
        first = first or per_entry
        print(
            f"{size:<8,} {per_entry * 1e6:5.1f} µs  {all_tasks * 1e3:7.1f} ms  "
            f"{per_line * 1e6:7.1f} µs   {per_entry / first:.2f}"
        )


if __name__ == "__main__":
    main()

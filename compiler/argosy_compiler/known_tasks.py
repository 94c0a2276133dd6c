"""Which tasks of the DAGs of a pipeline are left out, since their results are known.

A caller knows tasks by their paths in a run; a DAG template serves all uses of its component. So a
task of a DAG is left out if it is settled, and ends in the same phase, on each path that leads to
it. A path through a loop leads to any iteration, and no result is that of every iteration: a loop
is left out whole, or its tasks have their pods, in which a driver finds the results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.known import NOTHING_KNOWN, OMITTED, SUCCEEDED, KnownResults, KnownTask
from argosy_schemas.ir.model import Dag, Pipeline, Task, TriggerStrategy
from argosy_schemas.ir.order import order_tasks
from argosy_schemas.names import TaskPath, join_task_path
from argosy_schemas.values import UNSET, JsonValue

DagTaskKey: TypeAlias = tuple[str, str]
"""A DAG component and a task key in it."""

_ANY_ITERATION: Final = "*"
_MOST_PATHS: Final = 1000
"""A DAG with more uses has its pods: a few nested pipelines, each used twice, have a billion."""
_MANY: Final = (TaskPath(_ANY_ITERATION),)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTasks:
    """The tasks that are left out."""

    tasks: Mapping[DagTaskKey, KnownTask] = field(default_factory=dict[DagTaskKey, KnownTask])
    """Each with what it is on all of its paths; ``results`` has the records."""
    results: KnownResults = NOTHING_KNOWN


NO_KNOWN_TASKS: Final = KnownTasks()


def find_known_tasks(pipeline: Pipeline, known: Mapping[TaskPath, KnownTask]) -> KnownTasks:
    """Return the tasks that are left out.

    Args:
        pipeline: The pipeline.
        known: The settled tasks of a run, also those in settled groups.
    """
    paths: dict[str, Sequence[TaskPath]] = {ROOT: (TaskPath(""),)}
    tasks: dict[DagTaskKey, KnownTask] = {}
    left_out: set[TaskPath] = set()
    for name in _order_dags(pipeline):
        dag = _dag(pipeline, name)
        for key in order_tasks(dag):
            task = dag.tasks[key]
            own = [join_task_path(path, key) for path in paths.get(name, ())]
            found = [known[path] for path in own if path in known]
            if _is_omitted(task, [tasks.get((name, upstream)) for upstream in task.dependencies]):
                tasks[name, key] = KnownTask(phase=OMITTED)
                left_out.update(own)
            elif own and len(found) == len(own) and len({one.phase for one in found}) == 1:
                tasks[name, key] = _merge(found)
                left_out.update(own)
            elif own and pipeline.components[task.component].dag is not None:
                inside = own
                if task.iterator is not None:
                    inside = [join_task_path(path, _ANY_ITERATION) for path in own]
                both = (*paths.get(task.component, ()), *inside)
                paths[task.component] = both if len(both) <= _MOST_PATHS else _MANY
    results = KnownResults(tasks=frozenset(left_out))
    records = {
        path: one.record
        for path, one in known.items()
        if one.record is not None and results.covers(path)
    }
    return KnownTasks(tasks=tasks, results=KnownResults(tasks=results.tasks, records=records))


def _is_omitted(task: Task, upstreams: Sequence[KnownTask | None]) -> bool:
    """Return whether a task does not run since one that it requires is known not to succeed.

    What becomes of its other upstreams makes no difference, so it need not be settled itself.
    """
    return task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_SUCCEEDED and any(
        upstream is not None and upstream.phase != SUCCEEDED for upstream in upstreams
    )


def _merge(found: Sequence[KnownTask]) -> KnownTask:
    """Return what a task is on all of its paths; records, and values that differ, are left out."""
    first, *others = found
    parameters: dict[str, JsonValue] = {
        name: value
        for name, value in first.parameters.items()
        if all(other.parameters.get(name, UNSET) == value for other in others)
    }
    lengths = {
        name: length
        for name, length in first.lengths.items()
        if all(other.lengths.get(name) == length for other in others)
    }
    return KnownTask(phase=first.phase, parameters=parameters, lengths=lengths)


def _order_dags(pipeline: Pipeline) -> Iterator[str]:
    """Yield the DAG components that the root reaches, each after all that use it."""
    done: set[str] = set()
    order: list[str] = []
    waiting = [(ROOT, False)]
    while waiting:
        name, is_left = waiting.pop()
        if is_left:
            order.append(name)
        elif name not in done:
            done.add(name)
            waiting.append((name, True))
            waiting += [
                (task.component, False)
                for task in _dag(pipeline, name).tasks.values()
                if pipeline.components[task.component].dag is not None
            ]
    yield from reversed(order)


def _dag(pipeline: Pipeline, name: str) -> Dag:
    dag = (pipeline.root if name == ROOT else pipeline.components[name]).dag
    assert dag is not None, name
    return dag

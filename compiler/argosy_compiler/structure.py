"""The structure of a pipeline, computed once for all passes: which task uses which component.

Tasks whose results are known are no part of what the root reaches, nor is what only they use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from argosy_compiler.known_tasks import NO_KNOWN_TASKS, DagTaskKey, find_known_tasks
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.known import KnownTask
from argosy_schemas.ir.model import (
    CREATE_CLAIM_IMAGE,
    DELETE_CLAIM_IMAGE,
    Component,
    ContainerExecutor,
    Dag,
    ImporterExecutor,
    Pipeline,
    Task,
)
from argosy_schemas.names import TaskPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The DAG components that the root reaches, and where each is used."""

    pipeline: Pipeline
    dags: tuple[str, ...]
    """In the order of a walk from the root, each once; a DAG stands before those that it uses."""
    users: Mapping[str, tuple[tuple[str, Task], ...]]
    """DAG component to the (DAG component, task) pairs that use it; the root has none."""
    known: Mapping[DagTaskKey, KnownTask] = field(default_factory=dict[DagTaskKey, KnownTask])
    """The tasks whose results are known."""

    def component(self, name: str) -> Component:
        """Return a component by name, ``root`` included."""
        return self.pipeline.root if name == ROOT else self.pipeline.components[name]

    def dag(self, name: str) -> Dag:
        """Return the DAG of a component that has one."""
        dag = self.component(name).dag
        assert dag is not None, name
        return dag

    def component_of(self, task: Task) -> Component:
        """Return the component of a task."""
        return self.pipeline.components[task.component]

    def tasks(self) -> Iterator[tuple[str, Task]]:
        """Yield every task of every reachable DAG, with its DAG component."""
        for name in self.dags:
            for task in self.tasks_of(name):
                yield name, task

    def tasks_of(self, dag: str) -> Iterator[Task]:
        """Yield the tasks of a DAG whose results are not known, importers among them."""
        for task in self.dag(dag).tasks.values():
            if (dag, task.key) not in self.known:
                yield task

    def tasks_with_nodes(self, dag: str) -> Iterator[Task]:
        """Yield the tasks of a DAG that become tasks of the workflow."""
        for task in self.tasks_of(dag):
            if not self.is_importer(task):
                yield task

    def is_importer(self, task: Task) -> bool:
        """Return whether the task registers an artifact, and so needs no pod."""
        return isinstance(self.component_of(task).executor, ImporterExecutor)

    def claim_action(self, task: Task) -> str | None:
        """Return ``create`` or ``delete`` for a task that does so to a volume claim."""
        executor = self.component_of(task).executor
        if not isinstance(executor, ContainerExecutor):
            return None
        return {CREATE_CLAIM_IMAGE: "create", DELETE_CLAIM_IMAGE: "delete"}.get(executor.image)


def read_structure(
    pipeline: Pipeline, known: Mapping[TaskPath, KnownTask] | None = None
) -> Structure:
    """Return the structure of a pipeline without recursion, which the reader has refused.

    Args:
        pipeline: The pipeline.
        known: The settled tasks of a run of it, also those in groups that are settled. A task of a
            DAG that is used several times has to be settled in each use, else it has its pod.
    """
    found = find_known_tasks(pipeline, known) if known else NO_KNOWN_TASKS
    users: dict[str, list[tuple[str, Task]]] = {ROOT: []}
    order: list[str] = []
    waiting = [ROOT]
    while waiting:
        name = waiting.pop(0)
        order.append(name)
        component = pipeline.root if name == ROOT else pipeline.components[name]
        if component.dag is None:
            continue
        for task in component.dag.tasks.values():
            if pipeline.components[task.component].dag is None or (name, task.key) in found.tasks:
                continue
            if task.component not in users:
                users[task.component] = []
                waiting.append(task.component)
            users[task.component].append((name, task))
    results = replace(found.results, outdated=pipeline.known.outdated)
    return Structure(
        pipeline=replace(pipeline, known=results),
        dags=tuple(order),
        users={name: tuple(uses) for name, uses in users.items()},
        known=found.tasks,
    )


def locate_task(dag: str, task: str) -> str:
    """Return where a task stands in the document, e.g. ``root.dag.tasks.train``."""
    return f"{locate_dag(dag)}.tasks.{task}"


def locate_dag(dag: str) -> str:
    """Return where a DAG stands in the document, e.g. ``components.comp-train.dag``."""
    return f"{dag if dag == ROOT else f'components.{dag}'}.dag"

"""Which Argo task waits for which: the IR's dependencies without importers."""

from __future__ import annotations

from collections.abc import Mapping

from argosy_compiler.structure import Structure
from argosy_schemas.ir import TriggerStrategy


def dependencies(structure: Structure, dag: str) -> Mapping[str, tuple[str, ...]]:
    """Return task key to the siblings that it waits for, sorted.

    An importer has no pod, and whoever reads its artifact computes it: a dependency on it is
    replaced by its own.
    """
    tasks = structure.dag(dag).tasks
    resolved: dict[str, tuple[str, ...]] = {}

    def of(key: str) -> tuple[str, ...]:
        # Iterative would be longer; importers in a chain are few.
        if key not in resolved:
            found: set[str] = set()
            for upstream in tasks[key].dependencies:
                if structure.is_importer(tasks[upstream]):
                    found.update(of(upstream))
                else:
                    found.add(upstream)
            resolved[key] = tuple(sorted(found))
        return resolved[key]

    return {key: of(key) for key in tasks}


def targets(structure: Structure, dag: str) -> tuple[str, ...]:
    """Return the tasks whose failure must fail the DAG, where that has to be said; else nothing.

    Argo fails a DAG by its targets, which are its leaves unless named. A task that runs whatever
    became of another would hide the other's failure, so that one is named beside the leaves.
    """
    tasks = {
        key: task
        for key, task in structure.dag(dag).tasks.items()
        if not structure.is_importer(task)
    }
    waits = dependencies(structure, dag)
    followed = {
        upstream
        for key, task in tasks.items()
        if task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED
        for upstream in waits[key]
    }
    if not followed:
        return ()
    inner = {upstream for key in tasks for upstream in waits[key]}
    leaves = tasks.keys() - inner
    return tuple(sorted(leaves | followed))

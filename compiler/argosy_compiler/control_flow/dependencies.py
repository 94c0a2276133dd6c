"""Dependencies between Argo tasks: those of the IR without importers and known tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy_compiler.structure import Structure
from argosy_schemas.ir.model import TriggerStrategy


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDependencies:
    """The siblings that a task waits for, sorted; no task is in both."""

    requires: tuple[str, ...] = ()
    """Those that must have succeeded."""
    follows: tuple[str, ...] = ()
    """Those that must have ended, in success or not."""
    known: Mapping[str, str] = field(default_factory=dict[str, str])
    """Siblings without a pod whose result is known, to the phase of each."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted((*self.requires, *self.follows)))


def resolve_dependencies(structure: Structure, dag: str) -> Mapping[str, TaskDependencies]:
    """Return task key to what it waits for.

    An importer has no pod, since whoever reads its artifact computes it, and neither has a task
    whose result is known. Its own dependencies replace a dependency on it. So a task may require
    one task and follow another, if an importer that runs in any case stands between.
    """
    tasks = structure.dag(dag).tasks
    resolved: dict[str, TaskDependencies] = {}

    def of(key: str) -> TaskDependencies:
        # Iterative would be longer; importers in a chain are few.
        if key not in resolved:
            required, followed, known = set[str](), set[str](), dict[str, str]()
            for upstream in tasks[key].dependencies:
                result = structure.known.get((dag, upstream))
                if result is not None or structure.is_importer(tasks[upstream]):
                    required.update(of(upstream).requires)
                    followed.update(of(upstream).follows)
                if result is not None:
                    known[upstream] = result.phase
                elif structure.is_importer(tasks[upstream]):
                    known.update(of(upstream).known)
                else:
                    required.add(upstream)
            if tasks[key].strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED:
                followed |= required
                required = set[str]()
            resolved[key] = TaskDependencies(
                requires=tuple(sorted(required)),
                follows=tuple(sorted(followed - required)),
                known=known,
            )
        return resolved[key]

    return {key: of(key) for key in tasks}


def find_targets(structure: Structure, dag: str) -> tuple[str, ...]:
    """Return the tasks whose failure must fail the DAG; empty where Argo's default is right.

    Argo fails a DAG by its targets, which are its leaves unless named. A task that follows another
    whatever became of it would hide the failure of the other, so the other is named as well.
    """
    tasks = {task.key: task for task in structure.tasks_with_nodes(dag)}
    waits = resolve_dependencies(structure, dag)
    followed = {upstream for key in tasks for upstream in waits[key].follows}
    if not followed:
        return ()
    inner = {upstream for key in tasks for upstream in waits[key].tasks}
    leaves = tasks.keys() - inner
    return tuple(sorted(leaves | followed))

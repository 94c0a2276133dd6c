"""References to outputs of tasks that may not have any.

What a reference to a skipped, omitted or failed task means differs from version to version: the
literal text of the tag (to 3.7.10), waiting forever (3.7.11 to 3.7.15, 4.0.2 to 4.0.6), the
declared default, or an error. So a task may read outputs only of those that its ``depends`` forces
to have succeeded, directly or through one of them. From 3.7.16 on a test of the status is
not enough: Argo waits forever for outputs that a failed task does not have, before it evaluates
anything. It looks for chains of names only, so ``[tasks['a']][0].outputs`` after a test is safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from argosy_compiler.linting.dags import read_depends
from argosy_compiler.linting.subject import Subject, Template, WorkflowTask, walk_strings
from argosy_compiler.linting.tags import read_paths
from argosy_compiler.transitive_closure import compute_transitive_closure
from argosy_expressions.argo import Depends
from argosy_schemas.errors import Problem

_RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted")


def check_outcomes(subject: Subject) -> Iterator[Problem]:
    """Yield references to outputs of tasks that need not have succeeded."""
    for template in subject.templates:
        yield from _check_dag(template, may_ask=not subject.is_at_least(3, 7))


def _check_dag(template: Template, *, may_ask: bool) -> Iterator[Problem]:
    tasks = template.tasks
    bits = {task.name: 1 << number for number, task in enumerate(tasks)}
    others = {task.name: _list_failures(task) for task in tasks}
    forced = compute_transitive_closure(
        {task.name: _find_forced_tasks(task, others) for task in tasks}
    )
    for task in tasks:
        for field in ("arguments", "when", "withSequence"):
            for path, string in walk_strings(task.json.get(field), f"{task.path}.{field}"):
                paths = read_paths(string)
                for name in sorted({one for path in paths if (one := _find_read_task(path))}):
                    is_asked = f"tasks.{name}.status" in paths
                    if name not in bits or forced[task.name] & bits[name]:
                        continue
                    if not is_asked:
                        yield Problem(
                            path=path,
                            message=f"reads outputs of '{name}', which 'depends' does not force to"
                            f" have succeeded; depend on '{name}.Succeeded'",
                        )
                    elif not may_ask:
                        yield Problem(
                            path=path,
                            message=f"waits forever if '{name}' ends without outputs, though it"
                            f" asks for the status; write [tasks['{name}']][0].outputs",
                        )


def _find_read_task(path: str) -> str | None:
    """Return the task whose outputs a path reads."""
    root, *rest = path.split(".")
    return rest[0] if root == "tasks" and len(rest) > 1 and rest[1] == "outputs" else None


def _list_failures(task: WorkflowTask) -> frozenset[str]:
    """Return the results other than success that a task can have."""
    may_be_skipped = "when" in task.json or task.fans_out
    return frozenset({"Failed", "Errored", "Omitted"} | ({"Skipped"} if may_be_skipped else set()))


def _find_forced_tasks(task: WorkflowTask, others: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return the tasks without whose success this one does not run.

    Args:
        task: This one.
        others: Task to the results other than success that it can have.
    """
    condition = read_depends(task)
    if not isinstance(condition, Depends):
        return ()
    return tuple(name for name in condition.tasks if _is_forced(condition, name, others))


def _is_forced(condition: Depends, name: str, others: Mapping[str, frozenset[str]]) -> bool:
    """Return whether ``condition`` is false whenever ``name`` did not succeed.

    ``depends`` need not be monotone: each other result of ``name`` is tried while the other tasks
    have every result at once.
    """
    best = {one: frozenset(_RESULTS) for one in condition.tasks}
    return not any(
        condition.holds({**best, name: frozenset({result})})
        for result in others.get(name, frozenset())
    )

"""DAG templates: dependencies, targets, fan-outs.

Sources: ``workflow/validate/validate.go``, ``workflow/common/ancestry.go``, the CEL rules of the
4.x CRDs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from argosy_compiler.linting.subject import (
    Subject,
    Template,
    WorkflowTask,
    get_object,
    get_text,
)
from argosy_expressions.argo import Depends, parse_depends
from argosy_expressions.errors import ExpressionSyntaxError
from argosy_schemas.cycles import find_cycle
from argosy_schemas.errors import Problem
from argosy_schemas.findings import suggest_name


def check_dags(subject: Subject) -> Iterator[Problem]:
    """Yield DAGs whose tasks cannot be put in order."""
    for template in subject.templates:
        if "dag" not in template.json:
            continue
        tasks = template.tasks
        if not tasks:
            yield Problem(path=f"{template.path}.dag.tasks", message="is empty; add a task")
            continue
        parsed: dict[str, Depends] = {}
        for task in tasks:
            read = read_depends(task)
            if isinstance(read, Problem):
                yield read
            elif read is not None:
                parsed[task.name] = read
            if read is not None and task.name[:1].isdigit():
                yield Problem(
                    path=task.path,
                    message=f"'{task.name}' begins with a digit and has 'depends'; rename it",
                )
        names = {task.name: task for task in tasks}
        yield from _check_task_names(template, parsed, names)
        yield from _check_cycle(template, parsed)


def read_depends(task: WorkflowTask) -> Depends | Problem | None:
    """Return what a task waits for, or why that cannot be read; ``None``: nothing."""
    expression = get_text(task.json, "depends")
    if not expression:
        return None
    try:
        return parse_depends(expression)
    except ExpressionSyntaxError as error:
        return Problem(path=f"{task.path}.depends", message=str(error))


def _check_task_names(
    template: Template, parsed: Mapping[str, Depends], tasks: Mapping[str, WorkflowTask]
) -> Iterator[Problem]:
    for name, condition in parsed.items():
        for above in condition.tasks:
            if above not in tasks:
                yield Problem(
                    path=f"{tasks[name].path}.depends", message=_explain_missing_task(above, tasks)
                )
    for target in get_text(get_object(template.json, "dag"), "target").split():
        if target not in tasks and "{{" not in target:
            yield Problem(
                path=f"{template.path}.dag.target",
                message=_explain_missing_task(target, tasks),
            )


def _explain_missing_task(name: str, tasks: Mapping[str, WorkflowTask]) -> str:
    todo = suggest_name(name, tasks, otherwise="name one of its tasks")
    return f"there is no task '{name}' in the DAG; {todo}"


def _check_cycle(template: Template, parsed: Mapping[str, Depends]) -> Iterator[Problem]:
    cycle = find_cycle({name: condition.tasks for name, condition in parsed.items()})
    if cycle:
        names = " -> ".join(f"'{name}'" for name in cycle)
        yield Problem(
            path=f"{template.path}.dag.tasks",
            message=f"{names} wait for each other; remove one dependency",
        )

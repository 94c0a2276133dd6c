"""Which results of a run no longer count when a task of it is asked to run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from argosy_schemas.errors import InvalidArgumentError, UnknownTaskError
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.order import order_tasks
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import AttemptId, TaskPath, join_task_path
from argosy_store.run_records import RunRecords


def find_outdated(
    pipeline: Pipeline, records: RunRecords, tasks: Sequence[str]
) -> Mapping[TaskPath, AttemptId]:
    """Return the success records that do not count when tasks run again: path to attempt.

    They are those of the tasks, of all that is in them, and of all that follows them. What did not
    count before still does not. A record stays where it is until there is a new one.

    Args:
        pipeline: Of the run.
        records: Of the run, with what its pipeline knows.
        tasks: The paths of the tasks.

    Raises:
        InvalidArgumentError: The pipeline has no such task.
        StoreError: A record cannot be read.
    """
    outdated = dict(pipeline.known.outdated)
    if not tasks:
        return outdated
    again = {path for task in tasks for path in _list_affected(TaskTree(pipeline), task)}
    for path in sorted(records.find_traces(TaskPath("")).succeeded):
        parts = path.split("/")
        if again.isdisjoint("/".join(parts[:end]) for end in range(1, len(parts) + 1)):
            continue
        reference = pipeline.known.records.get(path)
        if reference is not None:
            outdated[path] = reference.attempt_id
        elif (record := records.read_success(path)) is not None:
            outdated[path] = record.attempt_id
    return outdated


def _list_affected(tree: TaskTree, task: str) -> Iterator[TaskPath]:
    """Yield a task and what follows it, in its DAG and in those around it."""
    try:
        position = tree.at(TaskPath(task.strip("/") or "/"))
    except UnknownTaskError as error:
        raise InvalidArgumentError(
            f"the run has no task '{task}'; 'argosy get RUN' shows the paths of its tasks"
        ) from error
    yield position.path
    each: TaskPosition | None = position
    while each is not None:
        yield from _list_followers(each)
        each = each.loop or each.parent


def _list_followers(position: TaskPosition) -> Iterator[TaskPath]:
    """Yield the tasks of the same DAG that come after one; an iteration has none."""
    parent, task = position.parent, position.task
    if position.loop is not None or parent is None or task is None or parent.component.dag is None:
        return
    dag = parent.component.dag
    after = {task.key}
    for key in order_tasks(dag):
        if key not in after and not after.isdisjoint(dag.tasks[key].dependencies):
            after.add(key)
            yield join_task_path(parent.path, key)

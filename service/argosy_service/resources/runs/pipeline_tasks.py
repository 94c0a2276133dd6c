"""Tasks as methods of their own return them, with what they read and wrote."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from google.protobuf import json_format
from google.rpc.status_pb2 import Status  # pyright: ignore[reportMissingTypeStubs] # it has none
from sqlalchemy import ColumnElement, Connection, Row, case, select

from argosy_schemas.ir.task_kind import TaskKind
from argosy_service.database.listing import Field, FieldKind, ListedTable
from argosy_service.database.paging import list_page
from argosy_service.database.tables import ARTIFACT_LINKS, TASKS
from argosy_service.errors import Code, NotFoundError
from argosy_service.protos.artifact_pb2 import Artifact
from argosy_service.protos.run_pb2 import (
    GetTaskRequest,
    ListTasksRequest,
    ListTasksResponse,
    PipelineTask,
)
from argosy_service.resources.artifacts import load_artifacts, load_links, make_producer
from argosy_service.resources.context import Context
from argosy_service.resources.fields import make_timestamp
from argosy_service.resources.runs.run_rows import find_run_row

_C: Final = TASKS.c
_OUTPUT: Final = "OUTPUT"

_STATES: Final[Mapping[str, str]] = {
    "RUNNING": "RUNNING",
    "SUCCEEDED": "SUCCEEDED",
    "SKIPPED": "SKIPPED",
    "FAILED": "FAILED",
    "CANCELED": "FAILED",
}
"""Of rows to those of tasks; all others are not specified."""

_NO_STATE: Final = "RUNTIME_STATE_UNSPECIFIED"

_LISTED: Final = ListedTable(
    table=TASKS,
    fields={
        "id": Field(column=_C.id),
        "task_id": Field(column=_C.id),
        "run_id": Field(column=_C.run_id),
        "parent_task_id": Field(column=_C.parent_id),
        "name": Field(column=_C.name, kind=FieldKind.NAME, key=_C.name_key),
        "display_name": Field(column=_C.display_name),
        "scope_path": Field(column=_C.path),
        "state": Field(
            column=case(
                (_C.is_cached, "CACHED"),
                *((_C.state == state, shown) for state, shown in _STATES.items()),
                else_=_NO_STATE,
            )
        ),
        "created_at": Field(column=_C.created_at, kind=FieldKind.TIME),
        "create_time": Field(column=_C.created_at, kind=FieldKind.TIME),
        "end_time": Field(column=_C.finished_at, kind=FieldKind.TIME),
        "position": Field(column=_C.position, kind=FieldKind.NUMBER),
    },
    default_sort="position",
)

_GROUPS: Final = (
    (re.compile(r"condition-branches-\d+"), "CONDITION_BRANCH"),
    (re.compile(r"condition-\d+"), "CONDITION"),
    (re.compile(r"exit-handler-\d+"), "EXIT_HANDLER"),
)
"""Names that the SDK gives to groups, and what these are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _TaskPage:
    """A request for tasks in the words of the other lists."""

    page_token: str
    page_size: int
    sort_by: str
    filter: str


def get_task(context: Context, request: GetTaskRequest) -> PipelineTask:
    """Return a task of a run.

    Raises:
        NotFoundError: There is no such run or task.
    """
    with context.database.read() as connection:
        find_run_row(connection, request.run_id)
        query = select(TASKS).where(_C.run_id == request.run_id, _C.id == request.task_id)
        row = connection.execute(query).first()
        if row is None:
            raise NotFoundError(
                f"run '{request.run_id}' has no task '{request.task_id}' so far; list its tasks "
                "for their ids"
            )
        return _make_tasks(connection, [row], ARTIFACT_LINKS.c.task_id == row.id)[0]


def list_tasks(context: Context, request: ListTasksRequest) -> ListTasksResponse:
    """Return a page of the tasks of a run, in the order of their paths unless told otherwise.

    Raises:
        NotFoundError: There is no such run.
        InvalidRequestError: Token, size, order or filter are wrong.
    """
    conditions: list[ColumnElement[bool]] = [_C.run_id == request.run_id]
    if request.parent_id:
        conditions.append(_C.parent_id == request.parent_id)
    asked = _TaskPage(
        page_token=request.page_token,
        page_size=request.page_size,
        sort_by=request.order_by,
        filter=request.filter,
    )
    with context.database.read() as connection:
        find_run_row(connection, request.run_id)
        page = list_page(connection, _LISTED, asked, conditions=conditions)
        ids = [row.id for row in page.rows]
        tasks = _make_tasks(connection, page.rows, ARTIFACT_LINKS.c.task_id.in_(ids))
    return ListTasksResponse(
        tasks=tasks, total_size=page.total_size, next_page_token=page.next_page_token
    )


def load_tasks(
    connection: Connection, run_ids: Sequence[str]
) -> Mapping[str, Sequence[PipelineTask]]:
    """Return all tasks of some runs, by the ids of these."""
    query = select(TASKS).where(_C.run_id.in_(run_ids)).order_by(_C.run_id, _C.position)
    rows = connection.execute(query).all()
    tasks = _make_tasks(connection, rows, ARTIFACT_LINKS.c.run_id.in_(run_ids))
    return {run_id: list(each) for run_id, each in groupby(tasks, key=lambda task: task.run_id)}


def _make_tasks(
    connection: Connection, rows: Sequence[Row[Any]], of_rows: ColumnElement[bool]
) -> list[PipelineTask]:
    """Return the messages of tasks; ``of_rows`` holds for their links to artifacts."""
    if not rows:
        return []
    links = load_links(connection, of_rows)
    artifacts = load_artifacts(connection, of_rows)
    children = _load_children(connection, rows)
    return [
        _make_task(row, links.get(row.id, ()), artifacts, children.get(row.id, ())) for row in rows
    ]


def _load_children(
    connection: Connection, rows: Sequence[Row[Any]]
) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return ids and names of the tasks in others, by the ids of these."""
    groups = [row.id for row in rows if row.kind not in ("container", "importer")]
    if not groups:
        return {}
    runs = {row.run_id for row in rows}
    query = (
        select(_C.parent_id, _C.id, _C.name)
        .where(_C.run_id.in_(runs), _C.parent_id.in_(groups))
        .order_by(_C.position)
    )
    found = defaultdict[str, list[tuple[str, str]]](list)
    for parent, task_id, name in connection.execute(query):
        found[parent].append((task_id, name))
    return found


def _make_task(
    row: Row[Any],
    links: Sequence[Row[Any]],
    artifacts: Mapping[str, Artifact],
    children: Sequence[tuple[str, str]],
) -> PipelineTask:
    used = [each for each in links if each.type != _OUTPUT]
    made = [each for each in links if each.type == _OUTPUT]
    message = PipelineTask(
        name=row.name,
        display_name=row.display_name,
        task_id=row.id,
        run_id=row.run_id,
        create_time=make_timestamp(row.created_at),
        state="CACHED" if row.is_cached else _STATES.get(row.state, _NO_STATE),
        state_history=_make_history(row),
        type=_get_type(row, children),
        child_tasks=[
            PipelineTask.ChildTask(task_id=task_id, name=name) for task_id, name in children
        ],
        inputs=_make_values(row.inputs, used, artifacts),
        outputs=_make_values(row.outputs, made, artifacts),
        scope_path=row.path,
    )
    if row.finished_at:
        message.end_time.CopyFrom(make_timestamp(row.finished_at))
    if row.pod_name:
        message.pods.add(name=row.pod_name, type="EXECUTOR")
    if row.parent_id:
        message.parent_task_id = row.parent_id
    if row.error:
        message.status_metadata.message = row.error
    if row.kind == TaskKind.ITERATION:
        message.type_attributes.iteration_index = int(row.name)
    if row.kind == TaskKind.LOOP:
        message.type_attributes.iteration_count = len(children)
    return message


def _make_history(row: Row[Any]) -> list[PipelineTask.TaskStatus]:
    lines = [
        PipelineTask.TaskStatus(
            update_time=make_timestamp(line["at"]), state=_STATES.get(line["state"], _NO_STATE)
        )
        for line in json.loads(row.state_history or "[]")
    ]
    if lines and row.is_cached:
        lines[-1].state = PipelineTask.CACHED
    if lines and row.error:
        lines[-1].error.CopyFrom(Status(code=Code.ABORTED, message=row.error))
    return lines


def _get_type(row: Row[Any], children: Sequence[object]) -> str:
    match row.kind:
        case TaskKind.IMPORTER:
            return "IMPORTER"
        case TaskKind.LOOP:
            return "LOOP"
        case TaskKind.DAG:
            found = (kind for pattern, kind in _GROUPS if pattern.fullmatch(row.name))
            return next(found, "DAG")
        case TaskKind.ITERATION if children:
            return "DAG"
        case _:
            return "RUNTIME"


def _make_values(
    parameters: str, links: Sequence[Row[Any]], artifacts: Mapping[str, Artifact]
) -> PipelineTask.InputOutputs:
    message = PipelineTask.InputOutputs()
    given: Mapping[str, Any] = json.loads(parameters or "{}")
    for name, entry in sorted(given.items()):
        parameter = message.parameters.add(
            parameter_key=name, type=entry["type"], producer=make_producer(entry.get("task", ""))
        )
        if "value" in entry:
            json_format.ParseDict(entry["value"], parameter.value)
    for key, each in groupby(links, key=lambda link: link.key):
        held = list(each)
        message.artifacts.add(
            artifacts=[artifacts[link.artifact_id] for link in held],
            type=held[0].type,
            artifact_key=key,
            producer=make_producer(held[0].producer),
        )
    return message

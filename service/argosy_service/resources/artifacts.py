"""Artifacts: what they are, which task made each, and which tasks used it.

They are written by :mod:`argosy_service.background`, from the records of runs; clients read them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf import json_format
from sqlalchemy import ColumnElement, Connection, Row, select

from argosy_service.database.listing import Field, FieldKind, ListedTable
from argosy_service.database.paging import list_page
from argosy_service.database.tables import ARTIFACT_LINKS, ARTIFACTS
from argosy_service.errors import NotFoundError
from argosy_service.protos.artifact_pb2 import (
    Artifact,
    ArtifactTask,
    GetArtifactRequest,
    IOProducer,
    IOType,
    ListArtifactRequest,
    ListArtifactResponse,
    ListArtifactTasksRequest,
    ListArtifactTasksResponse,
)
from argosy_service.resources.context import Context
from argosy_service.resources.fields import make_timestamp

_A: Final = ARTIFACTS.c
_L: Final = ARTIFACT_LINKS.c
_LISTED: Final = ListedTable(
    table=ARTIFACTS,
    fields={
        "id": Field(column=_A.id),
        "artifact_id": Field(column=_A.id),
        "name": Field(column=_A.name, kind=FieldKind.NAME, key=_A.name_key),
        "type": Field(column=_A.type),
        "uri": Field(column=_A.uri),
        "namespace": Field(column=_A.namespace),
        "created_at": Field(column=_A.created_at, kind=FieldKind.TIME),
    },
)

_LISTED_LINKS: Final = ListedTable(
    table=ARTIFACT_LINKS,
    fields={
        "id": Field(column=_L.id),
        "artifact_id": Field(column=_L.artifact_id),
        "run_id": Field(column=_L.run_id),
        "task_id": Field(column=_L.task_id),
        "type": Field(column=_L.type),
        "key": Field(column=_L.key),
        "created_at": Field(column=_L.created_at, kind=FieldKind.TIME),
    },
)


def get_artifact(context: Context, request: GetArtifactRequest) -> Artifact:
    """Return an artifact.

    Raises:
        NotFoundError: There is no such artifact.
    """
    with context.database.read() as connection:
        return make_artifact(find_artifact(connection, request.artifact_id))


def find_artifact(connection: Connection, artifact_id: str) -> Row[Any]:
    """Return the row of an artifact.

    Raises:
        NotFoundError: There is no such artifact.
    """
    row = connection.execute(select(ARTIFACTS).where(_A.id == artifact_id)).first()
    if row is None:
        raise NotFoundError(
            f"there is no artifact '{artifact_id}'; list the artifacts for their ids"
        )
    return row


def list_artifacts(context: Context, request: ListArtifactRequest) -> ListArtifactResponse:
    """Return a page of the artifacts.

    Raises:
        InvalidRequestError: Token, size, order or filter are wrong.
    """
    conditions = [_A.namespace == request.namespace] if request.namespace else []
    with context.database.read() as connection:
        page = list_page(connection, _LISTED, request, conditions=conditions)
    return ListArtifactResponse(
        artifacts=[make_artifact(row) for row in page.rows],
        total_size=page.total_size,
        next_page_token=page.next_page_token,
    )


def list_artifact_tasks(
    context: Context, request: ListArtifactTasksRequest
) -> ListArtifactTasksResponse:
    """Return a page of what tasks made and used: of some tasks, runs or artifacts, or of all.

    Raises:
        InvalidRequestError: Token, size, order or filter are wrong.
    """
    named: Sequence[tuple[ColumnElement[Any], Sequence[str]]] = (
        (_L.task_id, request.task_ids),
        (_L.run_id, request.run_ids),
        (_L.artifact_id, request.artifact_ids),
    )
    conditions: list[ColumnElement[bool]] = [column.in_(list(ids)) for column, ids in named if ids]
    if request.type:
        conditions.append(_L.type == IOType.Name(request.type))
    with context.database.read() as connection:
        page = list_page(connection, _LISTED_LINKS, request, conditions=conditions)
    return ListArtifactTasksResponse(
        artifact_tasks=[_make_artifact_task(row) for row in page.rows],
        total_size=page.total_size,
        next_page_token=page.next_page_token,
    )


def load_links(
    connection: Connection, condition: ColumnElement[bool]
) -> Mapping[str, Sequence[Row[Any]]]:
    """Return what tasks made and used, by the ids of tasks; in the order of keys and lists."""
    query = select(ARTIFACT_LINKS).where(condition).order_by(_L.task_id, _L.key, _L.position)
    found = defaultdict[str, list[Row[Any]]](list)
    for row in connection.execute(query):
        found[row.task_id].append(row)
    return found


def load_artifacts(
    connection: Connection, condition: ColumnElement[bool]
) -> Mapping[str, Artifact]:
    """Return the artifacts of the links that meet a condition, by id."""
    ids = select(_L.artifact_id).where(condition)
    found = connection.execute(select(ARTIFACTS).where(_A.id.in_(ids)))
    return {row.id: make_artifact(row) for row in found}


def make_artifact(row: Row[Any]) -> Artifact:
    """Return the message of an artifact."""
    message = Artifact(
        artifact_id=row.id,
        name=row.name,
        type=row.type,
        uri=row.uri,
        created_at=make_timestamp(row.created_at),
        namespace=row.namespace,
    )
    metadata = json.loads(row.metadata or "{}")
    json_format.ParseDict({"metadata": metadata}, message)
    return message


def make_producer(task: str) -> IOProducer | None:
    """Return the message that names the task that something comes from; ``None``: no task."""
    return IOProducer(task_name=task) if task else None


def _make_artifact_task(row: Row[Any]) -> ArtifactTask:
    return ArtifactTask(
        id=row.id,
        artifact_id=row.artifact_id,
        run_id=row.run_id,
        task_id=row.task_id,
        type=row.type,
        producer=make_producer(row.producer),
        key=row.key,
    )

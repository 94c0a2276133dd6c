"""Pipelines: names under which versions are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from argosy_service.database.listing import Field, FieldKind, ListedTable
from argosy_service.database.paging import list_page
from argosy_service.database.tables import PIPELINE_VERSIONS, PIPELINES, TAGS
from argosy_service.errors import AlreadyExistsError, InvalidRequestError, NotFoundError
from argosy_service.protos.pipeline_pb2 import (
    CreatePipelineAndVersionRequest,
    CreatePipelineRequest,
    DeletePipelineRequest,
    GetPipelineByNameRequest,
    GetPipelineRequest,
    ListPipelinesRequest,
    ListPipelinesResponse,
    Pipeline,
    UpdatePipelineRequest,
)
from argosy_service.resources.context import Call, Context, make_id
from argosy_service.resources.fields import check_name, check_namespace, make_timestamp
from argosy_service.resources.pipelines.tags import limit_tags, load_tags, replace_tags
from argosy_service.resources.pipelines.updating import update_name_and_tags
from argosy_service.resources.pipelines.versions import NewVersion, fetch_spec, insert_version
from argosy_service.resources.specs.specs import Spec

_MAX_NAME_BYTES: Final = 128
_C: Final = PIPELINES.c
_LISTED: Final = ListedTable(
    table=PIPELINES,
    fields={
        "id": Field(column=_C.id),
        "pipeline_id": Field(column=_C.id),
        "name": Field(column=_C.name, kind=FieldKind.NAME, key=_C.name_key),
        "display_name": Field(column=_C.display_name, kind=FieldKind.NAME, key=_C.display_name_key),
        "created_at": Field(column=_C.created_at, kind=FieldKind.TIME),
        "description": Field(column=_C.description),
        "namespace": Field(column=_C.namespace),
    },
    has_tags=True,
)


def create_pipeline(context: Context, request: CreatePipelineRequest) -> Pipeline:
    """Create a pipeline without versions.

    Raises:
        InvalidRequestError: The name or a tag is wrong.
        AlreadyExistsError: Another one has the name.
    """
    given = request.pipeline
    with context.database.write() as connection:
        pipeline_id = _insert(context, connection, given, given.tags, context.now())
        return _load(connection, pipeline_id)


def create_pipeline_and_version(
    context: Context, request: CreatePipelineAndVersionRequest
) -> Pipeline:
    """Create a pipeline with a version from a URL, which gets the names of the pipeline.

    Raises:
        InvalidRequestError: A name, a tag, the URL or the spec behind it is wrong.
        AlreadyExistsError: Another pipeline has the name.
    """
    version = request.pipeline_version
    spec = fetch_spec(context, version.package_url.pipeline_url)
    return create_pipeline_with_spec(
        context,
        request.pipeline,
        spec,
        version_tags=version.tags,
        package_url=version.package_url.pipeline_url,
    )


def create_pipeline_with_spec(
    context: Context,
    given: Pipeline,
    spec: Spec,
    *,
    version_tags: Mapping[str, str],
    package_url: str = "",
    code_source_url: str = "",
) -> Pipeline:
    """Create a pipeline with a version that has its names.

    Raises:
        InvalidRequestError: The name or a tag is wrong.
        AlreadyExistsError: Another one has the name.
    """
    with context.database.write() as connection:
        now = context.now()
        pipeline_id = _insert(context, connection, given, given.tags, now)
        row = find_pipeline(connection, pipeline_id)
        version = NewVersion(
            pipeline_id=pipeline_id,
            name=row.name,
            display_name=row.display_name,
            description=row.description,
            tags=limit_tags(version_tags),
            package_url=package_url,
            code_source_url=code_source_url,
        )
        insert_version(connection, version, spec, now)
        return _load(connection, pipeline_id)


def get_pipeline(context: Context, request: GetPipelineRequest) -> Pipeline:
    """Return a pipeline.

    Raises:
        NotFoundError: There is no such pipeline.
    """
    with context.database.read() as connection:
        return _load(connection, request.pipeline_id)


def get_pipeline_by_name(context: Context, request: GetPipelineByNameRequest) -> Pipeline:
    """Return the pipeline of a name, which is not its display name.

    Raises:
        NotFoundError: There is no such pipeline.
    """
    with context.database.read() as connection:
        query = select(_C.id).where(_C.name == request.name)
        if context.access.is_multi_user:
            query = query.where(_C.namespace == request.namespace)
        found = connection.execute(query).scalar()
        if found is None:
            raise NotFoundError(
                f"there is no pipeline named '{request.name}'; list the pipelines for their names"
            )
        return _load(connection, found)


def list_pipelines(context: Context, request: ListPipelinesRequest) -> ListPipelinesResponse:
    """Return a page of the pipelines.

    Raises:
        InvalidRequestError: Token, size, order or filter are wrong.
    """
    conditions = [_C.namespace == request.namespace] if context.access.is_multi_user else []
    with context.database.read() as connection:
        page = list_page(connection, _LISTED, request, conditions=conditions)
        tags = load_tags(connection, (row.id for row in page.rows))
    return ListPipelinesResponse(
        pipelines=[_to_message(row, tags.get(row.id, {})) for row in page.rows],
        total_size=page.total_size,
        next_page_token=page.next_page_token,
    )


def update_pipeline(context: Context, request: UpdatePipelineRequest, call: Call) -> Pipeline:
    """Change display name and tags of a pipeline; what is absent stays.

    Raises:
        InvalidRequestError: A tag is wrong.
        NotFoundError: There is no such pipeline.
    """
    given = request.pipeline
    with context.database.write() as connection:
        row = find_pipeline(connection, given.pipeline_id)
        update_name_and_tags(connection, PIPELINES, row.id, given, call, max_bytes=_MAX_NAME_BYTES)
        return _load(connection, row.id)


def delete_pipeline(context: Context, request: DeletePipelineRequest) -> Empty:
    """Delete a pipeline, with its versions only where ``cascade`` is set.

    Raises:
        InvalidRequestError: It has versions.
        NotFoundError: There is no such pipeline.
    """
    with context.database.write() as connection:
        row = find_pipeline(connection, request.pipeline_id)
        of_pipeline = PIPELINE_VERSIONS.c.pipeline_id == row.id
        versions = select(PIPELINE_VERSIONS.c.id).where(of_pipeline)
        if not request.cascade and connection.execute(versions.limit(1)).first() is not None:
            raise InvalidRequestError(
                f"pipeline '{row.name}' has versions; delete them first, or give cascade=true"
            )
        connection.execute(delete(TAGS).where(TAGS.c.owner_id.in_(versions)))
        connection.execute(delete(PIPELINE_VERSIONS).where(of_pipeline))
        connection.execute(delete(TAGS).where(TAGS.c.owner_id == row.id))
        connection.execute(delete(PIPELINES).where(_C.id == row.id))
    return Empty()


def _insert(
    context: Context, connection: Connection, given: Pipeline, tags: Mapping[str, str], now: int
) -> str:
    name = check_name(given.name or given.display_name, member="name", max_bytes=_MAX_NAME_BYTES)
    display_name = check_name(
        given.display_name or name, member="display_name", max_bytes=_MAX_NAME_BYTES
    )
    pipeline_id = make_id()
    try:
        connection.execute(
            insert(PIPELINES).values(
                id=pipeline_id,
                namespace=check_namespace(context.keep_namespace(given.namespace)),
                name=name,
                name_key=name.casefold(),
                display_name=display_name,
                display_name_key=display_name.casefold(),
                description=given.description,
                created_at=now,
            )
        )
    except IntegrityError as error:
        raise AlreadyExistsError(
            f"a pipeline is named '{name}' already. Please specify a new name, or upload a "
            "version of it"
        ) from error
    replace_tags(connection, pipeline_id, limit_tags(tags))
    return pipeline_id


def find_pipeline(connection: Connection, pipeline_id: str) -> Row[Any]:
    """Return the row of a pipeline.

    Raises:
        NotFoundError: There is no such pipeline.
    """
    row = connection.execute(select(PIPELINES).where(_C.id == pipeline_id)).first()
    if row is None:
        raise NotFoundError(
            f"there is no pipeline '{pipeline_id}'; list the pipelines for their ids"
        )
    return row


def _load(connection: Connection, pipeline_id: str) -> Pipeline:
    row = find_pipeline(connection, pipeline_id)
    return _to_message(row, load_tags(connection, [row.id]).get(row.id, {}))


def _to_message(row: Row[Any], tags: Mapping[str, str]) -> Pipeline:
    return Pipeline(
        pipeline_id=row.id,
        name=row.name,
        display_name=row.display_name,
        description=row.description,
        created_at=make_timestamp(row.created_at),
        namespace=row.namespace,
        tags=tags,
    )

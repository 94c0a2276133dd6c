"""Pipeline versions: specs under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from sqlalchemy import Connection, Row, case, delete, insert, select
from sqlalchemy.exc import IntegrityError

from argosy_service.database.listing import Field, FieldKind, ListedTable
from argosy_service.database.paging import list_page
from argosy_service.database.tables import PIPELINE_VERSIONS, PIPELINES, SPECS, TAGS
from argosy_service.errors import AlreadyExistsError, InvalidRequestError, NotFoundError
from argosy_service.protos.pipeline_pb2 import (
    CreatePipelineVersionRequest,
    DeletePipelineVersionRequest,
    GetPipelineVersionRequest,
    ListPipelineVersionsRequest,
    ListPipelineVersionsResponse,
    PipelineVersion,
    UpdatePipelineVersionRequest,
    Url,
)
from argosy_service.resources.context import Call, Context, make_id
from argosy_service.resources.fields import check_name, make_timestamp
from argosy_service.resources.pipelines.tags import limit_tags, load_tags, replace_tags
from argosy_service.resources.pipelines.updating import update_name_and_tags
from argosy_service.resources.specs.packages import open_package
from argosy_service.resources.specs.specs import Spec, load_text, make_struct, store_spec

_MAX_NAME_BYTES: Final = 127
_C: Final = PIPELINE_VERSIONS.c
_SPEC: Final = select(SPECS.c.document).where(SPECS.c.digest == _C.spec_digest)
_LISTED: Final = ListedTable(
    table=PIPELINE_VERSIONS,
    fields={
        "id": Field(column=_C.id),
        "pipeline_version_id": Field(column=_C.id),
        "name": Field(column=_C.name, kind=FieldKind.NAME, key=_C.name_key),
        "display_name": Field(column=_C.display_name, kind=FieldKind.NAME, key=_C.display_name_key),
        "created_at": Field(column=_C.created_at, kind=FieldKind.TIME),
        "description": Field(column=_C.description),
        # What cannot run is refused when it is uploaded, so that all are.
        "status": Field(column=case((_C.id != "", "READY"), else_="")),
        "pipeline_spec": Field(column=_SPEC.scalar_subquery()),
    },
    has_tags=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version that is to be made; empty texts stand for absent."""

    pipeline_id: str
    name: str
    display_name: str = ""
    description: str = ""
    tags: Mapping[str, str]
    package_url: str = ""
    code_source_url: str = ""


def create_pipeline_version(
    context: Context, request: CreatePipelineVersionRequest
) -> PipelineVersion:
    """Create a version from a URL.

    Raises:
        InvalidRequestError: A name, a tag, the URL or the spec behind it is wrong.
        NotFoundError: There is no such pipeline.
        AlreadyExistsError: Another version of the pipeline has the name.
    """
    given = request.pipeline_version
    url = given.package_url.pipeline_url
    version = NewVersion(
        pipeline_id=request.pipeline_id or given.pipeline_id,
        name=given.name or given.display_name,
        display_name=given.display_name,
        description=given.description,
        tags=given.tags,
        package_url=url,
        code_source_url=given.code_source_url,
    )
    return add_version(context, version, fetch_spec(context, url))


def add_version(context: Context, version: NewVersion, spec: Spec) -> PipelineVersion:
    """Add a version to a pipeline.

    Raises:
        InvalidRequestError: A name or tag is wrong.
        NotFoundError: There is no such pipeline.
        AlreadyExistsError: Another version of the pipeline has the name.
    """
    with context.database.write() as connection:
        pipeline = select(PIPELINES.c.id).where(PIPELINES.c.id == version.pipeline_id)
        if connection.execute(pipeline).first() is None:
            raise NotFoundError(
                f"there is no pipeline '{version.pipeline_id}'; list the pipelines for their ids"
            )
        return _load(connection, insert_version(connection, version, spec, context.now()))


def get_pipeline_version(context: Context, request: GetPipelineVersionRequest) -> PipelineVersion:
    """Return a version; the pipeline that the path names does not matter.

    Raises:
        NotFoundError: There is no such version.
    """
    with context.database.read() as connection:
        return _load(connection, request.pipeline_version_id)


def list_pipeline_versions(
    context: Context, request: ListPipelineVersionsRequest
) -> ListPipelineVersionsResponse:
    """Return a page of the versions of a pipeline; none for one that does not exist.

    Raises:
        InvalidRequestError: Token, size, order or filter are wrong.
    """
    with context.database.read() as connection:
        page = list_page(
            connection, _LISTED, request, conditions=[_C.pipeline_id == request.pipeline_id]
        )
        tags = load_tags(connection, (row.id for row in page.rows))
        digests = {row.spec_digest for row in page.rows}
        specs = {
            row.digest: row.document
            for row in connection.execute(select(SPECS).where(SPECS.c.digest.in_(digests)))
        }
    return ListPipelineVersionsResponse(
        pipeline_versions=[
            _to_message(row, specs[row.spec_digest], tags.get(row.id, {})) for row in page.rows
        ],
        total_size=page.total_size,
        next_page_token=page.next_page_token,
    )


def update_pipeline_version(
    context: Context, request: UpdatePipelineVersionRequest, call: Call
) -> PipelineVersion:
    """Change display name and tags of a version; what is absent stays.

    Raises:
        InvalidRequestError: A tag is wrong.
        NotFoundError: There is no such version.
    """
    given = request.pipeline_version
    with context.database.write() as connection:
        row = find_version(connection, given.pipeline_version_id)
        update_name_and_tags(
            connection, PIPELINE_VERSIONS, row.id, given, call, max_bytes=_MAX_NAME_BYTES
        )
        return _load(connection, row.id)


def delete_pipeline_version(context: Context, request: DeletePipelineVersionRequest) -> Empty:
    """Delete a version; runs of it stay, and can be retried.

    Raises:
        NotFoundError: There is no such version.
    """
    with context.database.write() as connection:
        row = find_version(connection, request.pipeline_version_id)
        connection.execute(delete(TAGS).where(TAGS.c.owner_id == row.id))
        connection.execute(delete(PIPELINE_VERSIONS).where(_C.id == row.id))
    return Empty()


def fetch_spec(context: Context, url: str) -> Spec:
    """Return the spec behind a URL.

    Raises:
        InvalidRequestError: There is no URL, it may not be fetched, or what is there is wrong.
    """
    if not url:
        raise InvalidRequestError("package_url.pipeline_url: The URL is empty; give one")
    data, file = open_package(context.importer.fetch(url), file=url.partition("?")[0])
    return context.specs.read_file(data, file=file)


def insert_version(connection: Connection, version: NewVersion, spec: Spec, now: int) -> str:
    """Add a version to a pipeline that exists; return its id.

    Raises:
        InvalidRequestError: A name or tag is wrong.
        AlreadyExistsError: Another version of the pipeline has the name.
    """
    name = check_name(version.name, member="name", max_bytes=_MAX_NAME_BYTES)
    display_name = check_name(
        version.display_name or name, member="display_name", max_bytes=_MAX_NAME_BYTES
    )
    store_spec(connection, spec)
    version_id = make_id()
    try:
        connection.execute(
            insert(PIPELINE_VERSIONS).values(
                id=version_id,
                pipeline_id=version.pipeline_id,
                name=name,
                name_key=name.casefold(),
                display_name=display_name,
                display_name_key=display_name.casefold(),
                description=version.description,
                package_url=version.package_url,
                code_source_url=version.code_source_url,
                spec_digest=spec.digest,
                created_at=now,
            )
        )
    except IntegrityError as error:
        raise AlreadyExistsError(
            f"a version of the pipeline is named '{name}' already. Please specify a new name"
        ) from error
    replace_tags(connection, version_id, limit_tags(version.tags))
    return version_id


def find_version(connection: Connection, version_id: str) -> Row[Any]:
    """Return the row of a version.

    Raises:
        NotFoundError: There is no such version.
    """
    row = connection.execute(select(PIPELINE_VERSIONS).where(_C.id == version_id)).first()
    if row is None:
        raise NotFoundError(
            f"there is no pipeline version '{version_id}'; list the versions for their ids"
        )
    return row


def find_newest_version(connection: Connection, pipeline_id: str) -> Row[Any]:
    """Return the row of the version of a pipeline that was created last.

    Raises:
        NotFoundError: There is no such pipeline, or it has no version.
    """
    query = (
        select(PIPELINE_VERSIONS)
        .where(_C.pipeline_id == pipeline_id)
        .order_by(_C.created_at.desc(), _C.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(
            f"there is no pipeline '{pipeline_id}', or it has no version; list the pipelines for "
            "their ids, or upload a version"
        )
    return row


def _load(connection: Connection, version_id: str) -> PipelineVersion:
    row = find_version(connection, version_id)
    tags = load_tags(connection, [row.id]).get(row.id, {})
    return _to_message(row, load_text(connection, row.spec_digest), tags)


def _to_message(row: Row[Any], spec: str, tags: Mapping[str, str]) -> PipelineVersion:
    return PipelineVersion(
        pipeline_id=row.pipeline_id,
        pipeline_version_id=row.id,
        name=row.name,
        display_name=row.display_name,
        description=row.description,
        created_at=make_timestamp(row.created_at),
        package_url=Url(pipeline_url=row.package_url) if row.package_url else None,
        code_source_url=row.code_source_url,
        pipeline_spec=make_struct(spec),
        tags=tags,
    )

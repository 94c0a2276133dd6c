"""Changes of what pipelines and versions have in common: display name and tags."""

from __future__ import annotations

from sqlalchemy import Connection, Table, update

from argosy_service.protos.pipeline_pb2 import Pipeline, PipelineVersion
from argosy_service.resources.context import Call
from argosy_service.resources.fields import check_name
from argosy_service.resources.pipelines.tags import limit_tags, replace_tags


def update_name_and_tags(
    connection: Connection,
    table: Table,
    row_id: str,
    given: Pipeline | PipelineVersion,
    call: Call,
    *,
    max_bytes: int,
) -> None:
    """Give the row of a pipeline or a version another display name and other tags.

    What is absent stays; tags that were sent empty are removed. A name has at most ``max_bytes``.

    Raises:
        InvalidRequestError: The name or a tag is wrong.
    """
    if given.display_name:
        name = check_name(given.display_name, member="display_name", max_bytes=max_bytes)
        connection.execute(
            update(table)
            .where(table.c.id == row_id)
            .values(display_name=name, display_name_key=name.casefold())
        )
    if given.tags or "tags" in call.emptied:
        replace_tags(connection, row_id, limit_tags(given.tags))

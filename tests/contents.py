"""Contents of artifacts, compared."""

from __future__ import annotations

from dataclasses import replace

from argosy_schemas.formats.records import AttemptRecord, Content


def shape(content: Content | None) -> Content | None:
    """Kind, number and size: what does not depend on the bytes or on the store."""
    return None if content is None else replace(content, etag=None, digest=None)


def shaped(record: AttemptRecord) -> AttemptRecord:
    """The record with the shapes of its outputs' contents."""
    artifacts = {
        name: tuple(replace(item, content=shape(item.content)) for item in items)
        for name, items in record.outputs.artifacts.items()
    }
    return replace(record, outputs=replace(record.outputs, artifacts=artifacts))

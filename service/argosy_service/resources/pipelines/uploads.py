"""Pipelines and versions from files that clients upload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy_schemas.values import parse_json
from argosy_service.errors import InvalidRequestError
from argosy_service.protos.pipeline_pb2 import Pipeline, PipelineVersion
from argosy_service.resources.context import Context
from argosy_service.resources.pipelines.pipelines import create_pipeline_with_spec
from argosy_service.resources.pipelines.tags import limit_tags
from argosy_service.resources.pipelines.versions import NewVersion, add_version
from argosy_service.resources.specs.packages import open_package
from argosy_service.resources.specs.specs import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file, and what the query says of it; empty texts stand for absent."""

    file: str
    """Its name, whose extension counts."""
    data: bytes
    name: str = ""
    display_name: str = ""
    description: str = ""
    tags: str = ""
    """JSON of an object."""
    code_source_url: str = ""
    namespace: str = ""
    """Of a pipeline."""
    pipeline_id: str = ""
    """Of a version: the pipeline that it becomes part of."""


def upload_pipeline(context: Context, upload: Upload) -> Pipeline:
    """Create a pipeline with a first version that has its names and tags.

    Raises:
        InvalidRequestError: The file, a name or a tag is wrong.
        AlreadyExistsError: Another pipeline has the name.
    """
    tags = _read_tags(upload.tags)
    spec = _read_spec(context, upload)
    given = Pipeline(
        name=upload.name or upload.display_name or upload.file,
        display_name=upload.display_name or upload.name or upload.file,
        description=upload.description,
        namespace=upload.namespace,
        tags=tags,
    )
    return create_pipeline_with_spec(
        context, given, spec, version_tags=tags, code_source_url=upload.code_source_url
    )


def upload_version(context: Context, upload: Upload) -> PipelineVersion:
    """Add a version to a pipeline.

    Raises:
        InvalidRequestError: The file, a name or a tag is wrong.
        NotFoundError: There is no such pipeline.
        AlreadyExistsError: Another version of the pipeline has the name.
    """
    if not upload.pipeline_id:
        raise InvalidRequestError("pipelineid: The id of the pipeline is missing; give one")
    version = NewVersion(
        pipeline_id=upload.pipeline_id,
        name=upload.name or upload.display_name or upload.file,
        display_name=upload.display_name,
        description=upload.description,
        tags=_read_tags(upload.tags),
        code_source_url=upload.code_source_url,
    )
    return add_version(context, version, _read_spec(context, upload))


def _read_spec(context: Context, upload: Upload) -> Spec:
    data, file = open_package(upload.data, file=upload.file)
    return context.specs.read_file(data, file=file)


def _read_tags(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        tags = parse_json(text)
    except ValueError as error:
        raise InvalidRequestError(f"tags: '{text}' is no JSON object; give one") from error
    if not isinstance(tags, Mapping):
        raise InvalidRequestError(f"tags: '{text}' is no JSON object; give one")
    texts: dict[str, str] = {}
    for key, value in tags.items():
        if not isinstance(value, str):
            raise InvalidRequestError(f"tags: The value of '{key}' is no text; give one")
        texts[key] = value
    return limit_tags(texts)

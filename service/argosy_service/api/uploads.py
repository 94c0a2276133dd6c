"""Uploads of pipelines and versions: forms with a file, whose errors have a shape of their own."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from typing import Final

from google.protobuf.message import Message
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from argosy_schemas.errors import ArgosyError
from argosy_service.api.database_errors import translate_database_errors
from argosy_service.api.json_messages import write_message
from argosy_service.api.rest import get_caller, make_error_answer, read_body
from argosy_service.errors import InvalidRequestError
from argosy_service.resources.context import Context
from argosy_service.resources.permissions import check_permissions
from argosy_service.resources.pipelines.uploads import Upload, upload_pipeline, upload_version
from argosy_service.resources.specs.specs import MAX_SPEC_BYTES

_PART: Final = "uploadfile"
_FORM: Final = "multipart/form-data"
_FORM_BYTES: Final = 64 * 2**10
"""What a form adds to its file."""


class Uploads:
    """Answers uploads."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def upload_pipeline(self, request: Request) -> Response:
        """Return the answer to the upload of a pipeline."""
        return await self._answer(request, "UploadPipeline", upload_pipeline)

    async def upload_version(self, request: Request) -> Response:
        """Return the answer to the upload of a version."""
        return await self._answer(request, "UploadPipelineVersion", upload_version)

    async def _answer(
        self, request: Request, name: str, function: Callable[[Context, Upload], Message]
    ) -> Response:
        def call(upload: Upload) -> Message:
            check_permissions(self._context, get_caller(request), name, upload)
            return function(self._context, upload)

        request.state.method = name
        try:
            upload = await _read_upload(request)
            with translate_database_errors():
                message = await run_in_threadpool(call, upload)
        except ArgosyError as error:
            return _refuse(error)
        return Response(write_message(message), media_type="application/json")


async def _read_upload(request: Request) -> Upload:
    if not request.headers.get("content-type", "").lower().startswith(_FORM):
        raise InvalidRequestError(
            f"the body is no form; send the file as the part '{_PART}' of {_FORM}"
        )
    body = await read_body(request, MAX_SPEC_BYTES + _FORM_BYTES)

    async def stream() -> AsyncGenerator[bytes]:
        yield body

    try:
        form = await MultiPartParser(request.headers, stream(), max_files=1).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise InvalidRequestError(
            f"the form cannot be read: {reason}; send one part '{_PART}'"
        ) from error
    part = form.get(_PART)
    if not isinstance(part, UploadFile):
        raise InvalidRequestError(f"the form has no file '{_PART}'; send one")
    data = await part.read()
    await form.close()
    if len(data) > MAX_SPEC_BYTES:
        raise InvalidRequestError("the file is larger than 32 MiB; send less")
    query = request.query_params
    return Upload(
        file=part.filename or "",
        data=data,
        name=query.get("name", ""),
        display_name=query.get("display_name", ""),
        description=query.get("description", ""),
        tags=query.get("tags", ""),
        code_source_url=query.get("code_source_url", ""),
        namespace=query.get("namespace", ""),
        pipeline_id=query.get("pipelineid", ""),
    )


def _refuse(error: ArgosyError) -> Response:
    answer = make_error_answer(error)
    content = {"error_message": answer.message, "error_details": answer.message}
    # Members that clients decode any other error by.
    content_of_all = {**content, "code": answer.code, "message": answer.message}
    return Response(
        json.dumps(content_of_all, ensure_ascii=False),
        status_code=answer.status,
        media_type="application/json",
    )

"""The bytes of artifacts: as JSON with base64, as KFP has it, and as a download.

Nothing of a path comes from the caller: a run, a task in it and the name of an input or output
name an artifact, and the records of the run say where that is. No answer is one that a browser
would show or run.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from argosy_schemas.errors import ArgosyError, StoreError
from argosy_service.api.database_errors import translate_database_errors
from argosy_service.api.rest import get_caller, refuse
from argosy_service.errors import UnavailableError
from argosy_service.protos.run_pb2 import GetRunRequest
from argosy_service.resources.context import Context
from argosy_service.resources.permissions import check_permissions
from argosy_service.resources.runs.artifact_places import ArtifactPlace, find_artifact_place

_CHUNK_BYTES: Final = 3 * 2**16
"""Divisible by three, so that base64 of one follows that of the other."""

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


class ArtifactFiles:
    """Answers requests for the bytes of artifacts."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def read(self, request: Request) -> Response:
        """Return an artifact as ``{"data": "<base64>"}``."""
        try:
            _, path = await self._fetch(request)
        except ArgosyError as error:
            return refuse(error)
        return StreamingResponse(_encode(path), media_type="application/json", headers=_HEADERS)

    async def download(self, request: Request) -> Response:
        """Return an artifact as it is, or the range of it that is asked for."""
        try:
            place, path = await self._fetch(request)
        except ArgosyError as error:
            return refuse(error)
        name = place.uri.rstrip("/").rpartition("/")[2] or "artifact"
        return _FetchedFile(
            path,
            media_type="application/octet-stream",
            filename=name,
            headers={**_HEADERS, "ETag": f'"{place.artifact_id}"'},
        )

    async def _fetch(self, request: Request) -> tuple[ArtifactPlace, Path]:
        """Return an artifact and a file of ours with its bytes."""
        request.state.method = "ReadArtifact"
        with translate_database_errors():
            place = await run_in_threadpool(self._find, request)
        handle, name = tempfile.mkstemp(prefix="argosy-artifact-")
        os.close(handle)
        path = Path(name)
        try:
            await run_in_threadpool(
                self._context.artifacts.fetch, place.uri, place.pipeline_root, path
            )
        except StoreError as error:
            path.unlink(missing_ok=True)
            raise UnavailableError(str(error)) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return place, path

    def _find(self, request: Request) -> ArtifactPlace:
        run_id, node, name = (request.path_params[key] for key in ("run_id", "node_id", "name"))
        asked = GetRunRequest(run_id=run_id)
        check_permissions(self._context, get_caller(request), "ReadArtifact", asked)
        return find_artifact_place(self._context, run_id, node, name)


class _FetchedFile(FileResponse):
    """A file that is removed once it was sent, also where the client went away."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            Path(self.path).unlink(missing_ok=True)


async def _encode(path: Path) -> AsyncGenerator[bytes]:
    try:
        async with await anyio.open_file(path, "rb") as file:
            # The client may go away: then nothing but this file is left, and it goes at once.
            path.unlink()
            yield b'{"data":"'
            while chunk := await file.read(_CHUNK_BYTES):
                yield base64.b64encode(chunk)
            yield b'"}'
    finally:
        path.unlink(missing_ok=True)

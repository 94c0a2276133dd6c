"""The bytes of artifacts: as JSON with base64, as KFP has it, and as a download.

Nothing of a path comes from the caller: a run, a task in it and the name of an input or output
name an artifact, and the records of the run say where that is. No answer is one that a browser
would show or run. The store is read part by part as the client takes them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from argosy_schemas.errors import ArgosyError, StoreError
from argosy_service.api.database_errors import translate_database_errors
from argosy_service.api.ranges import UnsatisfiableRangeError, parse_range
from argosy_service.api.rest import get_caller, refuse
from argosy_service.engines.artifacts import ArtifactPlace, OpenedArtifact
from argosy_service.errors import UnavailableError
from argosy_service.protos.run_pb2 import GetRunRequest
from argosy_service.resources.context import Context
from argosy_service.resources.permissions import check_permissions
from argosy_service.resources.runs.artifact_places import find_artifact_place

_PART_BYTES: Final = 3 * 2**20
"""Of one request to the store. Divisible by three, so that base64 of one follows that of the
other."""

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
            _, opened = await self._open(request)
        except ArgosyError as error:
            return refuse(error)
        return StreamingResponse(_encode(opened), media_type="application/json", headers=_HEADERS)

    async def download(self, request: Request) -> Response:
        """Return an artifact as it is, or the range of it that is asked for."""
        try:
            place, opened = await self._open(request)
        except ArgosyError as error:
            return refuse(error)
        etag = _make_etag(place, opened)
        size = opened.size_bytes
        headers = {
            **_HEADERS,
            "Accept-Ranges": "bytes",
            "Content-Disposition": _name_file(place),
            "ETag": etag,
            "Last-Modified": format_datetime(opened.info.modified, usegmt=True),
        }
        wanted = request.headers.get("Range")
        if request.headers.get("If-Range", etag) != etag:
            wanted = None  # that was another file
        try:
            span = parse_range(wanted, size)
        except UnsatisfiableRangeError:
            return Response(
                status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"}
            )
        start, end = span or (0, size)
        if span is not None:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        headers["Content-Length"] = str(end - start)
        return StreamingResponse(
            iter(()) if request.method == "HEAD" else _read_parts(opened, start, end),
            status_code=200 if span is None else 206,
            media_type="application/octet-stream",
            headers=headers,
        )

    async def _open(self, request: Request) -> tuple[ArtifactPlace, OpenedArtifact]:
        request.state.method = "ReadArtifact"
        with translate_database_errors():
            place = await run_in_threadpool(self._find, request)
        try:
            return place, await run_in_threadpool(self._context.artifacts.open, place)
        except StoreError as error:
            raise UnavailableError(str(error)) from error

    def _find(self, request: Request) -> ArtifactPlace:
        run_id, node, name = (request.path_params[key] for key in ("run_id", "node_id", "name"))
        asked = GetRunRequest(run_id=run_id)
        check_permissions(self._context, get_caller(request), "ReadArtifact", asked)
        return find_artifact_place(self._context, run_id, node, name)


def _read_parts(opened: OpenedArtifact, start: int, end: int) -> Iterator[bytes]:
    """Yield what is between two places; a store that fails on the way cuts the answer short."""
    with opened:
        for at in range(start, end, _PART_BYTES):
            yield opened.read(at, min(at + _PART_BYTES, end))


def _encode(opened: OpenedArtifact) -> Iterator[bytes]:
    yield b'{"data":"'
    for part in _read_parts(opened, 0, opened.size_bytes):
        yield base64.b64encode(part)
    yield b'"}'


def _make_etag(place: ArtifactPlace, opened: OpenedArtifact) -> str:
    info = opened.info
    what = f"{place.uri}\n{info.etag}\n{info.size_bytes}\n{info.modified}"
    return f'"{hashlib.sha256(what.encode()).hexdigest()[:32]}"'


def _name_file(place: ArtifactPlace) -> str:
    name = place.uri.rstrip("/").rpartition("/")[2] or "artifact"
    plain = quote(name, safe=" ")
    return (
        f'attachment; filename="{name}"'
        if plain == name
        else f"attachment; filename*=utf-8''{quote(name, safe='')}"
    )

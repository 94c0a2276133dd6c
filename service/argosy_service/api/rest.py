"""The REST API: each path of the ``.proto`` files calls its method."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from argosy_schemas.errors import ArgosyError
from argosy_schemas.logger import Logger
from argosy_service.access.access import Caller
from argosy_service.api.json_messages import (
    fill_message,
    fill_query,
    fill_variables,
    read_json,
    write_message,
)
from argosy_service.api.methods import list_methods
from argosy_service.api.request_log import describe_bug
from argosy_service.api.routing import Match, Router
from argosy_service.errors import (
    Code,
    InvalidRequestError,
    NotImplementedYetError,
    ServiceError,
)
from argosy_service.resources.context import Call, Context

MAX_BODY_BYTES: Final = 32 * 2**20

_LOGGER: Final = Logger("service.rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """An error as the REST API tells it."""

    code: int
    """Of gRPC."""
    message: str
    status: int
    """Of HTTP."""

    def to_response(self) -> Response:
        """Return the answer."""
        details: Sequence[Any] = (
            [{"@type": "type.googleapis.com/google.rpc.Status", **self._content()}]
            if self.status != 404 or self.message != _NO_ROUTE
            else []
        )
        body = json.dumps({**self._content(), "details": details}, ensure_ascii=False)
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else None
        return Response(
            body, status_code=self.status, media_type="application/json", headers=headers
        )

    def _content(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}


_NO_ROUTE: Final = "Not Found"
_VERSION_1: Final = "/apis/v1beta1/"
_NO_VERSION_1: Final = (
    "this release of Argosy does not serve v1beta1 of the API beyond healthz; use version 2 of the "
    "KFP SDK, which asks for v2beta1"
)


class RestApi:
    """Answers requests to the paths of the ``.proto`` files."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._router = Router(list_methods())

    async def answer(self, request: Request) -> Response:
        """Return the response to a request."""
        path = request.scope["raw_path"].split(b"?")[0].decode("ascii", "replace")
        found = self._router.find(path)
        if not found and path.startswith(_VERSION_1):
            return refuse(NotImplementedYetError(_NO_VERSION_1))
        if not found:
            return ErrorAnswer(code=Code.NOT_FOUND, message=_NO_ROUTE, status=404).to_response()
        match = found.get(request.method)
        if match is None:
            verbs = ", ".join(sorted(found))
            return refuse(
                NotImplementedYetError(f"the path has no method {request.method}; use {verbs}")
            )
        request.state.method = match.method.name
        try:
            body = await read_body(request, MAX_BODY_BYTES) if match.method.body else b""
        except ServiceError as error:
            return refuse(error)
        query = request.scope["query_string"].decode("ascii", "replace")
        return await run_in_threadpool(self._call, match, body, query, request)

    def _call(self, match: Match, body: bytes, query: str, request: Request) -> Response:
        method = match.method
        try:
            method.check_served()
            message, emptied = _read_request(match, body, query)
            call = Call(caller=get_caller(request), emptied=emptied)
            response = method.call(self._context, message, call)
            return Response(write_message(response), media_type="application/json")
        except ArgosyError as error:
            return refuse(error)
        except Exception as error:  # the edge: an unknown error is a bug of the service
            request.state.error = f"{type(error).__name__}: {error}"
            return refuse_bug(method.name, error, request)


def get_caller(request: Request) -> Caller:
    """Return who sent a request, as :class:`argosy_service.api.guards.Identification` found."""
    caller: Caller = request.state.caller
    return caller


def refuse(error: ArgosyError) -> Response:
    """Return the answer to a request that was refused."""
    return make_error_answer(error).to_response()


def make_error_answer(error: ArgosyError) -> ErrorAnswer:
    """Return what the REST API says of an error."""
    code = error.code if isinstance(error, ServiceError) else Code.INVALID_ARGUMENT
    return ErrorAnswer(code=code, message=str(error), status=code.http_status)


def refuse_bug(what: str, error: Exception, request: Request) -> Response:
    """Return the answer to a request that met a bug, and record it."""
    import traceback  # only then

    request_id: str = request.state.request_id
    trace = "".join(traceback.format_exception(error))
    _LOGGER.info("%s failed, request id %s: %s", what, request_id, trace)
    message = describe_bug(what, error, request_id)
    code = Code.INTERNAL
    return ErrorAnswer(code=code, message=message, status=code.http_status).to_response()


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request.

    Raises:
        InvalidRequestError: It is larger than ``limit``; then it was read to its end all the same,
            so that the client reads the answer.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= limit:
                chunks.append(chunk)
            else:
                chunks.clear()
            if size > 8 * limit:
                break
    except ClientDisconnect as error:
        raise InvalidRequestError("the client went away before the body ended") from error
    if size > limit:
        raise InvalidRequestError(f"the body is larger than {limit // 2**20} MiB; send less")
    return b"".join(chunks)


def _read_request(match: Match, body: bytes, query: str) -> tuple[Any, frozenset[str]]:
    """Return a message, and the members that the body gives as empty objects."""
    method = match.method
    message = method.request()
    fill_query(message, parse_qsl(query, keep_blank_values=True))
    emptied: frozenset[str] = frozenset()
    if method.body:
        value = read_json(body)
        fill_message(message, method.body, value)
        emptied = frozenset(name for name, inner in value.items() if inner == {})
    fill_variables(message, match.variables)
    return message, emptied

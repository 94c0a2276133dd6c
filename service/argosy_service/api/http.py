"""The HTTP application: the REST API, and the handlers that are no methods of it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from argosy_schemas.versions import get_installed_version
from argosy_service.api.logs import Logs
from argosy_service.api.rest import RestApi, refuse, refuse_bug
from argosy_service.api.uploads import Uploads
from argosy_service.errors import InvalidRequestError
from argosy_service.resources.context import Context

_VERBS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def make_application(context: Context, *, hosts: Collection[str] | None = None) -> Starlette:
    """Return the application.

    Args:
        context: What it answers from.
        hosts: The names that clients may reach the service by; ``None``: any. With a list, a web
            page cannot make a browser talk to a service of its own machine under another name.
    """
    rest, uploads, logs = RestApi(context), Uploads(context), Logs(context)
    middleware = [] if hosts is None else [Middleware(HostCheck, hosts=frozenset(hosts))]
    return Starlette(
        routes=[
            Route("/livez", _answer_livez),
            Route("/apis/v1beta1/healthz", _answer_healthz),
            Route("/apis/v2beta1/healthz", _answer_healthz),
            Route("/apis/v1alpha1/runs/{run_id}/nodes/{node_id:path}/log", logs.answer),
            Route("/apis/v2beta1/pipelines/upload", uploads.upload_pipeline, methods=_VERBS),
            Route("/apis/v2beta1/pipelines/upload_version", uploads.upload_version, methods=_VERBS),
            Route("/{path:path}", rest.answer, methods=_VERBS),
        ],
        middleware=middleware,
        exception_handlers={Exception: _answer_bug},
    )


class HostCheck:
    """Refuses requests whose ``Host`` is none of the service's names."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
            name = given.rpartition(":")[0] if not given.endswith("]") and ":" in given else given
            if name.strip("[]").lower() not in self._hosts:
                error = InvalidRequestError(
                    f"Host '{given}' is none of this service's names; start it with "
                    f"--allow-host {name}"
                )
                await refuse(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _answer_bug(request: Request, error: Exception) -> Response:
    return refuse_bug(f"{request.method} {request.url.path}", error)


async def _answer_livez(request: Request) -> Response:
    return Response("ok\n", media_type="text/plain")


async def _answer_healthz(request: Request) -> Response:
    # By hand: clients want `multi_user` also where it is false, and the build.
    content = {
        "commit_sha": "unknown",
        "tag_name": get_installed_version("argosy"),
        "multi_user": False,
        "pipeline_store": "database",
    }
    return Response(json.dumps(content), media_type="application/json")

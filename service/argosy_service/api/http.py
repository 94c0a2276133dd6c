"""The HTTP application: the REST API, and the handlers that are no methods of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from argosy_service.api.artifact_files import ArtifactFiles
from argosy_service.api.events import Events
from argosy_service.api.guards import HostCheck, Identification
from argosy_service.api.logs import Logs
from argosy_service.api.probes import Probes
from argosy_service.api.request_log import Recorder, RequestLog
from argosy_service.api.rest import RestApi, refuse_bug
from argosy_service.api.uploads import Uploads
from argosy_service.api.watching import ChangeWatch
from argosy_service.resources.context import Context

_ARTIFACT: Final = "/apis/v2beta1/runs/{run_id}/nodes/{node_id:path}/artifacts/{name}"
_VERBS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def make_application(
    context: Context, recorder: Recorder, *, hosts: Collection[str] | None = None
) -> Starlette:
    """Return the application.

    Args:
        context: What it answers from.
        recorder: Is told of each request.
        hosts: The names that clients may reach the service by; ``None``: any.
    """
    watch = ChangeWatch(context)
    rest, uploads, logs = RestApi(context), Uploads(context), Logs(context, watch)
    events, probes = Events(context, watch), Probes(context)
    artifacts = ArtifactFiles(context)
    middleware = [
        Middleware(RequestLog, recorder=recorder),
        Middleware(HostCheck, hosts=None if hosts is None else frozenset(hosts)),
        Middleware(Identification, access=context.access),
    ]

    async def answer_rest(request: Request, error: Exception) -> Response:
        return await rest.answer(request)

    application = Starlette(
        routes=[
            Route("/livez", probes.answer_livez),
            Route("/readyz", probes.answer_readyz),
            Route("/metrics", probes.answer_metrics),
            Route("/apis/v1beta1/healthz", probes.answer_healthz),
            Route("/apis/v2beta1/healthz", probes.answer_healthz),
            Route("/apis/v1alpha1/runs/{run_id}/nodes/{node_id:path}/log", logs.answer),
            Route(f"{_ARTIFACT}:read", artifacts.read),
            Route(f"{_ARTIFACT}:download", artifacts.download),
            Route("/runs/events", events.answer_list),
            Route("/runs/{run_id}/events", events.answer_run),
            Route("/apis/v2beta1/pipelines/upload", uploads.upload_pipeline, methods=_VERBS),
            Route("/apis/v2beta1/pipelines/upload_version", uploads.upload_version, methods=_VERBS),
        ],
        middleware=middleware,
        # All others; a route of Starlette would not match a path with a line break in it.
        exception_handlers={404: answer_rest, 405: answer_rest, Exception: _answer_bug},
    )
    application.router.redirect_slashes = False
    application.state.watch = watch
    return application


def end_streams(application: Starlette) -> None:
    """End the answers that go on until something ends; called in the event loop."""
    watch: ChangeWatch = application.state.watch
    watch.close()


async def _answer_bug(request: Request, error: Exception) -> Response:
    return refuse_bug(f"{request.method} {request.url.path}", error, request)

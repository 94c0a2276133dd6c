"""The logs of tasks as plain text, also while they are written."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from argosy_schemas.errors import ArgosyError
from argosy_service.api.database_errors import translate_database_errors
from argosy_service.api.rest import get_caller, refuse
from argosy_service.api.watching import ChangeWatch
from argosy_service.engines.protocol import TaskLog
from argosy_service.protos.run_pb2 import GetRunRequest
from argosy_service.resources.context import Context
from argosy_service.resources.permissions import check_permissions
from argosy_service.resources.runs.logs import LoggedTask, find_logged_task, has_ended

_LOOK_SECONDS: Final = 0.5


class Logs:
    """Answers requests for logs."""

    def __init__(self, context: Context, watch: ChangeWatch) -> None:
        self._context = context
        self._watch = watch

    async def answer(self, request: Request) -> Response:
        """Return the log of a task; with ``follow=true``, until it has ended."""
        request.state.method = "ReadLog"
        run_id, node = request.path_params["run_id"], request.path_params["node_id"]
        try:
            with translate_database_errors():
                task = await run_in_threadpool(self._find, request, run_id, node)
        except ArgosyError as error:
            return refuse(error)
        log = self._context.logs.open(run_id, task.path, namespace=task.namespace)
        follows = request.query_params.get("follow", "").lower() in ("true", "1")
        # Never as something that a browser would run.
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return StreamingResponse(
            self.stream(run_id, task.path, log, follows), media_type="text/plain", headers=headers
        )

    def _find(self, request: Request, run_id: str, node: str) -> LoggedTask:
        asked = GetRunRequest(run_id=run_id)
        check_permissions(self._context, get_caller(request), "ReadLog", asked)
        return find_logged_task(self._context, run_id, node)

    async def stream(
        self, run_id: str, path: str, log: TaskLog, follows: bool
    ) -> AsyncGenerator[bytes]:
        """Yield what a task wrote; its log is closed at the end, also where the reader leaves."""
        try:
            seen = -1
            while not self._watch.is_closed:
                # Asked first: what was written by then is read below.
                is_over = not follows
                if follows and seen != self._watch.revision:
                    seen = self._watch.revision
                    is_over = await run_in_threadpool(has_ended, self._context, run_id, path)
                text = await run_in_threadpool(log.read, is_over=is_over)
                if text:
                    yield text
                if is_over or self._context.health.is_stopping:
                    return
                await self._watch.wait(seen, _LOOK_SECONDS)
        finally:
            log.close()

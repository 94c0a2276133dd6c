"""Server-sent events: what changes of a run, and of the list of runs.

The id of an event is the number of a change; who comes back with the last one gets all that came
after it. No follower has a thread of its own, and none has a queue: one that is slow gets the
present when it reads again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from argosy_schemas.errors import ArgosyError
from argosy_schemas.values import to_json
from argosy_service.api.database_errors import translate_database_errors
from argosy_service.api.rest import get_caller, refuse
from argosy_service.api.watching import ChangeWatch, SharedReads
from argosy_service.errors import InvalidRequestError, NotFoundError
from argosy_service.protos.run_pb2 import GetRunRequest, ListRunsRequest
from argosy_service.resources.context import Context
from argosy_service.resources.permissions import check_permissions
from argosy_service.resources.runs.following import (
    ListNews,
    ListScope,
    Place,
    RunNews,
    check_run,
    read_last_revision,
    read_list_news,
    read_run_news,
)

_HEARTBEAT_SECONDS: Final = 15.0
_RETRY_MILLISECONDS: Final = 2000
_BEGINNING: Final = f"retry: {_RETRY_MILLISECONDS}\n\n"
_HEARTBEAT: Final = ": nothing new\n\n"
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


class Events:
    """Answers those who follow runs."""

    def __init__(self, context: Context, watch: ChangeWatch) -> None:
        self._context = context
        self._watch = watch
        self._runs = SharedReads[RunNews | None](watch)
        self._lists = SharedReads[ListNews](watch)

    async def answer_run(self, request: Request) -> Response:
        """Return the events of a run until it has ended."""
        request.state.method = "FollowRun"
        run_id = request.path_params["run_id"]
        try:
            after = _read_last_id(request)
            asked = GetRunRequest(run_id=run_id)
            last = await self._begin(request, asked, may_be_gone=after is not None)
        except ArgosyError as error:
            return refuse(error)
        # A number that is too high is that of another database.
        is_lost = after is not None and after > last
        return _stream(self._follow_run(run_id, 0 if is_lost else after or 0, is_lost=is_lost))

    async def answer_list(self, request: Request) -> Response:
        """Return the events of the list of runs, from now on or from the last that was seen."""
        request.state.method = "FollowRuns"
        query = request.query_params
        scope = ListScope(
            namespace=query.get("namespace", ""), experiment_id=query.get("experiment_id", "")
        )
        try:
            after = _read_last_id(request)
            asked = ListRunsRequest(namespace=scope.namespace, experiment_id=scope.experiment_id)
            last = await self._begin(request, asked)
        except ArgosyError as error:
            return refuse(error)
        return _stream(self._follow_list(scope, last if after is None else after))

    async def _begin(
        self,
        request: Request,
        asked: GetRunRequest | ListRunsRequest,
        *,
        may_be_gone: bool = False,
    ) -> int:
        """Return the number of the last change, if the sender may follow what it asks for."""

        def work() -> int:
            try:
                name: str = request.state.method
                check_permissions(self._context, get_caller(request), name, asked)
                if isinstance(asked, GetRunRequest):
                    check_run(self._context, asked.run_id)
            except NotFoundError:
                if not may_be_gone:
                    raise
            return read_last_revision(self._context)

        with translate_database_errors():
            last = await run_in_threadpool(work)
        self._watch.see(last)
        return last

    async def _follow_run(self, run_id: str, after: int, *, is_lost: bool) -> AsyncGenerator[str]:
        yield _BEGINNING
        if is_lost:
            yield _write_event("reset", {}, after)
        place = Place(revision=after)
        while not self._watch.is_closed:
            # Looked at before: what changes while it is read is read the next time.
            seen = self._watch.revision
            read = partial(read_run_news, self._context, run_id, place)
            try:
                news = await self._runs.read((run_id, place), read)
            except SQLAlchemyError:
                return  # the client comes back with the last id
            if news is None:
                yield _write_event("gone", {"run_id": run_id}, place.revision)
                return
            if news.run is not None:
                # What is told with the tasks has not been told before.
                yield _write_event("run", {"run": news.run}, None if news.tasks else news.seen)
            if news.tasks:
                yield _write_event("tasks", {"tasks": list(news.tasks)}, news.seen)
            place = news.place
            if news.is_over:
                yield _write_event("end", {"run_id": run_id}, news.seen)
                return
            if not news.has_more and not await self._watch.wait(seen, _HEARTBEAT_SECONDS):
                yield _HEARTBEAT

    async def _follow_list(self, scope: ListScope, after: int) -> AsyncGenerator[str]:
        yield _BEGINNING
        yield _write_event("ready", {}, after)
        place = Place(revision=after)
        while not self._watch.is_closed:
            seen = self._watch.revision
            read = partial(read_list_news, self._context, scope, place)
            try:
                news = await self._lists.read((scope, place), read)
            except SQLAlchemyError:
                return
            if news.is_lost:
                yield _write_event("reset", {}, news.place.revision)
            for number, change in enumerate(news.changes):
                following = news.changes[number + 1 : number + 2]
                # Several runs may change at once: they are told by then.
                is_told = bool(following) and following[0].revision > change.revision
                is_told |= not following and not news.has_more
                kind = "gone" if change.run is None else "run"
                content = {"run_id": change.run_id} if change.run is None else {"run": change.run}
                yield _write_event(kind, content, change.revision if is_told else None)
            place = news.place
            if not news.has_more and not await self._watch.wait(seen, _HEARTBEAT_SECONDS):
                yield _HEARTBEAT


def _stream(events: AsyncGenerator[str]) -> Response:
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


def _write_event(kind: str, content: Mapping[str, Any], last_id: int | None = None) -> str:
    """Return an event; one without an id leaves the client's last id as it is."""
    identity = "" if last_id is None else f"id: {last_id}\n"
    return f"{identity}event: {kind}\ndata: {to_json(content)}\n\n"


def _read_last_id(request: Request) -> int | None:
    """Return the last change that a client has seen; ``None``: it has seen none.

    A browser names it by itself when it comes back, and cannot at first: then the query does.
    """
    text = request.headers.get("last-event-id") or request.query_params.get("after", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidRequestError(
            f"Last-Event-ID: '{text}' is no number of a change; give the id of the last event"
        )
    return int(text)

"""What is written down of each request: a line in the log, and numbers for ``/metrics``.

The line is logfmt, ``name=value`` with texts in quotes where they need them, so that people and
programs read it. A request has an id: the one that its sender gave, which the answer repeats.
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TextIO

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from argosy_service.access.access import Caller
from argosy_service.metrics import Metrics

REQUEST_ID: Final = "x-request-id"
QUIET_PATHS: Final = frozenset(
    {"/livez", "/readyz", "/metrics", "/apis/v1beta1/healthz", "/apis/v2beta1/healthz"}
)
"""Asked for all the time, by machines."""

_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_PLAIN: Final = re.compile(r"[\w./:@%+-]+", re.ASCII)


class Recorder:
    """Writes down requests. For several threads."""

    def __init__(self, metrics: Metrics, *, stream: TextIO | None) -> None:
        """Write nothing yet.

        Args:
            metrics: What counts them.
            stream: Takes the lines; ``None``: there are none.
        """
        self._metrics = metrics
        self._stream = stream
        self._lock = threading.Lock()

    def record(
        self,
        *,
        request_id: str,
        transport: str,
        method: str,
        code: str,
        seconds: float,
        caller: Caller,
        details: Mapping[str, str],
        is_quiet: bool = False,
    ) -> None:
        """Write down a request that was answered.

        Args:
            request_id: Its id.
            transport: ``rest`` or ``grpc``.
            method: Of the API, or the handler beside it.
            code: The status of HTTP, or the name of gRPC's.
            seconds: How long it took.
            caller: Who sent it, where that is known.
            details: What else the line says.
            is_quiet: Whether there is no line, if it was answered well.
        """
        labels = {"transport": transport, "method": method}
        self._metrics.count(
            "argosy_requests_total", "Requests that were answered.", **labels, code=code
        )
        self._metrics.observe(
            "argosy_request_seconds", "How long requests took.", seconds, **labels
        )
        if self._stream is None or is_quiet:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        user = {"user": caller.user} if caller.user else {}
        values = {
            "time": now,
            "id": request_id,
            "transport": transport,
            "method": method,
            **details,
            "code": code,
            "ms": f"{seconds * 1000:.1f}",
            **user,
        }
        line = " ".join(f"{name}={_quote(text)}" for name, text in values.items())
        try:
            with self._lock:
                self._stream.write(f"{line}\n")
                self._stream.flush()
        except (OSError, ValueError):
            pass  # whoever read the log is gone; requests are answered all the same


def choose_request_id(given: str | None) -> str:
    """Return the id that a sender gave, or a new one where that is none."""
    return given if given and _ID.fullmatch(given) else uuid.uuid4().hex


def describe_bug(what: str, error: Exception, request_id: str) -> str:
    """Return what a client is told of a bug of the service.

    Args:
        what: The method or the path that failed.
        error: What was raised.
        request_id: The id of the request.
    """
    return (
        f"{what} failed: {type(error).__name__}: {error}; this is a bug in Argosy, report it with "
        f"the request id {request_id} and the service's log"
    )


class RequestLog:
    """Gives each HTTP request its id, and has it written down."""

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write down what came of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun_at = time.perf_counter()
        request_id = choose_request_id(Headers(scope=scope).get(REQUEST_ID))
        status = 500
        state = scope.setdefault("state", {})
        state["request_id"] = request_id

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            state["error"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            path = scope["raw_path"].split(b"?")[0].decode("ascii", "replace")
            client = scope.get("client")
            self._recorder.record(
                request_id=request_id,
                transport="rest",
                method=state.get("method", "none"),
                code=str(status),
                seconds=time.perf_counter() - begun_at,
                caller=state.get("caller", Caller()),
                details={
                    "request": f"{scope['method']} {path}",
                    "peer": client[0] if client else "",
                    **({"error": state["error"]} if "error" in state else {}),
                },
                is_quiet=scope["path"] in QUIET_PATHS and status < 400,
            )


def _quote(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)

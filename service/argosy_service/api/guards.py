"""What each HTTP request has to pass: no foreign web page sent it, and its sender is known.

The port of gRPC needs no such check against web pages: browsers do not speak HTTP/2 without TLS,
and by TLS they ask first whether a page may send the content type of gRPC, which nothing allows.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from argosy_schemas.errors import ArgosyError
from argosy_service.access.access import AccessPolicy, Caller
from argosy_service.api.rest import refuse
from argosy_service.errors import AccessRefusedError, InvalidRequestError
from argosy_service.settings import LOOPBACK_NAMES

FREE_PATHS: Final = frozenset(
    {"/livez", "/readyz", "/apis/v1beta1/healthz", "/apis/v2beta1/healthz"}
)
"""What anybody may ask for."""


class HostCheck:
    """Refuses what a foreign web page makes a browser send.

    Such a page may have a name that leads to the service, so ``Host`` has to be one of its names,
    or an address, which leads nowhere else; or it names the service, and the browser says by
    ``Origin`` that it came from elsewhere.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            try:
                self._check(Headers(scope=scope))
            except ArgosyError as error:
                await refuse(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        given = headers.get("host", "")
        host = _cut_port(given)
        if self._hosts is not None and host not in self._hosts and not _is_address(host):
            name = given.rpartition(":")[0] or given
            raise InvalidRequestError(
                f"Host '{given}' is none of this service's names; start it with --allow-host {name}"
            )
        origin = headers.get("origin")
        if origin is None:
            return
        address = origin.partition("://")[2]
        # Names of this machine do not count: other programs serve pages on it.
        is_named = _cut_port(address) in (self._hosts or frozenset()) - LOOPBACK_NAMES
        if not address or not (address.lower() == given.lower() or is_named):
            raise AccessRefusedError(
                f"the request was sent by a web page of '{origin}', which is none of this service; "
                "if the page may use it, start it with --allow-host and the name of the page's host"
            )


class Identification:
    """Finds out who sent a request, and refuses it where nobody knows."""

    def __init__(self, app: ASGIApp, access: AccessPolicy) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller, or refuse it."""
        if scope["type"] == "http":
            caller = Caller()
            if not self._is_free(scope["path"]):
                headers = [
                    (name.decode("latin-1"), value.decode("latin-1"))
                    for name, value in scope["headers"]
                ]
                try:
                    caller = await run_in_threadpool(self._access.identify, headers)
                except ArgosyError as error:
                    await refuse(error)(scope, receive, send)
                    return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    def _is_free(self, path: str) -> bool:
        # The metrics are about all users together, and Prometheus, which reads them, is no user.
        return path in FREE_PATHS or (path == "/metrics" and self._access.is_multi_user)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _cut_port(address: str) -> str:
    """Return the name in ``NAME:PORT``, lower case, without the brackets of IPv6."""
    has_port = ":" in address and not address.endswith("]")
    return (address.rpartition(":")[0] if has_port else address).strip("[]").lower()

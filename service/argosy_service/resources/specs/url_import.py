"""Import a pipeline from a URL, without letting a caller reach what only this machine reaches.

Only HTTPS at its own port, only hosts of a list, and only addresses of the public internet, checked
on each redirect and then connected to, so that a name cannot change its address in between.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from argosy_service.errors import InvalidRequestError
from argosy_service.resources.specs.specs import MAX_SPEC_BYTES

_HOSTS: Final = (
    "storage.googleapis.com",
    "s3.amazonaws.com",
    "github.com",
    "raw.githubusercontent.com",
)
_TIMEOUT_SECONDS: Final = 30.0
_MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_ADVICE: Final = "upload the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlImporter:
    """Fetches pipelines by URL."""

    allowed_prefixes: Sequence[str] = ()
    """URLs that begin with one of these are fetched as they are, from whatever address."""

    def fetch(self, url: str) -> bytes:
        """Return what is behind a URL.

        Raises:
            InvalidRequestError: The URL may not be fetched, or cannot.
        """
        give_up_at = time.monotonic() + _TIMEOUT_SECONDS
        current = url
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                status, headers, body = self._ask(current, give_up_at)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise _refuse(url, f"cannot be fetched: {error}; {_ADVICE}") from error
            location = headers.get("Location")
            if status in _REDIRECTS and location:
                current = urljoin(current, location)
                continue
            if status != 200:
                raise _refuse(url, f"cannot be fetched: it answers {status}; {_ADVICE}")
            return body
        raise _refuse(url, f"redirects more than {_MAX_REDIRECTS} times; {_ADVICE}")

    def _ask(self, url: str, give_up_at: float) -> tuple[int, http.client.HTTPMessage, bytes]:
        parts = urlsplit(url)
        is_trusted = any(url.startswith(prefix) for prefix in self.allowed_prefixes)
        if not is_trusted:
            _check(url, parts)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = _resolve(url, host, port, is_trusted)
        left = give_up_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long")
        connection = _Connection(parts.scheme == "https", host, port, address, left)
        try:
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request("GET", target, headers={"Accept-Encoding": "identity"})
            response = connection.getresponse()
            return response.status, response.headers, _read(response, url, give_up_at)
        finally:
            connection.close()


class _Connection(http.client.HTTPConnection):
    """Connects to an address that was checked, and not to what the name means by then."""

    def __init__(
        self, is_secure: bool, host: str, port: int, address: str, timeout_seconds: float
    ) -> None:
        super().__init__(host, port, timeout=timeout_seconds)
        self._address = address
        self._is_secure = is_secure

    def connect(self) -> None:
        """Open the connection."""
        sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._is_secure:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self.host)
        self.sock = sock


def _check(url: str, parts: SplitResult) -> None:
    if parts.scheme != "https":
        raise _refuse(url, f"is no https URL; give one, or {_ADVICE}")
    if parts.port not in (None, 443) or parts.username is not None:
        raise _refuse(url, "names a port or a user; leave them out")
    if parts.hostname not in _HOSTS:
        raise _refuse(url, f"is on a host that is not allowed; {_advise_to_allow(parts.hostname)}")


def _resolve(url: str, host: str, port: int, is_trusted: bool) -> str:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not is_trusted:
        for address in addresses:
            if not ipaddress.ip_address(address.partition("%")[0]).is_global:
                raise _refuse(url, f"is on an address that is not public; {_advise_to_allow(host)}")
    return addresses[0]


def _advise_to_allow(host: str | None) -> str:
    return f"{_ADVICE}, or allow the host with 'argosy serve --import-from https://{host}/'"


def _read(response: http.client.HTTPResponse, url: str, give_up_at: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read(2**16):
        size += len(chunk)
        if size > MAX_SPEC_BYTES:
            raise _refuse(url, "has more than 32 MiB; check that it is the URL of a pipeline")
        if time.monotonic() > give_up_at:
            raise TimeoutError("it takes too long")
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse(url: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"pipeline_url: '{url}' {problem}")

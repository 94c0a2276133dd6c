"""Connections to an API server: TLS, proxies, credentials, and what a failure means."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import socket
import ssl
import tempfile
import threading
import urllib.parse
import zlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from argosy_cluster.kubernetes.credentials import Credentials, make_credentials
from argosy_cluster.kubernetes.kubeconfig import ApiAccess
from argosy_cluster.kubernetes.requests import Request
from argosy_schemas.errors import InvalidArgumentError, UnreachableClusterError

_CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
"""How long an answer may take to begin, and to go on."""
_ALIVE_SECONDS: Final = 30
"""A connection on which nothing comes is asked after this time whether the other side is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the API server says."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Connections:
    """Makes connections to one API server, and keeps one for calls. For several threads."""

    def __init__(self, access: ApiAccess, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Make no connection yet.

        Args:
            access: Of the API server.
            answer_seconds: How long an answer may take to begin, and to go on.

        Raises:
            InvalidArgumentError: The URL of the server or of the proxy cannot be used.
        """
        self._access = access
        self._url = _split(access.server)
        self._answer_seconds = answer_seconds
        self._lock = threading.Lock()
        self._kept: http.client.HTTPConnection | None = None
        self._streams: set[http.client.HTTPConnection] = set()
        self._credentials: Credentials | None = None
        self._context: ssl.SSLContext | None = None

    def call(self, request: Request) -> Answer:
        """Send a request and return the whole answer, whatever its status.

        Raises:
            UnreachableClusterError: There was no answer, or only a part of one.
            InvalidArgumentError: A certificate or key cannot be used.
        """
        with self._lock:
            is_kept = self._kept is not None
            connection = self._kept or self._open(self._answer_seconds)
            self._kept = None
            try:
                answer = self._exchange(connection, request)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if not is_kept:
                    raise self._unreachable(error) from error
            else:
                self._kept = connection
                return answer
            # The API server may close a connection that is kept; a new one says whether it answers.
            connection = self._open(self._answer_seconds)
            try:
                answer = self._exchange(connection, request)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                raise self._unreachable(error) from error
            self._kept = connection
            return answer

    @contextlib.contextmanager
    def stream(
        self, request: Request, *, silence_seconds: float | None
    ) -> Generator[http.client.HTTPResponse]:
        """Send a request on a connection of its own, and yield the answer to read from.

        Args:
            request: To send.
            silence_seconds: How long nothing may come; ``None``: any time, while the other side is
                there.

        Raises:
            UnreachableClusterError: There was no answer.
        """
        with self._lock:
            connection = self._open(self._answer_seconds)
            self._streams.add(connection)
        try:
            try:
                self._send(connection, request)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise self._unreachable(error) from error
            if connection.sock is not None:
                connection.sock.settimeout(silence_seconds)
            yield response
        finally:
            with self._lock:
                self._streams.discard(connection)
            connection.close()

    def renew_credentials(self) -> bool:
        """Forget the credentials; return whether the next ones may be others."""
        with self._lock:
            self._credentials = self._context = None
            if self._kept is not None:
                self._kept.close()
                self._kept = None
        login = self._access.login
        return login.plugin is not None or login.token_file is not None

    def close(self) -> None:
        """Close the connection that is kept; streams end, for whoever reads them."""
        with self._lock:
            for stream in self._streams:
                if stream.sock is not None:
                    with contextlib.suppress(OSError):
                        stream.sock.shutdown(socket.SHUT_RDWR)
            if self._kept is not None:
                self._kept.close()
                self._kept = None

    def _exchange(self, connection: http.client.HTTPConnection, request: Request) -> Answer:
        self._send(connection, request)
        response = connection.getresponse()
        body = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        if headers.get("content-encoding") == "gzip":
            import gzip  # only long answers are compressed

            try:
                body = gzip.decompress(body)
            except (EOFError, zlib.error) as error:
                raise http.client.HTTPException(f"its answer is damaged ({error})") from error
        return Answer(status=response.status, headers=headers, body=body)

    def _send(self, connection: http.client.HTTPConnection, request: Request) -> None:
        headers = {"Accept": request.accept, "User-Agent": "argosy"}
        # A stream is read as it comes.
        is_whole = request.verb != "watch" and request.subresource != "log"
        headers["Accept-Encoding"] = "gzip" if is_whole else "identity"
        if self._credentials is not None and self._credentials.authorization:
            headers["Authorization"] = self._credentials.authorization
        if self._access.login.impersonated:
            headers["Impersonate-User"] = self._access.login.impersonated
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        prefix = self._url.path.rstrip("/")
        connection.request(request.method, f"{prefix}{request.target}", request.body, headers)

    def _open(self, answer_seconds: float) -> http.client.HTTPConnection:
        if self._credentials is None:
            self._credentials = make_credentials(self._access.login)
        host, port = self._url.hostname or "", self._url.port
        proxy = self._proxy()
        first, first_port = (host, port) if proxy is None else (proxy.hostname or "", proxy.port)
        if self._url.scheme == "http":
            connection: http.client.HTTPConnection = _Plain(first, first_port or 80)
        else:
            connection = _Secure(
                first,
                first_port or 443,
                context=self._tls(),
                server_name=self._access.server_name,
            )
        connection.timeout = _CONNECT_SECONDS
        if proxy is not None:
            headers: dict[str, str] = {}
            if proxy.username:
                pair = f"{urllib.parse.unquote(proxy.username)}:" + urllib.parse.unquote(
                    proxy.password or ""
                )
                headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            connection.set_tunnel(host, port or 443, headers)
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._unreachable(error) from error
        connection.sock.settimeout(answer_seconds)
        return connection

    def _proxy(self) -> urllib.parse.SplitResult | None:
        if self._access.proxy:
            return _split(self._access.proxy)
        if not any(name.lower() in ("https_proxy", "http_proxy") for name in os.environ):
            return None
        from urllib.request import getproxies, proxy_bypass  # 20 ms, rarely needed

        url = getproxies().get(self._url.scheme)
        if not url or proxy_bypass(self._url.netloc.rpartition("@")[2]):
            return None
        return _split(url if "://" in url else f"http://{url}")

    def _tls(self) -> ssl.SSLContext:
        if self._context is not None:
            return self._context
        try:
            context = ssl.create_default_context(cadata=self._access.authority)
        except (ssl.SSLError, ValueError) as error:
            raise InvalidArgumentError(
                f"the certificate-authority of context '{self._access.name}' is no certificate"
            ) from error
        if not self._access.is_checked:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self._credentials is not None and self._credentials.certificate is not None:
            _load_certificate(context, self._credentials, self._access.name)
        self._context = context
        return context

    def _unreachable(self, error: Exception) -> UnreachableClusterError:
        name, server = self._access.name, self._access.server
        where = f"cluster '{name}'" if name == server else f"cluster '{name}' ({server})"
        match error:
            case ssl.SSLCertVerificationError():
                reason = f"its certificate is not accepted: {error.verify_message}"
                advice = "renew the kubeconfig"
            case ssl.SSLError():
                reason = f"TLS fails: {error.reason or error}"
                advice = "check the URL and the certificates in the kubeconfig"
            case TimeoutError():
                reason = "it does not answer in time"
                advice = "check the network, a VPN among it"
            case socket.gaierror():
                reason = "its host is unknown"
                advice = "check the server of the kubeconfig, and the network"
            case ConnectionRefusedError():
                reason = "the connection was refused"
                advice = "check that it runs"
            case _:
                reason = str(error) or type(error).__name__
                advice = "check the network"
        return UnreachableClusterError(f"{where} cannot be reached: {reason}; {advice}")


def _split(url: str) -> urllib.parse.SplitResult:
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InvalidArgumentError(f"'{url}' in the kubeconfig is no URL: {error}") from error
    if not parts.hostname:
        raise InvalidArgumentError(f"'{url}' in the kubeconfig is no URL")
    return parts


def _load_certificate(context: ssl.SSLContext, credentials: Credentials, name: str) -> None:
    # The library of Python reads them from files only; this one is readable by its owner alone.
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write((credentials.certificate or b"") + b"\n" + (credentials.key or b""))
        file.flush()
        try:
            # No password: otherwise an encrypted key would ask on the terminal.
            context.load_cert_chain(file.name, password="")
        except (ssl.SSLError, ValueError) as error:
            raise InvalidArgumentError(
                f"the client certificate and key of context '{name}' cannot be used: {error}"
            ) from error


def _keep_alive(sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    times = {"TCP_KEEPIDLE": _ALIVE_SECONDS, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
    for option, value in times.items():
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


class _Plain(http.client.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _keep_alive(self.sock)


class _Secure(http.client.HTTPSConnection):
    def __init__(
        self, host: str, port: int, *, context: ssl.SSLContext, server_name: str | None
    ) -> None:
        super().__init__(host, port, context=context)
        self._tls_context = context
        self._server_name = server_name

    def connect(self) -> None:
        if self._server_name is None:
            super().connect()
        else:
            # As HTTPSConnection does, but for the name in the certificate.
            http.client.HTTPConnection.connect(self)
            self.sock = self._tls_context.wrap_socket(self.sock, server_hostname=self._server_name)
        _keep_alive(self.sock)

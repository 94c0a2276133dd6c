"""A server that has nothing, and remembers what it was asked for and who signed."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Asked(ThreadingHTTPServer):
    """Answers every request with 404.

    Attributes:
        requests: Method, path and ``Authorization`` of each.
        headers: The names of the headers of each, in lower case.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Nothing)
        self.requests: list[tuple[str, str, str]] = []
        self.headers: list[set[str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Nothing(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        assert isinstance(self.server, Asked)
        signature = self.headers.get("Authorization", "").strip()
        self.server.headers.append({name.lower() for name in self.headers})
        self.server.requests.append((self.command, self.path, signature))
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET = do_PUT = do_POST = do_DELETE = _answer  # the names are given

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def asked_server() -> Generator[Asked]:
    """Run the server in this process."""
    with Asked() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

"""Pipelines by URL, from a server of the tests."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from argosy_service.errors import InvalidRequestError
from argosy_service.resources.specs.url_import import UrlImporter
from argosy_service.settings import ServiceSettings
from service_running import run_service

HELLO = (Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml").read_bytes()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/loop":
            self._send(302, b"", Location="/loop")
        elif self.path == "/away":
            self._send(302, b"", Location="https://169.254.169.254/latest")
        elif self.path == "/moved":
            self._send(302, b"", Location="/hello.yaml?a=b")
        elif self.path == "/large.yaml":
            self._send(200, b" " * (33 * 2**20))
        elif self.path.startswith("/hello.yaml"):
            self._send(200, HELLO)
        else:
            self._send(404, b"")

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # who asks may go away early
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with serving() as url:
        yield url


@contextmanager
def serving() -> Generator[str]:
    """Yield the URL of a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["hello.yaml", "moved"])
def test_a_url_that_is_allowed_is_fetched(server: str, path: str) -> None:
    assert UrlImporter(allowed_prefixes=(server,)).fetch(server + path) == HELLO


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("nothing", "cannot be fetched: it answers 404"),
        ("loop", "redirects more than 10 times; upload the file"),
        ("large.yaml", "has more than 32 MiB"),
        ("away", "is on a host that is not allowed"),
    ],
)
def test_what_cannot_be_fetched_is_refused(server: str, path: str, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        UrlImporter(allowed_prefixes=(server,)).fetch(server + path)


def test_without_permission_nothing_is_asked(server: str) -> None:
    with pytest.raises(InvalidRequestError, match="is no https URL; give one, or upload"):
        UrlImporter().fetch(f"{server}hello.yaml")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequestError, match="cannot be fetched"):
        UrlImporter(allowed_prefixes=("http://127.0.0.1:1/",)).fetch("http://127.0.0.1:1/x")


def test_pipelines_and_versions_come_from_urls(server: str, tmp_path: Path) -> None:
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0, import_prefixes=(server,))
    url = {"package_url": {"pipeline_url": f"{server}hello.yaml"}}
    with run_service(settings) as client:
        body = {"pipeline": {"name": "p", "description": "d"}, "pipeline_version": url}
        pipeline = client.post("/pipelines/create", body)
        path = f"/pipelines/{pipeline['pipeline_id']}/versions"
        added = client.post(path, {"name": "v2", "description": "e", **url})

        first, second = client.get(path)["pipeline_versions"]

    assert (first["name"], first["description"]) == ("p", "d")
    assert second == added
    assert second["package_url"] == url["package_url"]
    assert second["pipeline_spec"] == first["pipeline_spec"]

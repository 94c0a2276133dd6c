"""Answers of 200 that hold an error: S3 may begin to answer before it knows how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from argosy_schemas.errors import StoreError
from argosy_store.stores import Stores

PARTS = 3 * 8 * 1024 * 1024


class Failing(ThreadingHTTPServer):
    """Begins multipart uploads and takes their parts; all else is an error inside a 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.code = "InternalError"

    @property
    def url(self) -> str:
        return f"s3://b/root?endpoint=http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        assert isinstance(self.server, Failing)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = f"<Error><Code>{self.server.code}</Code><Message>Again.</Message></Error>"
        self.send_response(200)
        if "partNumber=" in self.path:
            body = ""
            self.send_header("ETag", '"e"')
        elif "uploads=" in self.path:
            begun = "<Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId>"
            body = f"<InitiateMultipartUploadResult>{begun}</InitiateMultipartUploadResult>"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_PUT = do_POST = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Failing]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with Failing() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("code", ["InternalError", "SlowDown", "ServiceUnavailable"])
@pytest.mark.parametrize("operation", ["put", "put_if_absent", "delete", "put_file"])
def test_an_error_inside_a_200_is_an_error_that_is_worth_another_try(
    operation: str, code: str, failing: Failing, tmp_path: Path
) -> None:
    failing.code = code
    store = Stores(patience_seconds=0).open(failing.url)
    big = tmp_path / "big"
    big.write_bytes(bytes(PARTS))

    operations: Mapping[str, Callable[[], object]] = {
        "put": lambda: store.put("k", b"1"),
        "put_if_absent": lambda: store.put_if_absent("k", b"1"),
        "delete": lambda: store.delete("k"),
        "put_file": lambda: store.put_file("k", big),
    }

    with pytest.raises(StoreError) as caught:
        operations[operation]()

    assert caught.value.retryable, str(caught.value)
    assert str(caught.value).startswith("s3://b/root/k: ")

"""The bytes of artifacts by HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from argosy_runs.results import TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.formats.records import Artifact, Content, ContentKind, Values
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import ArtifactUri, TaskPath
from argosy_service.api.ranges import UnsatisfiableRangeError, parse_range
from argosy_service.background.ledger import Ledger
from argosy_service.database.database import open_database
from argosy_service.engines.protocol import RunReport
from argosy_service.resources.runs.tasks import make_task_id
from service_running import Client

HELLO = yaml.safe_load(
    (Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml").read_text()
)
BYTES = os.urandom(500_000)
LARGE = os.urandom(7 * 2**20 + 1)
HTML = b"<script>alert(1)</script>"


def make_artifact(uri: str, kind: ContentKind = ContentKind.FILE) -> Artifact:
    return Artifact(name="model", uri=ArtifactUri(uri), content=Content(kind=kind, files=1))


def make_run(client: Client, artifacts: dict[str, Artifact], **members: object) -> str:
    """Create a run whose task `train` made some artifacts."""
    run = client.post("/runs", {"display_name": "run", "pipeline_spec": HELLO, **members})
    run_id: str = run["run_id"]
    task = TaskResult(
        path=TaskPath("train"),
        kind=TaskKind.CONTAINER,
        name="train",
        display_name="train",
        state=TaskState.SUCCEEDED,
        outputs=Values(artifacts={name: (each,) for name, each in artifacts.items()}),
    )
    database = open_database(client.settings.database_url)
    started = datetime(2026, 5, 1, tzinfo=UTC)
    report = RunReport(run_id=run_id, state="RUNNING", tasks=(task,), started_at=started)
    Ledger(database).take([report], 1)
    database.close()
    return run_id


def store(client: Client, name: str, data: bytes) -> str:
    path = client.settings.home.absolute() / "artifacts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def fetch(
    client: Client, path: str, *, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    port = client.service.http_port
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def url(run_id: str, name: str, action: str, node: str = "train") -> str:
    return f"/apis/v2beta1/runs/{run_id}/nodes/{node}/artifacts/{name}:{action}"


def test_an_artifact_is_read_as_base64(client: Client) -> None:
    run_id = make_run(client, {"model": make_artifact(store(client, "a/model.bin", BYTES))})

    answer = client.get(url(run_id, "model", "read", make_task_id(run_id, "train")))

    assert base64.b64decode(answer["data"]) == BYTES


def test_an_artifact_is_downloaded_whole_or_in_ranges(client: Client) -> None:
    run_id = make_run(client, {"model": make_artifact(store(client, "b/model.html", HTML))})
    path = url(run_id, "model", "download")

    status, headers, whole = fetch(client, path)
    part = fetch(client, path, Range="bytes=1-6")
    beyond = fetch(client, path, Range="bytes=900-")

    assert (status, whole) == (200, HTML)
    assert (part[0], part[2]) == (206, b"script")
    assert part[1]["Content-Range"] == f"bytes 1-6/{len(HTML)}"
    assert beyond[0] == 416
    # Never as something that a browser shows or runs.
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == 'attachment; filename="model.html"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    again = fetch(client, path, Range="bytes=0-0", **{"If-Range": headers["ETag"]})
    assert again[0] == 206


def test_a_large_artifact_comes_in_parts(client: Client) -> None:
    path = store(client, "c/m", LARGE)
    run_id = make_run(client, {"model": make_artifact(path)})

    whole = fetch(client, url(run_id, "model", "download"))
    read = json.loads(fetch(client, url(run_id, "model", "read"))[2])["data"]
    end = fetch(client, url(run_id, "model", "download"), Range="bytes=-4000000")
    head = fetch(client, url(run_id, "model", "download"), method="HEAD")

    assert whole[2] == LARGE
    assert base64.b64decode(read) == LARGE
    assert (end[0], end[2]) == (206, LARGE[-4_000_000:])
    assert (head[0], head[1]["Content-Length"], head[2]) == (200, str(len(LARGE)), b"")


def test_a_range_of_another_state_of_the_file_is_none(client: Client) -> None:
    run_id = make_run(client, {"model": make_artifact(store(client, "d/m", b"one"))})
    path = url(run_id, "model", "download")
    etag = fetch(client, path)[1]["ETag"]

    store(client, "d/m", b"other")
    found = fetch(client, path, Range="bytes=0-1", **{"If-Range": etag})

    assert (found[0], found[2]) == (200, b"other")


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=3-", (3, 10)),
        ("bytes=3-99", (3, 10)),
        ("bytes=-4", (6, 10)),
        ("bytes=-99", (0, 10)),
        ("Bytes = 1 - 2", (1, 3)),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        (f"bytes=0-{'9' * 5000}", None),
    ],
)
def test_ranges_are_read(header: str | None, span: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == span


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_range(header, 10)


def test_what_is_elsewhere_is_not_read(client: Client, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    outside = f"{client.settings.home.absolute()}/artifacts/../service/service.db"
    own = tmp_path / "root" / "own"
    own.parent.mkdir()
    own.write_bytes(b"own")
    artifacts = {
        "secret": make_artifact(f"file://{secret}"),
        "outside": make_artifact(outside),
        "imported": make_artifact("https://example.com/x"),
        "own": make_artifact(str(own)),
    }
    run_id = make_run(client, artifacts)
    with_root = make_run(client, artifacts, runtime_config={"pipeline_root": str(own.parent)})

    for name in ("secret", "outside", "imported", "own"):
        status, _, body = fetch(client, url(run_id, name, "download"))
        assert (status, b"outside of the root of its run" in body) == (400, True), body
    assert fetch(client, url(with_root, "own", "download"))[2] == b"own"
    assert fetch(client, url(with_root, "secret", "download"))[0] == 400


@pytest.mark.parametrize(
    ("node", "name", "status", "problem"),
    [
        ("train", "x", 404, "has no artifact 'x'; its inputs and outputs"),
        ("x", "gone", 404, "has no task 'x' so far"),
        ("train", "gone", 404, "is no file any more; run the task"),
        ("train", "folder", 400, "artifact 'folder' of task 'train' is a directory; read it from"),
        ("train", "..%2F..%2Fx", 404, "Not Found"),
    ],
)
def test_what_is_no_file_is_refused(
    client: Client, node: str, name: str, status: int, problem: str
) -> None:
    home = client.settings.home.absolute()
    artifacts = {
        "gone": make_artifact(f"{home}/artifacts/gone"),
        "folder": make_artifact(f"{home}/artifacts/folder", ContentKind.DIRECTORY),
    }
    run_id = make_run(client, artifacts)

    for action in ("read", "download"):
        found, _, body = fetch(client, url(run_id, name, action, node))
        assert (found, problem in body.decode()) == (status, True), body

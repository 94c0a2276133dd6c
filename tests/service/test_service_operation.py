"""What operators look at: probes, numbers, the log of requests, and how the service ends."""

from __future__ import annotations

import http.client
import logging
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from sqlalchemy.exc import OperationalError

from argosy_service.access.access import Caller
from argosy_service.api.database_errors import translate_database_errors
from argosy_service.api.request_log import Recorder, choose_request_id
from argosy_service.background.run_keeper import RunKeeper
from argosy_service.errors import UnavailableError
from argosy_service.health import Health
from argosy_service.metrics import Metrics
from argosy_service.protos.experiment_pb2 import Experiment, GetExperimentRequest
from argosy_service.settings import ServiceSettings
from argosy_service.warning_log import WarningLog
from cli_processes import ARGOSY
from service_running import PACKAGE, Client, run_service

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"

# Numbers.


def test_metrics_are_written_in_the_format_of_prometheus() -> None:
    metrics = Metrics()
    metrics.count("x_total", "Things.", kind='a "b"\n')
    metrics.count("x_total", "Things.", kind='a "b"\n')
    metrics.observe("x_seconds", "Durations.", 0.3)
    metrics.add_gauge("y", "Others.", lambda: {(("state", "NEW"),): 3, (): 0.5})

    lines = metrics.write().splitlines()

    assert lines[:3] == [
        "# HELP x_total Things.",
        "# TYPE x_total counter",
        'x_total{kind="a \\"b\\"\\n"} 2',
    ]
    assert lines[3:5] == ["# HELP x_seconds Durations.", "# TYPE x_seconds histogram"]
    assert 'x_seconds_bucket{le="0.25"} 0' in lines
    assert 'x_seconds_bucket{le="0.5"} 1' in lines
    assert 'x_seconds_bucket{le="+Inf"} 1' in lines
    assert lines[-6:] == [
        "x_seconds_sum 0.3",
        "x_seconds_count 1",
        "# HELP y Others.",
        "# TYPE y gauge",
        'y{state="NEW"} 3',
        "y 0.5",
    ]


def test_a_gauge_that_cannot_be_read_is_left_out() -> None:
    metrics = Metrics()
    metrics.add_gauge("x", "Gone.", lambda: {(): 1 / 0})
    metrics.add_gauge("y", "There.", lambda: {(): 1})

    assert "\ny 1\n" in metrics.write()
    assert "x" not in metrics.write().replace("\n", " ").split()


def read_metrics(client: Client) -> dict[str, float]:
    answer = client.ask("GET", "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.body.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_requests_are_counted_by_method_and_code(sqlite_client: Client) -> None:
    rest = 'argosy_requests_total{transport="rest",method="GetExperiment",code="404"}'
    other = 'argosy_requests_total{transport="rest",method="none",code="404"}'
    before = read_metrics(sqlite_client)

    sqlite_client.ask("GET", "/experiments/x")
    sqlite_client.ask("GET", "/nothing")
    ask_by_grpc(sqlite_client)
    after = read_metrics(sqlite_client)

    assert after[rest] - before.get(rest, 0) == 1
    assert after[other] - before.get(other, 0) == 1
    by_grpc = '{transport="grpc",method="GetExperiment",code="NOT_FOUND"}'
    assert after[f"argosy_requests_total{by_grpc}"] >= 1
    assert after['argosy_request_seconds_count{transport="rest",method="GetExperiment"}'] >= 1


def test_runs_are_counted_by_state(client: Client) -> None:
    spec = yaml.safe_load(HELLO.read_text())
    client.post("/runs", {"display_name": "r", "pipeline_spec": spec})

    found = read_metrics(client)

    assert found['argosy_runs{state="PENDING"}'] == 1
    assert found["argosy_deleted_runs"] == 0
    assert found["argosy_background_silence_seconds"] < 30
    assert found["argosy_watch_lag_seconds"] == 0


# Probes.


def test_a_service_is_ready(client: Client) -> None:
    assert (client.ask("GET", "/readyz").status, client.ask("GET", "/readyz").body) == (200, "ok\n")


def test_a_service_without_its_database_lives_and_is_not_ready(tmp_path: Path) -> None:
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0)
    with run_service(settings) as client:
        with closing(sqlite3.connect(tmp_path / "service" / "service.db")) as other:
            other.execute("DROP TABLE runs")
            other.commit()
        ready, live = client.ask("GET", "/readyz"), client.ask("GET", "/livez")
        metrics = client.ask("GET", "/metrics")

    assert (ready.status, ready.body) == (
        503,
        "the database does not answer: no such table: runs; try again\n",
    )
    assert (live.status, metrics.status) == (200, 200)
    assert "argosy_background_silence_seconds" in metrics.body


def test_a_service_whose_database_was_removed_takes_nothing_that_would_be_lost(
    tmp_path: Path,
) -> None:
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0)
    file = tmp_path / "service" / "service.db"
    with run_service(settings) as client:
        client.post("/experiments", {"display_name": "kept"})
        file.rename(tmp_path / "moved.db")
        created = client.ask("POST", "/experiments", {"display_name": "lost"})
        ready = client.ask("GET", "/readyz")
        is_new = file.exists()
        (tmp_path / "moved.db").rename(file)
        again = client.ask("POST", "/experiments", {"display_name": "kept as well"})

    message = f"the database is gone: '{file}' was removed or replaced; start the service again"
    assert (created.status, created.message) == (503, message)
    assert (ready.status, ready.body) == (503, f"{message}\n")
    assert not is_new
    assert again.status == 200


def test_a_database_that_is_damaged_is_told_as_that(tmp_path: Path) -> None:
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0)
    with run_service(settings) as client:
        with closing(sqlite3.connect(tmp_path / "service" / "service.db")) as other:
            other.execute("PRAGMA writable_schema = ON")
            other.execute("UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'runs'")
            other.execute("CREATE TABLE others_read_the_schema_again (x)")
            other.commit()
        answer = client.ask("GET", "/runs")

    assert answer.status == 503
    assert answer.message.startswith("the database is damaged: ")
    assert answer.message.endswith("; restore a backup")


def test_an_error_of_the_database_without_a_text_is_told_by_its_kind() -> None:
    told = "does not answer: ConnectionResetError; try again"
    with pytest.raises(UnavailableError, match=told), translate_database_errors():
        raise OperationalError("SELECT 1", None, ConnectionResetError())


def test_health_tells_how_long_the_jobs_are_silent() -> None:
    now = 10.0
    health = Health(lambda: now)
    now = 15.0
    silence = health.silence_seconds
    health.beat()

    assert (silence, health.silence_seconds) == (5.0, 0.0)


def test_jobs_that_fail_do_not_hang() -> None:
    now = 10.0
    health = Health(lambda: now)
    now = 15.0
    health.fail("keep", ValueError("no\nmore"))
    health.warn("keep", "run x cannot be removed")
    health.beat()
    failed = health.silence_seconds, health.round_seconds
    health.beat()

    assert (failed, health.silence_seconds) == ((5.0, 0.0), 0.0)
    assert health.failures == {"keep": 2}


def test_a_warning_is_told_once_an_hour() -> None:
    now, stream = 0.0, StringIO()
    log = WarningLog(stream, lambda: now)
    logging.getLogger("argosy").addHandler(log)
    try:
        for at in (0.0, 1.0, 3000.0, 3601.0):
            now = at
            Health().fail("keep", OperationalError("SELECT 1", None, Exception("gone\naway")))
        for number in range(1001):
            Health().warn("keep", f"run {number} cannot be removed")
        Health().warn("keep", "run 0 cannot be removed")
    finally:
        logging.getLogger("argosy").removeHandler(log)

    lines = stream.getvalue().splitlines()
    told = [line.partition(" ")[2] for line in lines]
    assert told[:3] == [
        "warning=\"the job 'keep' failed: Exception: gone\"",
        "warning=\"the job 'keep' failed: Exception: gone\"",
        'warning="run 0 cannot be removed"',
    ]
    assert (len(told), told[-1]) == (1004, 'warning="run 0 cannot be removed"')
    assert re.fullmatch(r"time=\S+Z", lines[0].partition(" ")[0])


def test_a_service_whose_jobs_fail_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> bool:
        raise ValueError("no room")

    monkeypatch.setattr(RunKeeper, "step", fail)
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0, logs_requests=False)
    name = 'argosy_background_failures_total{job="keep"}'
    with run_service(settings) as client:
        give_up_at = time.monotonic() + 60
        while read_metrics(client).get(name, 0) < 2:
            assert time.monotonic() < give_up_at
            time.sleep(0.1)

    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[2] for line in lines if "warning=" in line] == [
        "warning=\"the job 'keep' failed: ValueError: no room\""
    ]


# Ids and the log of requests.


def test_an_answer_repeats_the_id_of_its_request(sqlite_client: Client) -> None:
    given = sqlite_client.ask("GET", "/experiments", headers={"X-Request-Id": "a-1"})
    refused = sqlite_client.ask("GET", "/nothing", headers={"X-Request-Id": "a-2"})
    new = sqlite_client.ask("GET", "/experiments")

    assert (given.headers["x-request-id"], refused.headers["x-request-id"]) == ("a-1", "a-2")
    assert re.fullmatch("[0-9a-f]{32}", new.headers["x-request-id"])


@pytest.mark.parametrize("given", [None, "", "a b", 'x"y', "x" * 129, "\r\nx: y"])
def test_an_id_that_is_none_is_replaced(given: str | None) -> None:
    assert re.fullmatch("[0-9a-f]{32}", choose_request_id(given))


def ask_by_grpc(client: Client, *metadata: tuple[str, str]) -> Any:
    """Return the call, which fails."""
    with grpc.insecure_channel(f"127.0.0.1:{client.service.grpc_port}") as channel:
        ask = channel.unary_unary(
            f"/{PACKAGE}.ExperimentService/GetExperiment",
            request_serializer=GetExperimentRequest.SerializeToString,
            response_deserializer=Experiment.FromString,
        )
        request = GetExperimentRequest(experiment_id="x")
        call: Any = ask.future(request, metadata=metadata, timeout=60)
        call.exception()
        return call


def test_a_call_repeats_the_id_of_its_request(sqlite_client: Client) -> None:
    call = ask_by_grpc(sqlite_client, ("x-request-id", "b-1"))

    assert ("x-request-id", "b-1") in call.initial_metadata()


def test_a_bug_is_told_with_the_id_of_its_request(tmp_path: Path) -> None:
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0)
    with run_service(settings) as client:
        client.post("/experiments", {"display_name": "broken"})
        with closing(sqlite3.connect(tmp_path / "service" / "service.db")) as other:
            other.execute(
                "UPDATE experiments SET id = 'x', created_at = 'never' WHERE name = 'broken'"
            )
            other.commit()
        answer = client.ask("GET", "/experiments/x", headers={"X-Request-Id": "a-1"})
        call = ask_by_grpc(client, ("x-request-id", "b-1"))

    words = r"GetExperiment failed: .*; this is a bug in Argosy, report it with the request id {} "
    assert answer.status == 500
    assert re.match(words.format("a-1"), answer.message)
    assert call.code() is grpc.StatusCode.INTERNAL
    assert re.match(words.format("b-1"), call.details())


def record(recorder: Recorder, **details: str) -> None:
    recorder.record(
        request_id="a-1",
        transport="rest",
        method="GetRun",
        code="200",
        seconds=0.0123,
        caller=Caller(user="ann smith"),
        details=details,
    )


def test_a_request_is_a_line_of_the_log() -> None:
    stream = StringIO()

    record(Recorder(Metrics(), stream=stream), request='GET /runs/"\n', peer="::1")

    time_, _, rest = stream.getvalue().partition(" ")
    assert re.fullmatch(r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time_)
    assert rest == (
        'id=a-1 transport=rest method=GetRun request="GET /runs/\\"\\n" peer=::1 code=200 ms=12.3 '
        'user="ann smith"\n'
    )


def test_a_log_that_nobody_takes_is_no_problem() -> None:
    stream = StringIO()
    stream.close()

    record(Recorder(Metrics(), stream=stream))


# The end.


@contextmanager
def serving(home: Path, drain_seconds: int) -> Generator[tuple[subprocess.Popen[str], int]]:
    """A process that goes on for some seconds after SIGTERM, and its port."""
    words = ["--home", str(home), "--port", "0", "--grpc-port", "0"]
    words += ["--drain-seconds", str(drain_seconds)]
    with subprocess.Popen([ARGOSY, "serve", *words], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stderr.readline())
            assert found is not None
            yield process, int(found[1])
        finally:
            process.kill()


def ask_status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_service_that_ends_says_so_and_answers_what_came(tmp_path: Path) -> None:
    with serving(tmp_path, 60) as (process, port):
        before = ask_status(port, "/readyz")

        os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while ask_status(port, "/readyz") != 503:
            assert time.monotonic() < deadline
        answered = ask_status(port, "/apis/v2beta1/experiments")
        # Who asks again does not wait.
        os.kill(process.pid, signal.SIGTERM)

        assert (before, answered) == (200, 200)
        assert process.wait(50) == 0
        with pytest.raises(ConnectionRefusedError):
            ask_status(port, "/livez")


def test_the_log_of_a_service_has_its_requests(tmp_path: Path) -> None:
    with serving(tmp_path, 2) as (process, port):
        for path in ("/livez", "/apis/v2beta1/experiments", "/apis/v2beta1/runs/x"):
            ask_status(port, path)
        os.kill(process.pid, signal.SIGTERM)
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()

    assert [re.findall(r"(?:method|request|code)=(\"[^\"]*\"|\S+)", line) for line in lines] == [
        ["ListExperiments", '"GET /apis/v2beta1/experiments"', "200"],
        ["GetRun", '"GET /apis/v2beta1/runs/x"', "404"],
    ]


def test_followers_of_logs_do_not_keep_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argosy_service.serve._GRACE_SECONDS", 200)
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0, max_runs=0)
    with run_service(settings) as client:
        spec = yaml.safe_load(HELLO.read_text())
        run_id = client.post("/runs", {"display_name": "r", "pipeline_spec": spec})["run_id"]
        with closing(sqlite3.connect(tmp_path / "service" / "service.db")) as database:
            database.execute(
                "INSERT INTO tasks (run_id, path, id, position) VALUES (?, 'hello', 'x', 0)",
                [run_id],
            )
            database.commit()
        ended = threading.Event()

        def follow() -> None:
            path = f"/apis/v1alpha1/runs/{run_id}/nodes/hello/log"
            assert client.ask("GET", path, query={"follow": "true"}).status == 200
            ended.set()

        follower = threading.Thread(target=follow)
        follower.start()
        time.sleep(1)
        assert not ended.is_set()
        stopped_at = time.monotonic()

    follower.join(100)
    assert ended.is_set()
    assert time.monotonic() - stopped_at < 100

"""``argosy serve`` as a process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from argosy_service.settings import ServiceSettings
from cli_processes import ARGOSY, argosy
from service_running import run_service


@contextmanager
def serving(home: Path, *words: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Yield a service and its URL."""
    command = [ARGOSY, "serve", "--home", str(home), "--port", "0", "--grpc-port", "0", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.fullmatch(
                r"argosy serves the KFP API at (\S+), gRPC at port \d+; Ctrl-C stops it\n", line
            )
            assert found is not None, line
            yield process, found[1]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path / "home") as (process, url):
        with urllib.request.urlopen(f"{url}/apis/v2beta1/healthz") as answer:
            assert answer.status == 200

        os.kill(process.pid, number)

        assert process.wait(30) == 0


def test_a_second_service_on_a_home_sees_the_same(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as (process, url):
        request = urllib.request.Request(
            f"{url}/apis/v2beta1/experiments", b'{"display_name": "kept"}', method="POST"
        )
        urllib.request.urlopen(request).close()
        process.kill()
        process.wait()

    with (
        serving(tmp_path / "home") as (_, url),
        urllib.request.urlopen(f"{url}/apis/v2beta1/experiments") as answer,
    ):
        assert b"kept" in answer.read()


def test_a_bug_is_not_taken_for_a_port_that_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("argosy_service.api.grpc_api._add_methods", fail)
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0)

    with pytest.raises(RuntimeError, match="a bug"), run_service(settings):
        pass


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        ended = argosy(
            "serve", "--home", str(tmp_path), "--port", port, "--grpc-port", "0", cwd=tmp_path
        )
        by_grpc = argosy(
            "serve", "--home", str(tmp_path), "--port", "0", "--grpc-port", port, cwd=tmp_path
        )

    assert ended.status == 1
    assert ended.errors == [
        f"127.0.0.1:{port} cannot be listened on; is another service running? "
        "Choose another port with --port"
    ]
    assert by_grpc.errors[-1].endswith("Choose another port with --grpc-port")


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")

    ended = argosy(
        "serve", "--home", str(tmp_path / "home"), "--port", "0", "--grpc-port", "0", cwd=tmp_path
    )

    assert ended.status == 1
    assert ended.errors[0].endswith("choose another --home")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--host", "192.0.2.1"), "'192.0.2.1' is no address of this machine: "),
        (("--host", "a.invalid"), "'a.invalid' is no address of this machine: "),
        (("--allow-host", "http://a.example"), "--allow-host: 'http://a.example' is no name of a "),
        (("--allow-host", "a.example:8888"), "--allow-host: 'a.example:8888' is no name of a host"),
        (("--database", "sqlite://"), "the database URL 'sqlite://' names no file; write sqlite:"),
        (("--keep-runs", "90"), "--keep-runs: '90' is not a time; write it like 90s, 15m, 2h or "),
        (("--keep-archived", "7"), "--keep-archived: '7' is not a time; "),
    ],
)
def test_a_value_that_means_nothing_is_refused(
    words: tuple[str, ...], error: str, tmp_path: Path
) -> None:
    ended = argosy("serve", "--port", "0", "--grpc-port", "0", *words, cwd=tmp_path)

    assert ended.status in (1, 2)
    assert ended.errors[-1].startswith(error)


CLUSTER = "is for runs on a cluster; add --engine argo, or leave it out"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("serve", "--store", "s3://a/b"), f"--store {CLUSTER}"),
        (("serve", "--keep-workflows", "2d"), f"--keep-workflows {CLUSTER}"),
        (("serve", "--engine", "local", "-n", "ml"), f"--namespace {CLUSTER}"),
        (("serve", "--user-header", "x-user"), "--user-header is for --multi-user; add it as well"),
        (
            ("serve", "--engine", "argo", "-j", "2"),
            "--jobs is for runs on this machine; add --engine local, or leave it out",
        ),
        (
            ("serve", "--engine", "argo", "--store", "s3://a/b", "--ir", "configmap"),
            "--ir configmap is for single workflows, since nothing would remove the ConfigMaps of "
            "a service's runs; leave it out, or use --ir store",
        ),
        (("service", "rebuild", "--store", "s3://a/b"), f"--store {CLUSTER}"),
        (("service", "rebuild", "--engine", "local", "--context", "c"), f"--context {CLUSTER}"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    words: tuple[str, ...], error: str, tmp_path: Path
) -> None:
    ended = argosy(*words, "--home", str(tmp_path / "home"), cwd=tmp_path)

    assert (ended.status, ended.errors) == (2, [error])
    assert not (tmp_path / "home").exists()

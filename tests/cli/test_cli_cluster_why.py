"""``argosy why`` and ``argosy logs`` on the runs of a cluster."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli_processes import ARGOSY, argosy, shell_pipeline
from cluster_workflows import UID, put
from kube_server import KubeServer, kube_server

WAITING = {
    "waiting": {"reason": "CreateContainerConfigError", "message": 'secret "token" not found'}
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubeServer]:
    with kube_server() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.write_kubeconfig(tmp_path / "kubeconfig")))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        yield server


def put_pod(server: KubeServer, state: dict[str, Any], *, log: bytes | None = None) -> None:
    """Put the pod of the task ``say`` of the run ``hello-1`` into the cluster."""
    launcher = {"name": "launcher", "env": [{"name": "ARGOSY_TASK", "value": "say"}]}
    server.put(
        "pods",
        {
            "metadata": {
                "name": "hello-1-pod-1",
                "namespace": "ml",
                "uid": "attempt-1",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": {"workflows.argoproj.io/workflow": "hello-1"},
                "annotations": {"workflows.argoproj.io/node-name": "hello-1.say"},
            },
            "spec": {"containers": [{"name": "main", "image": "debian:12"}, launcher]},
            "status": {
                "phase": "Pending",
                "containerStatuses": [{"name": "main", "state": state}],
            },
        },
    )
    if log is not None:
        server.logs["hello-1-pod-1", "main"] = log


def line(second: int, text: str) -> bytes:
    return f"2026-01-01T00:00:{second:02d}.5Z {text}\n".encode()


def test_a_pod_that_does_not_start_explains_itself(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Running", store=tmp_path)
    put_pod(server, WAITING)

    text = argosy("why", "hello-1", "-n", "ml", cwd=tmp_path)
    document = argosy("why", "hello-1", "-n", "ml", "-o", "json", cwd=tmp_path).result

    cause = "the secret 'token' is missing in namespace 'ml'"
    step = "create it there, or name another one; the pod starts as soon as it exists"
    assert (text.status, text.err) == (0, "")
    assert text.out == (
        f"run {UID} of hello: the run goes on; 1 task is in trouble\n"
        "\n"
        f"● say does not end: {cause}\n"
        f"  next: {step}\n"
    )
    (found,) = document["causes"]
    assert (found["state"], found["error"], found["next_step"]) == ("RUNNING", cause, step)


def test_a_failure_shows_the_last_lines_of_its_pod(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Failed", store=tmp_path)
    ended = {"terminated": {"exitCode": 7, "message": "the command ended with exit code 7"}}
    put_pod(server, ended, log=line(0, "loading") + line(1, "no space"))

    ended_command = argosy("why", "-n", "ml", "--tail", "1", cwd=tmp_path)

    assert ended_command.out == (
        f"run {UID} of hello: 'say' failed: the command ended with exit code 7\n"
        "\n"
        "✖ say failed in 9.0s: the command ended with exit code 7\n"
        "    | no space\n"
        "  next: correct the pipeline and run it again; what succeeded comes from the cache\n"
    )


def test_a_workflow_that_no_controller_takes_says_so(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Running", store=tmp_path)
    del server.objects["workflows"]["hello-1"]["status"]

    ended = argosy("why", "hello-1", "-n", "ml", cwd=tmp_path)

    assert "Argo's controller has not taken the workflow for " in ended.out
    assert ended.out.endswith("with 'argosy doctor cluster -n ml'\n")


def test_logs_come_from_the_pod_and_then_from_the_store(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Running", store=tmp_path)
    put_pod(server, {"running": {}}, log=line(0, "one"))

    stored = tmp_path / "runs" / UID / "tasks" / "say" / "attempt-1.log"
    with subprocess.Popen(
        [ARGOSY, "logs", "hello-1", "-n", "ml", "-f"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        server.logs["hello-1-pod-1", "main"] += line(1, "two")
        second = process.stdout.readline()
        stored.parent.mkdir(parents=True)
        stored.write_text("one\ntwo\nthree\n")
        server.remove("pods", "hello-1-pod-1")
        third = process.stdout.readline()
        put(server, "hello-1", "Succeeded", store=tmp_path)
        rest = process.stdout.read()

    assert (first, second, third, rest) == ("one\n", "two\n", "three\n", "")
    assert process.returncode == 0


def test_logs_of_an_ended_run_are_those_that_are_stored(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Succeeded", store=tmp_path)
    stored = tmp_path / "runs" / UID / "tasks" / "say" / "attempt-1.log"
    stored.parent.mkdir(parents=True)
    stored.write_text("one\ntwo\n")

    whole = argosy("logs", "hello-1", "-n", "ml", cwd=tmp_path)
    last = argosy("logs", "hello-1", "say", "-n", "ml", "--tail", "1", cwd=tmp_path)

    assert (whole.out, last.out) == ("one\ntwo\n", "two\n")


def test_a_store_that_is_out_of_reach_is_noted_once(
    server: KubeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    put(server, "hello-1", "Running", store=tmp_path)
    parameters = server.objects["workflows"]["hello-1"]["spec"]["arguments"]["parameters"]
    for each in parameters:
        if each["name"] == "argosy-store":
            each["value"] = "s3://bucket?endpoint=http://127.0.0.1:1"
    put_pod(server, {"running": {}}, log=line(0, "one"))

    began = time.monotonic()
    ended = argosy("logs", "hello-1", "-n", "ml", cwd=tmp_path)

    assert ended.out == "one\n"
    assert ended.err.startswith("note: stored logs cannot be read from here: s3://bucket/runs/")
    assert time.monotonic() - began < 60


def test_a_run_whose_workflow_is_gone_is_explained_by_its_records(
    server: KubeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = {"say": "echo loading; echo no space; exit 7"}
    (tmp_path / "bad.json").write_text(shell_pipeline("bad", scripts))
    run = argosy("run", "bad.json", "-q", "-o", "json", cwd=tmp_path).result["run_id"]
    monkeypatch.setenv("ARGOSY_STORE", str(tmp_path / ".argosy"))

    why = argosy("why", run, "-n", "ml", cwd=tmp_path)
    logs = argosy("logs", run, "-n", "ml", cwd=tmp_path)

    assert why.notes == [
        "the workflow of this run is gone; this is what its records say, without the tasks that "
        "have none"
    ]
    assert "✖ say failed" in why.out
    assert "    | loading\n    | no space\n" in why.out
    assert why.out.endswith(f"  log:  argosy logs {run} -n ml say\n")
    assert logs.out == "loading\nno space\n"

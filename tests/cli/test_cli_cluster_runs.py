"""``argosy list``, ``get``, ``stop`` and ``delete`` on the runs of a cluster."""

from __future__ import annotations

import base64
import gzip
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_processes import ARGOSY, argosy
from cluster_workflows import UID, put
from kube_server import Canned, KubeServer, kube_server


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubeServer]:
    with kube_server() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.write_kubeconfig(tmp_path / "kubeconfig")))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        yield server


def test_runs_of_a_namespace_are_listed(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Running", store=tmp_path)

    table = argosy("list", "-n", "ml", cwd=tmp_path)
    names = argosy("list", "-n", "ml", "-o", "name", cwd=tmp_path)
    document = argosy("list", "-n", "ml", "-o", "json", cwd=tmp_path).result

    assert table.out.splitlines()[0].split()[:4] == ["RUN", "NAME", "PIPELINE", "STATE"]
    assert table.out.splitlines()[1].split()[:4] == [UID[:8], "hello-1", "hello", "RUNNING"]
    assert names.out == "hello-1\n"
    assert (document["runs"][0]["name"], document["runs"][0]["run_id"]) == ("hello-1", UID)


def test_an_empty_namespace_is_named(server: KubeServer, tmp_path: Path) -> None:
    ended = argosy("list", "-n", "ml", cwd=tmp_path)

    assert (ended.status, ended.out) == (0, "")
    assert ended.err == "no runs in namespace 'ml' of cluster 'test'\n"


def test_a_namespace_that_does_not_exist_is_not_an_empty_one(
    server: KubeServer, tmp_path: Path
) -> None:
    del server.objects["namespaces"]["ml"]

    ended = argosy("list", "-n", "ml", cwd=tmp_path)

    assert (ended.status, ended.errors) == (
        3,
        ["cluster 'test' has no namespace 'ml'; choose another one with --namespace"],
    )


def test_who_may_not_read_namespaces_sees_an_empty_list(server: KubeServer, tmp_path: Path) -> None:
    server.canned["get"] = [Canned(code=403, message='User "ann" cannot get namespaces')]

    ended = argosy("list", "-n", "ml", cwd=tmp_path)

    assert (ended.status, ended.err) == (0, "no runs in namespace 'ml' of cluster 'test'\n")


def test_a_configured_namespace_turns_to_the_cluster_and_a_home_back(
    server: KubeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(server, "hello-1", "Running", store=tmp_path)
    monkeypatch.setenv("ARGOSY_NAMESPACE", "ml")

    cluster = argosy("list", "-o", "name", cwd=tmp_path)
    machine = argosy("list", "-o", "name", "--home", "here", cwd=tmp_path)

    assert (cluster.out, machine.out) == ("hello-1\n", "")


def test_a_home_and_a_namespace_are_not_one_place(server: KubeServer, tmp_path: Path) -> None:
    ended = argosy("list", "--home", "here", "-n", "ml", cwd=tmp_path)

    assert (ended.status, ended.errors) == (
        2,
        ["--home is on this machine and --namespace on a cluster; leave one out"],
    )


def test_a_run_is_shown_by_its_name(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Failed", store=tmp_path)

    ended = argosy("get", "hello-1", "-n", "ml", cwd=tmp_path)

    lines = ended.out.splitlines()
    assert lines[1].strip().startswith("✖ say FAILED 9.0s: it broke")
    assert lines[2] == f"run {UID} FAILED in 9.0s (1 task: 1 failed)"


def test_a_run_that_lasts_is_counted(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Running", store=tmp_path)

    ended = argosy("get", "@latest", "-n", "ml", cwd=tmp_path)

    assert " RUNNING for " in ended.out.splitlines()[-1]
    assert ended.out.endswith("(1 task: 1 running)\n")


def test_a_run_is_watched_to_its_end(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Succeeded", store=tmp_path)

    ended = argosy("get", "hello-1", "-n", "ml", "--watch", cwd=tmp_path)

    assert any(line.endswith("SUCCEEDED say 9.0s") for line in ended.err.splitlines())
    assert " SUCCEEDED in 9.0s " in ended.out.splitlines()[-1]


def test_a_run_that_is_not_there_is_exit_status_3(server: KubeServer, tmp_path: Path) -> None:
    ended = argosy("get", "gone", "-n", "ml", cwd=tmp_path)

    assert (ended.status, ended.errors) == (
        3,
        [
            "there is no run 'gone' in namespace 'ml' of cluster 'test'; 'argosy list -n ml' shows "
            "those that there are"
        ],
    )


def test_an_advised_command_has_the_options_that_chose_the_cluster(
    server: KubeServer, tmp_path: Path
) -> None:
    put(server, "hello-1", "Running", store=tmp_path)
    file = server.write_kubeconfig(tmp_path / "my config")
    chosen = ("-n", "ml", "--context", "test", "--kubeconfig", str(file))

    ended = argosy("delete", "hello-1", *chosen, "--yes", cwd=tmp_path)

    advice = f"argosy stop hello-1 -n ml --context test --kubeconfig '{file}'"
    assert ended.errors == [f"run 'hello-1' has not ended; stop it first with '{advice}'"]
    assert argosy(*shlex.split(advice)[1:], "--no-wait", cwd=tmp_path).status == 0


def test_a_run_that_was_stopped_says_how_to_go_on(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Failed", store=tmp_path)
    server.objects["workflows"]["hello-1"]["spec"]["shutdown"] = "Stop"

    ended = argosy("get", "hello-1", "-n", "ml", cwd=tmp_path)

    assert "  go on with: argosy retry hello-1 -n ml" in ended.out.splitlines()


@pytest.mark.parametrize("words", [[], ["--follow"]])
def test_logs_read_the_workflow_once(server: KubeServer, tmp_path: Path, words: list[str]) -> None:
    put(server, "hello-1", "Succeeded", store=tmp_path)
    log = tmp_path / "runs" / UID / "tasks" / "say" / "a.log"
    log.parent.mkdir(parents=True)
    log.write_text("hi there\n")

    ended = argosy("logs", "hello-1", "-n", "ml", *words, cwd=tmp_path)

    assert (ended.status, ended.out) == (0, "hi there\n")
    assert [each.plural for each in server.asked("get")] == ["workflows"]


def test_logs_are_followed_by_a_watch(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Running", store=tmp_path)
    log = tmp_path / "runs" / UID / "tasks" / "say" / "a.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\n")

    command = [ARGOSY, "logs", "hello-1", "-n", "ml", "-f"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        while not server.asked("watch"):
            time.sleep(0.05)
        time.sleep(2.5)
        put(server, "hello-1", "Succeeded", store=tmp_path)
        out, _ = process.communicate(timeout=60)

    assert (process.returncode, out) == (0, "one\n")
    assert len(server.asked("get")) == 1


def test_a_run_is_stopped(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Running", store=tmp_path)

    ended = argosy("stop", "hello-1", "-n", "ml", "--now", "--no-wait", cwd=tmp_path)

    assert ended.out == "run hello-1 is stopping\n"
    assert server.objects["workflows"]["hello-1"]["spec"]["shutdown"] == "Terminate"


VERBS = (("get",), ("logs",), ("why",), ("stop",), ("retry",), ("delete", "--yes"))


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: str(verb[0]))
def test_a_workflow_of_others_is_left_alone(
    server: KubeServer, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    spec = {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "a"}}]}
    metadata = {"name": "etl", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    server.put("workflows", {"metadata": metadata, "spec": spec, "status": {"phase": "Failed"}})

    ended = argosy(verb[0], "etl", *verb[1:], "-n", "ml", cwd=tmp_path)

    assert (ended.status, ended.errors) == (
        2,
        ["workflow 'etl' is none of Argosy's; read it with 'argo get'"],
    )
    assert "etl" in server.objects["workflows"]


@pytest.mark.parametrize("verb", ["get", "logs", "why", "retry"])
def test_a_workflow_of_a_newer_release_says_what_to_update(
    server: KubeServer, tmp_path: Path, verb: str
) -> None:
    put(server, "hello-1", "Failed", store=tmp_path)
    newer = gzip.compress(b'{"format": "argosy-ir", "version": "9.0"}')
    for parameter in server.objects["workflows"]["hello-1"]["spec"]["arguments"]["parameters"]:
        if parameter["name"] == "argosy-ir":
            parameter["value"] = base64.b64encode(newer).decode()

    ended = argosy(verb, "hello-1", "-n", "ml", cwd=tmp_path)

    assert ended.status == 2
    assert ended.errors == [
        "the pipeline of run 'hello-1' cannot be read: the IR has format version 9.0, this release "
        "reads up to 2.0; use the release that compiled it"
    ]


@pytest.mark.parametrize("verb", [*VERBS, ("list",)], ids=lambda verb: str(verb[0]))
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (401, "cluster 'test' does not accept the credentials of the kubeconfig; they may have "),
        (403, "user 'ann' may not "),
    ],
)
def test_every_command_says_who_must_act(
    server: KubeServer, tmp_path: Path, verb: tuple[str, ...], code: int, message: str
) -> None:
    words = {401: "Unauthorized", 403: 'User "ann" cannot'}
    refusal = Canned(code=code, message=words[code])
    server.canned |= {"get": [refusal], "list": [refusal]}
    run = () if verb[0] == "list" else ("hello-1",)

    ended = argosy(verb[0], *run, *verb[1:], "-n", "ml", cwd=tmp_path)

    assert ended.status == 4
    assert ended.errors[0].startswith(message)


def test_a_context_that_is_not_there_is_named_with_those_that_are(
    server: KubeServer, tmp_path: Path
) -> None:
    ended = argosy("get", "hello-1", "--context", "other", cwd=tmp_path)

    assert (ended.status, ended.errors) == (
        2,
        [f"there is no context 'other' in '{tmp_path / 'kubeconfig'}'; it has 'test'"],
    )


def test_a_right_that_is_missing_is_exit_status_4(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Running", store=tmp_path)
    server.canned["patch"] = [Canned(code=403, message='User "ann" cannot patch')]

    ended = argosy("stop", "hello-1", "-n", "ml", cwd=tmp_path)

    assert ended.status == 4
    assert "verbs: [patch]" in ended.errors[0]


def test_a_run_is_deleted(server: KubeServer, tmp_path: Path) -> None:
    put(server, "hello-1", "Succeeded", store=tmp_path)
    record = tmp_path / "runs" / UID / "tasks" / "say" / "a.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")

    ended = argosy("delete", "hello-1", "-n", "ml", cwd=tmp_path)

    assert (ended.status, ended.out) == (0, "run hello-1 deleted\n")
    assert server.objects["workflows"] == {}
    assert not record.exists()

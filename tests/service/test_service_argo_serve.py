"""A service over a cluster: an API server of the tests, whose controller the tests play."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from argosy_cluster.kubernetes.client import KubernetesCluster
from argosy_cluster.kubernetes.kubeconfig import read_access
from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions
from argosy_runs.results import TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.formats.records import Artifact, Content, ContentKind, Values
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import ArtifactUri, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_service.background.ledger import Ledger
from argosy_service.database.database import open_database
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.protocol import RunReport
from argosy_service.settings import ServiceSettings
from cli_processes import shell_pipeline
from kube_server import Canned, KubeServer, kube_server
from postgresql import PostgreSql
from service_running import Client, run_service
from workflow_play import play

SPEC = shell_pipeline("hello", {"one": "true"})


@pytest.fixture
def server() -> Iterator[KubeServer]:
    with kube_server() as server:
        yield server


def argo(server: KubeServer, directory: Path) -> ArgoSettings:
    kubeconfig = str(server.write_kubeconfig(directory / "kubeconfig"))

    def connect() -> KubernetesCluster:
        access = read_access(files=kubeconfig, context=None, environment={})
        return KubernetesCluster(access, patience_seconds=0.5, answer_seconds=60)

    return ArgoSettings(
        connect=connect, options=CompileOptions(store=str(directory / "store")), max_runs=100
    )


@dataclass(frozen=True, slots=True)
class Service:
    """A service, and the API server that it talks to."""

    client: Client
    server: KubeServer

    def create(self, name: str = "run") -> str:
        body = {"display_name": name, "pipeline_spec": read_spec()}
        return str(self.client.post("/runs", body)["run_id"])

    def run(self, run_id: str) -> Any:
        return self.client.get(f"/runs/{run_id}")

    def wait(self, run_id: str, is_so: Callable[[Any], object]) -> Any:
        """Return the run as soon as it is so."""
        give_up_at = time.monotonic() + 60
        while not is_so(run := self.run(run_id)):
            assert time.monotonic() < give_up_at, run
            time.sleep(0.05)
        return run

    def wait_for_state(self, run_id: str, state: str) -> Any:
        return self.wait(run_id, lambda run: run["state"] == state)

    def workflow(self, run_id: str) -> str:
        """Return the name of the newest workflow of a run, as soon as there is one."""
        give_up_at = time.monotonic() + 60
        while True:
            found = self.workflows(run_id)
            if found:
                return found[-1]
            assert time.monotonic() < give_up_at
            time.sleep(0.05)

    def workflows(self, run_id: str) -> list[str]:
        objects = dict(self.server.objects["workflows"])
        return [
            name
            for name, each in sorted(objects.items())
            if each["metadata"]["labels"].get("pipeline/runid") == run_id
        ]

    def play(self, name: str, **phases: str) -> None:
        with self.server.changed:
            found = self.server.objects["workflows"][name]
            self.server.put("workflows", dict(play(found, phases)))


def read_spec() -> Any:
    return json.loads(SPEC)


@pytest.fixture
def service(server: KubeServer, tmp_path: Path) -> Iterator[Service]:
    settings = ServiceSettings(home=tmp_path / "home", http_port=0, grpc_port=0)
    with run_service(settings, argo(server, tmp_path)) as client:
        yield Service(client, server)


def test_a_run_takes_place_on_the_cluster(service: Service) -> None:
    run_id = service.create()
    name = service.workflow(run_id)
    service.play(name, one="Running")
    running = service.wait_for_state(run_id, "RUNNING")
    service.play(name, one="Succeeded")
    ended = service.wait_for_state(run_id, "SUCCEEDED")

    assert running["state_history"][0]["state"] == "PENDING"
    [task] = ended["run_details"]["task_details"]
    assert (task["display_name"], task["state"]) == ("one", "SUCCEEDED")
    assert task["pod_name"] == f"{name}-pod-one"


def test_a_terminated_run_ends_as_failed_and_is_retried(service: Service) -> None:
    run_id = service.create()
    name = service.workflow(run_id)
    service.play(name, one="Running")
    service.wait_for_state(run_id, "RUNNING")

    service.client.post(f"/runs/{run_id}:terminate")
    service.wait(
        run_id, lambda _: service.server.objects["workflows"][name]["spec"].get("shutdown")
    )
    service.play(name, one="Failed")
    failed = service.wait_for_state(run_id, "FAILED")
    service.client.post(f"/runs/{run_id}:retry")
    service.wait(run_id, lambda _: len(service.workflows(run_id)) == 2)
    service.play(f"{name}-1", one="Succeeded")
    service.wait_for_state(run_id, "SUCCEEDED")

    assert failed["error"]["message"] == "the run was terminated by a request"
    assert "CANCELING" in [each["state"] for each in failed["state_history"]]


def test_a_deleted_run_takes_its_workflow_with_it(service: Service) -> None:
    run_id = service.create()
    name = service.workflow(run_id)
    service.play(name, one="Succeeded")
    service.wait_for_state(run_id, "SUCCEEDED")

    assert service.client.ask("DELETE", f"/runs/{run_id}").status == 200
    give_up_at = time.monotonic() + 30
    while service.server.objects["workflows"]:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_a_workflow_of_others_is_a_run_of_the_default_experiment(
    service: Service, tmp_path: Path
) -> None:
    options = CompileOptions(store=str(tmp_path / "store"))
    made: Any = compile_pipeline(read_pipeline(SPEC.encode(), file="p"), options).workflow
    metadata = {
        **made["metadata"],
        "name": "other",
        "uid": "0c4f6f0a-0000-4000-8000-000000000000",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    service.server.put("workflows", {**made, "metadata": metadata})
    service.play("other", one="Succeeded")
    give_up_at = time.monotonic() + 60
    while not service.client.get("/runs").get("runs"):
        assert time.monotonic() < give_up_at
        time.sleep(0.05)

    run = service.wait_for_state(metadata["uid"], "SUCCEEDED")
    [experiment] = service.client.get("/experiments")["experiments"]
    assert (run["display_name"], experiment["display_name"]) == ("other", "Default")
    assert run["experiment_id"] == experiment["experiment_id"]


def test_the_bytes_of_an_artifact_come_from_the_store_of_its_run(
    service: Service, tmp_path: Path
) -> None:
    document = {**read_spec(), "defaultPipelineRoot": str(tmp_path / "root")}
    own, stored = tmp_path / "root" / "own", tmp_path / "store" / "artifacts" / "stored"
    record = tmp_path / "store" / "runs" / "record"
    for path in (own, stored, record):
        path.parent.mkdir(parents=True)
        path.write_bytes(path.name.encode())
    body = {"display_name": "run", "pipeline_spec": document}
    run_id = str(service.client.post("/runs", body)["run_id"])
    outputs = Values(
        artifacts={
            path.name: (
                Artifact(
                    name=path.name,
                    uri=ArtifactUri(str(path)),
                    content=Content(kind=ContentKind.FILE, files=1),
                ),
            )
            for path in (own, stored, record)
        }
    )
    report_task(service, run_id, outputs)

    def fetch(name: str) -> tuple[int, object]:
        answer = service.client.ask("GET", f"/runs/{run_id}/nodes/one/artifacts/{name}:download")
        return answer.status, answer.body

    assert fetch("own") == (200, "own")
    assert fetch("stored") == (200, "stored")
    assert fetch("record")[0] == 400


def report_task(service: Service, run_id: str, outputs: Values) -> None:
    """Write down that a run and its task have ended with these outputs."""
    task = TaskResult(
        path=TaskPath("one"),
        kind=TaskKind.CONTAINER,
        name="one",
        display_name="one",
        state=TaskState.SUCCEEDED,
        outputs=outputs,
    )
    started = datetime(2026, 5, 1, tzinfo=UTC)
    # It has ended, so that what the engine says of the same task counts no more.
    report = RunReport(run_id=run_id, state="SUCCEEDED", tasks=(task,), started_at=started)
    with closing(open_database(service.client.settings.database_url)) as database:
        Ledger(database).take([report], 1)


# API servers that refuse, or do not answer.

REFUSALS: Mapping[str, tuple[Canned, str]] = {
    "401": (Canned(code=401, message="Unauthorized"), "does not accept the credentials"),
    "403": (
        Canned(code=403, message='User "argosy" cannot create resource', reason="Forbidden"),
        "user 'argosy' may not create workflows.argoproj.io",
    ),
    "429": (Canned(code=429, message="too many requests"), "is too busy (429"),
    "500": (Canned(code=500, message="etcd is sad"), "failed (500 etcd is sad)"),
    "nothing": (Canned(code=0), "the API server"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_run_waits_while_the_api_server_refuses_it(service: Service, kind: str) -> None:
    canned, words = REFUSALS[kind]
    service.server.canned["create"] = [canned] * 1000

    run_id = service.create()
    waiting = service.wait(run_id, lambda run: run.get("error"))
    service.server.canned.clear()
    name = service.workflow(run_id)
    service.play(name, one="Succeeded")
    ended = service.wait_for_state(run_id, "SUCCEEDED")

    assert waiting["state"] == "PENDING"
    message = waiting["error"]["message"]
    assert message.startswith("it waits: ")
    assert words in message or kind == "nothing"
    assert "\n" not in message
    assert "error" not in ended
    assert len(service.workflows(run_id)) == 1


def test_an_answer_that_is_lost_makes_no_second_workflow(service: Service) -> None:
    service.server.canned["create"] = [Canned(code=0, after=True)] * 3

    run_id = service.create()
    name = service.workflow(run_id)
    service.play(name, one="Succeeded")
    service.wait_for_state(run_id, "SUCCEEDED")

    assert service.workflows(run_id) == [name]


def test_what_the_cluster_refuses_by_its_content_fails(service: Service) -> None:
    message = 'admission webhook "policy" denied the request: no label team'
    service.server.canned["create"] = [Canned(code=403, message=message, reason="Forbidden")]

    ended = service.wait_for_state(service.create(), "FAILED")

    name = f"hello-{ended['run_id'][:13]}"
    assert ended["error"]["message"] == (
        f"webhook 'policy' of the cluster refuses the workflow '{name}': no label team"
    )


@pytest.mark.parametrize("code", [401, 403, 410, 429, 500, 0])
def test_what_happens_while_the_watch_is_refused_is_seen_later(service: Service, code: int) -> None:
    run_id = service.create()
    name = service.workflow(run_id)
    refused = Canned(code=code, message="no", reason="Forbidden" if code == 403 else "")
    service.server.canned["list"] = [refused] * 2
    service.server.canned["watch"] = [refused] * 3
    service.server.forget_history()

    service.play(name, one="Succeeded")

    assert service.wait_for_state(run_id, "SUCCEEDED")


def test_a_service_that_is_started_anew_goes_on_with_what_is_there(
    server: KubeServer, tmp_path: Path
) -> None:
    settings = ServiceSettings(home=tmp_path / "home", http_port=0, grpc_port=0)
    with run_service(settings, argo(server, tmp_path)) as client:
        service = Service(client, server)
        ended, running = service.create("ended"), service.create("running")
        names = {run_id: service.workflow(run_id) for run_id in (ended, running)}
        for name in names.values():
            service.play(name, one="Running")
        for run_id in names:
            service.wait_for_state(run_id, "RUNNING")
    service.play(names[ended], one="Succeeded")

    with run_service(settings, argo(server, tmp_path)) as client:
        service = Service(client, server)
        service.wait_for_state(ended, "SUCCEEDED")
        service.play(names[running], one="Succeeded")
        service.wait_for_state(running, "SUCCEEDED")

    assert len(server.objects["workflows"]) == 2


# Several services.


def start(server: KubeServer, directory: Path, database: str) -> tuple[subprocess.Popen[str], str]:
    """Start a service as a process, and return it with its URL."""
    directory.mkdir()
    kubeconfig = server.write_kubeconfig(directory / "kubeconfig")
    words = ["--home", str(directory / "home"), "--database", database, "--port", "0"]
    words += ["--grpc-port", "0", "--kubeconfig", str(kubeconfig), "--store", "s3://none/argosy"]
    # Nobody reads them: a full pipe would hold the service up.
    words += ["--no-request-log"]
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("argosy")), "serve", *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(directory)},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "http://" in line:
            return process, line.partition("http://127.0.0.1:")[2].partition(",")[0]
    raise AssertionError(process.wait())


def test_when_the_leader_dies_another_service_takes_over(
    server: KubeServer, tmp_path: Path, postgresql: PostgreSql
) -> None:
    url = postgresql.create_database()
    first, first_port = start(server, tmp_path / "first", url)
    second, second_port = start(server, tmp_path / "second", url)
    try:
        settings = ServiceSettings()
        services = [
            Service(
                Client(service=_At(int(port)), settings=settings),  # type: ignore[arg-type]
                server,
            )
            for port in (first_port, second_port)
        ]
        # Either serves the API, whichever leads.
        ids = [services[at % 2].create(f"run {at}") for at in range(6)]
        names = [services[0].workflow(run_id) for run_id in ids]
        for name in names[:3]:
            services[0].play(name, one="Running")
        services[1].wait_for_state(ids[2], "RUNNING")

        first.send_signal(signal.SIGKILL)
        more = [services[1].create(f"more {at}") for at in range(3)]
        names += [services[1].workflow(run_id) for run_id in more]
        for name in names:
            services[1].play(name, one="Succeeded")
        for run_id in (*ids, *more):
            services[1].wait_for_state(run_id, "SUCCEEDED")

        assert len(server.objects["workflows"]) == 9
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


@dataclass(frozen=True, slots=True)
class _At:
    http_port: int

"""Commands ask a cluster for what the operator guide says, and for nothing else."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli_processes import ARGOSY, argosy
from cluster_workflows import put
from kube_server import KubeServer, kube_server

ROOT = Path(__file__).parents[2]
HELLO = str(ROOT / "examples" / "01-hello" / "pipeline.yaml")
Rights = set[str]


def read_table() -> dict[str, Rights]:
    """Return the rights of each command, without those of the sentences behind a semicolon."""
    text = (ROOT / "docs" / "operator-guide.md").read_text()
    rows = re.findall(r"^\| `argosy ([^|]*)\| ([^|]*)\|$", text, re.MULTILINE)
    table: dict[str, Rights] = {}
    for commands, cell in rows:
        rights = set(re.findall(r"`([^`]+)`", re.split(r"[;.] ", cell)[0]))
        if "the same" in cell:
            rights |= list(table.values())[-1]
        table[commands.replace("`", "").split(",")[0].strip()] = rights
    return table


TABLE = read_table()


@dataclass(frozen=True)
class World:
    server: KubeServer
    directory: Path

    def run(self, *words: str) -> None:
        ended = argosy(*words, "-n", "ml", cwd=self.directory)
        assert ended.status == 0, ended.err

    def put(self, phase: str) -> None:
        put(self.server, "hello-1", phase, store=self.directory)

    def run_to_its_end(self, *words: str) -> None:
        """Run a command that waits, and let the run end when it does."""
        command = [ARGOSY, *words, "-n", "ml"]
        with subprocess.Popen(command, cwd=self.directory, stderr=subprocess.PIPE) as process:
            while not self.server.asked("watch"):
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
            for name in self.server.objects["workflows"]:
                put(self.server, name, "Succeeded", store=self.directory)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with kube_server() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.write_kubeconfig(tmp_path / "kubeconfig")))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        server.put("configmaps", store_object(tmp_path))
        yield World(server, tmp_path)


def store_object(directory: Path) -> Any:
    return {"metadata": {"name": "argosy"}, "data": {"ARGOSY_STORE": str(directory)}}


def put_pod(world: World, name: str = "hello-1", *, state: str = "running") -> None:
    """Put the pod of the task of the run into the cluster."""
    container = {"name": "launcher", "env": [{"name": "ARGOSY_TASK", "value": "say"}]}
    world.server.put(
        "pods",
        {
            "metadata": {
                "name": f"{name}-pod-1",
                "namespace": "ml",
                "uid": "pod-uid",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": {"workflows.argoproj.io/workflow": name},
                "annotations": {"workflows.argoproj.io/node-name": f"{name}.say"},
            },
            "spec": {"containers": [{"name": "main"}, container]},
            "status": {"containerStatuses": [{"name": "main", "state": {state: {}}}]},
        },
    )
    world.server.logs[f"{name}-pod-1", "main"] = b"2026-01-01T00:00:01Z hi\n"


def submit(*words: str) -> tuple[str, ...]:
    return ("submit", HELLO, "--pods-for-cached", "--store", "s3://bucket/argosy", *words)


def submit_with_store_object(world: World) -> None:
    world.run("submit", HELLO, "--store-from", "configmap/argosy")


def log_of_submit(world: World) -> None:
    put_pod(world, "mine")
    world.run_to_its_end(*submit("--log", "--name", "mine"))


def logs(world: World) -> None:
    world.put("Succeeded")
    put_pod(world)
    world.run("logs", "hello-1")


def follow_logs(world: World) -> None:
    world.put("Running")
    put_pod(world)
    world.run_to_its_end("logs", "hello-1", "--follow")


def why(world: World) -> None:
    world.put("Failed")
    put_pod(world, state="terminated")
    world.run("why", "hello-1")


def ended(*words: str) -> Callable[[World], None]:
    """Return what runs a command on a run that failed."""

    def run(world: World) -> None:
        world.put("Failed")
        world.run(*words)

    return run


def get_live(world: World) -> None:
    world.put("Running")
    world.run_to_its_end("get", "hello-1", "--watch")


def stop(world: World) -> None:
    world.put("Running")
    world.run("stop", "hello-1", "--no-wait")


COMMANDS: dict[str, Callable[[World], None]] = {
    "submit": lambda world: world.run(*submit()),
    "submit --ir configmap": lambda world: world.run(*submit("--ir", "configmap")),
    "submit --store-from configmap/NAME": submit_with_store_object,
    "submit --wait": lambda world: world.run_to_its_end(*submit("--wait")),
    "submit --log": log_of_submit,
    "list": ended("list"),
    "get": ended("get", "hello-1"),
    "get --watch": get_live,
    "logs": logs,
    "logs --follow": follow_logs,
    "why": why,
    "stop": stop,
    "retry": ended("retry", "hello-1"),
    "delete": ended("delete", "hello-1", "--yes"),
}


def test_the_table_has_every_command() -> None:
    assert TABLE.keys() == COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_asks_for_the_rights_of_its_row(world: World, command: str) -> None:
    COMMANDS[command](world)

    asked = {
        "get pods/log" if each.verb == "log" else f"{each.verb} {each.plural}"
        for each in world.server.questions
    }
    assert asked == TABLE[command]

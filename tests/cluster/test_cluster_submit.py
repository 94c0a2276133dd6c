"""``argosy submit`` and the verbs of runs, on a cluster."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from argo_cluster import ArgoCluster
from cli_processes import ARGOSY, Ended, shell_pipeline


class Client:
    """Runs ``argosy`` with the options of the cluster in its configuration."""

    def __init__(self, cluster: ArgoCluster, directory: Path) -> None:
        self._cluster = cluster
        self._directory = directory
        options = cluster.options
        lines = {
            "store": cluster.url,
            "store-secret": options.store_secret,
            "service-account": options.service_account,
            "image": options.image,
        }
        path = directory / "argosy" / "config.toml"
        path.parent.mkdir()
        path.write_text(
            f"[cluster]\nnamespace = {json.dumps(cluster.namespace)}\n[submit]\n"
            + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        )

    def run(self, *words: str) -> Ended:
        done = subprocess.run(
            [ARGOSY, *words],
            cwd=self._directory,
            # The variables of this process hold the credentials of the store.
            env={
                **os.environ,
                **self._cluster.environment,
                "XDG_CONFIG_HOME": str(self._directory),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return Ended(status=done.returncode, out=done.stdout, err=done.stderr)

    def write(self, name: str, scripts: dict[str, str]) -> str:
        document = json.loads(shell_pipeline(name, scripts))
        for executor in document["deploymentSpec"]["executors"].values():
            executor["container"]["image"] = "busybox"
        (self._directory / f"{name}.json").write_text(json.dumps(document))
        return f"{name}.json"

    def submit(self, name: str, script: str, *words: str) -> Ended:
        ended = self.run("submit", self.write(name, {"say": script}), *words)
        listed = self.run("list", "--pipeline", name, "-o", "name").out.split()
        self._cluster.started.extend(listed)
        return ended

    def newest(self, name: str) -> str:
        return self.run("list", "--pipeline", name, "--limit", "1", "-o", "name").out.strip()


@pytest.fixture
def client(cluster: ArgoCluster, tmp_path: Path) -> Client:
    return Client(cluster, tmp_path)


def test_a_run_is_followed_read_and_deleted(client: Client, cluster: ArgoCluster) -> None:
    ended = client.submit("followed", 'echo hi; printf yes > "$0"', "--log")

    name = client.newest("followed")
    result = client.run("get", name, "-o", "json").result
    assert ended.status == 0, ended.err
    assert "say | hi" in ended.err.splitlines()
    assert result["state"] == "SUCCEEDED"
    assert result["tasks"][0]["outputs"]["parameters"] == {"text": "yes"}
    cluster.kubectl("delete", "workflow", name)
    recorded = client.run("get", result["run_id"], "-o", "json").result
    assert recorded["tasks"][0]["outputs"] == result["tasks"][0]["outputs"]
    assert client.run("delete", result["run_id"]).status == 0
    assert not list(cluster.store.list(f"runs/{result['run_id']}"))


def test_a_run_that_fails_is_exit_status_1(client: Client) -> None:
    ended = client.submit("fails", "exit 7", "--wait")

    assert ended.status == 1
    assert "the command ended with exit code 7" in ended.out


def test_a_run_is_stopped(client: Client) -> None:
    client.submit("stopped", "sleep 300")
    name = client.newest("stopped")

    ended = client.run("stop", name)

    assert (ended.status, ended.out) == (0, f"run {name} CANCELED\n")


def test_a_run_of_argo_submit_is_read_as_well(client: Client, cluster: ArgoCluster) -> None:
    compiled = client.run("compile", client.write("theirs", {"say": "true"}), "--store", "s3://x/y")
    run = cluster.submit(json.loads(compiled.out), "--generate-name", "theirs-")

    assert client.run("get", run.name, "-o", "name").out == f"{run.name}\n"
    assert run.name in client.run("list", "-o", "name").out.split()


def test_the_cluster_checks_a_dry_run(client: Client) -> None:
    ended = client.submit("checked", "true", "--dry-run", "--name", "argosy-checked")

    assert ended.status == 0
    assert client.newest("checked") == ""

"""``argosy submit`` and the verbs of runs, on a cluster."""

from __future__ import annotations

import json

from argo_cluster import ArgoCluster
from argosy_client import ArgosyClient
from cli_processes import Ended


def submit(client: ArgosyClient, name: str, script: str, *words: str) -> Ended:
    return client.submit(name, client.write(name, {"say": script}), *words)


def test_a_run_is_followed_read_and_deleted(client: ArgosyClient, cluster: ArgoCluster) -> None:
    ended = submit(client, "followed", 'echo hi; printf yes > "$0"', "--log")

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


def test_a_run_that_fails_is_exit_status_1(client: ArgosyClient) -> None:
    ended = submit(client, "fails", "exit 7", "--wait")

    assert ended.status == 1
    assert "the command ended with exit code 7" in ended.out


def test_a_run_is_stopped(client: ArgosyClient) -> None:
    submit(client, "stopped", "sleep 300")
    name = client.newest("stopped")

    ended = client.run("stop", name)

    assert (ended.status, ended.out) == (0, f"run {name} CANCELED\n")


def test_a_run_of_argo_submit_is_read_as_well(client: ArgosyClient, cluster: ArgoCluster) -> None:
    compiled = client.run("compile", client.write("theirs", {"say": "true"}), "--store", "s3://x/y")
    run = cluster.submit(json.loads(compiled.out), "--generate-name", "theirs-")

    assert client.run("get", run.name, "-o", "name").out == f"{run.name}\n"
    assert run.name in client.run("list", "-o", "name").out.split()


def test_the_cluster_checks_a_dry_run(client: ArgosyClient) -> None:
    ended = submit(client, "checked", "true", "--dry-run", "--name", "argosy-checked")

    assert ended.status == 0
    assert client.newest("checked") == ""

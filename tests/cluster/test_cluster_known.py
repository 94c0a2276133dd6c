"""No pod for what is known: cached tasks, and runs that are retried."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from argo_cluster import ArgoCluster, ArgoRun
from argosy_client import IMAGE, ArgosyClient
from cli_processes import Ended, shell_pipeline

LENGTH = 20
FUSE = f"argosy-fuse-{secrets.token_hex(4)}"
"""The ConfigMap without which the second task fails; of this process."""
SCRIPTS = {
    "one": 'echo one > "$0"',
    "two": '[ "$FUSE" = there ] && echo two > "$0"',
    "three": 'echo three > "$0"',
}
AFTER = {"two": "one", "three": "two"}


def run_of(client: ArgosyClient, name: str) -> ArgoRun:
    return ArgoRun(cluster=client.cluster, name=name)


def seconds_of(run: ArgoRun) -> float:
    """Return the time from the creation of a workflow to its end."""
    found = run.get()
    created = datetime.fromisoformat(found["metadata"]["creationTimestamp"])
    return (datetime.fromisoformat(found["status"]["finishedAt"]) - created).total_seconds()


def read(client: ArgosyClient, run: str) -> Any:
    return client.run("get", run, "-o", "json").result


def states(result: Any) -> dict[str, tuple[str, int]]:
    """Return the state of each task, and the number of attempts at it."""
    return {each["path"]: (each["state"], each["attempts"]) for each in result["tasks"]}


# Cached tasks.


def submit_chain(client: ArgosyClient, name: str, last: str) -> Ended:
    keys = [f"t{number}" for number in range(LENGTH)]
    scripts = {key: f'echo {name} > "$0"' for key in keys} | {keys[-1]: last}
    # Side by side but for the last, since a chain of twenty pods takes minutes.
    document = json.loads(shell_pipeline(name, scripts, after={keys[-1]: keys[0]}))
    for executor in document["deploymentSpec"]["executors"].values():
        executor["container"]["image"] = IMAGE
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": True}
    return client.submit(name, client.write_document(name, document), "--wait", "-o", "json")


def test_what_is_cached_has_no_pod(client: ArgosyClient) -> None:
    name = f"known-{secrets.token_hex(4)}"
    first = submit_chain(client, name, 'echo first > "$0"')
    assert first.status == 0, first.err

    second = submit_chain(client, name, 'echo second > "$0"')
    of_second = run_of(client, client.newest(name))
    third = submit_chain(client, name, 'echo second > "$0"')
    of_third = run_of(client, client.newest(name))

    assert "19 cached tasks need no pod" in second.err
    assert second.result["state"] == "SUCCEEDED"
    assert len(of_second.pods()) == 1
    assert "20 cached tasks need no pod" in third.err
    assert third.result["state"] == "SUCCEEDED"
    assert of_third.pods() == []
    assert seconds_of(of_third) <= 2


@pytest.mark.usefixtures("fuse")
def test_argo_resubmits_and_retries_what_has_known_tasks(
    client: ArgosyClient, cluster: ArgoCluster
) -> None:
    name = f"known-{secrets.token_hex(4)}"
    cluster.kubectl("delete", "configmap", FUSE)
    submit_shell(client, name, cache=True)
    submit_shell(client, name, cache=True)
    failed = run_of(client, client.newest(name))
    assert states(read(client, failed.name))["one"] == ("SUCCEEDED", 0)
    light(cluster)

    again = cluster.resubmit(failed)
    cluster.argo("retry", failed.name)

    assert again.end() == "Succeeded"
    failed.wait_until(lambda: failed.get()["status"]["phase"] == "Succeeded")
    assert len(again.pods()) == 2
    assert [read(client, each.name)["state"] for each in (failed, again)] == ["SUCCEEDED"] * 2


def test_argo_resubmits_no_known_tasks_with_other_parameters(
    client: ArgosyClient, cluster: ArgoCluster
) -> None:
    name = f"known-{secrets.token_hex(4)}"
    declared = json.dumps({"word": {"parameterType": "STRING"}})
    document = json.loads(shell_pipeline(name, {"say": 'echo "$1" > "$0"'}, inputs=declared))
    document["root"]["dag"]["tasks"]["say"]["cachingOptions"] = {"enableCache": True}
    document["deploymentSpec"]["executors"]["exec-say"]["container"]["image"] = IMAGE
    file = client.write_document(name, document)
    for _ in range(2):
        assert client.submit(name, file, "-p", "word=hi", "--wait").status == 0
    known = run_of(client, client.newest(name))
    assert known.pods() == []

    other = cluster.resubmit(known, "-p", "word=ho")

    # An expression that cannot be evaluated is an error to Argo.
    assert other.end() == "Error"
    assert "submit the pipeline anew" in cluster.argo("get", other.name)


# Runs that are retried.


@pytest.fixture
def fuse(cluster: ArgoCluster) -> Iterator[None]:
    """The second task fails until :func:`light` is called."""
    cluster.kubectl("delete", "configmap", FUSE, "--ignore-not-found")
    light(cluster)
    yield
    cluster.kubectl("delete", "configmap", FUSE, "--ignore-not-found")


def light(cluster: ArgoCluster) -> None:
    cluster.kubectl("create", "configmap", FUSE, "--from-literal=fuse=there")


def submit_shell(
    client: ArgosyClient, name: str, *, cache: bool = False, config: Mapping[str, Any] = {}
) -> Ended:
    """Run the three tasks to their end."""
    document = json.loads(shell_pipeline(name, SCRIPTS, after=AFTER))
    for executor in document["deploymentSpec"]["executors"].values():
        executor["container"]["image"] = IMAGE
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": cache}
    variable = {
        "configMapName": FUSE,
        "keyToEnv": [{"configMapKey": "fuse", "envVar": "FUSE"}],
        "optional": True,
    }
    executors = {"exec-two": {"configMapAsEnv": [variable]}}
    platform: Any = {"deploymentSpec": {"executors": executors}, **config}
    file = client.write_document(name, document, {"platforms": {"kubernetes": platform}})
    return client.submit(name, file, "--wait", "-o", "json")


def submit_failing(client: ArgosyClient, **more: Any) -> tuple[str, Any]:
    """Run the three tasks, of which the second fails; return workflow and result."""
    name = f"retried-{secrets.token_hex(4)}"
    client.cluster.kubectl("delete", "configmap", FUSE)
    ended = submit_shell(client, name, **more)
    assert states(ended.result) == {
        "one": ("SUCCEEDED", 1),
        "two": ("FAILED", 1),
        "three": ("NOT_RUN", 0),
    }, ended
    light(client.cluster)
    return client.newest(name), ended.result


def retry(client: ArgosyClient, run: str, *words: str) -> ArgoRun:
    """Retry a run, and wait for the end of the workflow that goes on with it."""
    ended = client.run("retry", run, *words)
    assert ended.status == 0, ended.err
    name = ended.out.split("'")[1]
    client.cluster.started.append(name)
    retried = run_of(client, name)
    assert retried.end() == "Succeeded"
    return retried


@pytest.mark.usefixtures("fuse")
def test_a_failed_run_goes_on_without_what_succeeded(client: ArgosyClient) -> None:
    workflow, failed = submit_failing(client)

    retried = retry(client, workflow)

    result = read(client, retried.name)
    assert result["run_id"] == failed["run_id"]
    # Attempts are those of the newest workflow.
    assert states(result) == {
        "one": ("SUCCEEDED", 0),
        "two": ("SUCCEEDED", 1),
        "three": ("SUCCEEDED", 1),
    }
    assert len(retried.pods()) == 2
    listed = client.run("list", "--pipeline", workflow.rpartition("-")[0], "-o", "name").out
    assert listed.split() == [retried.name]


@pytest.mark.usefixtures("fuse")
def test_a_task_and_what_follows_it_run_again(client: ArgosyClient) -> None:
    workflow, _ = submit_failing(client)
    succeeded = retry(client, workflow)

    again = retry(client, succeeded.name, "--from", "two")

    assert len(again.pods()) == 2
    assert states(read(client, again.name))["two"] == ("SUCCEEDED", 1)


@pytest.mark.usefixtures("fuse")
def test_a_run_goes_on_after_its_workflow_was_deleted(client: ArgosyClient) -> None:
    workflow, failed = submit_failing(client)
    client.cluster.kubectl("delete", "workflow", workflow)

    retried = retry(client, failed["run_id"])

    assert len(retried.pods()) == 2
    assert read(client, retried.name)["run_id"] == failed["run_id"]


@pytest.mark.usefixtures("fuse")
def test_a_run_with_a_workspace_goes_on_in_it(client: ArgosyClient) -> None:
    storage_class = os.environ.get("ARGOSY_TEST_STORAGE_CLASS")
    if storage_class is None:
        pytest.skip("ARGOSY_TEST_STORAGE_CLASS names no storage class")
    claim = {"pvcSpecPatch": {"storageClassName": storage_class}}
    workspace = {"size": "1Gi", "kubernetes": claim}
    config = {"pipelineConfig": {"workspace": workspace}}
    workflow, failed = submit_failing(client, config=config)

    retried = retry(client, workflow)

    assert len(retried.pods()) == 2
    assert read(client, retried.name)["run_id"] == failed["run_id"]

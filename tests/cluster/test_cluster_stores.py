"""Stores that are missing or refuse, as a person sees them who submits a workflow."""

from __future__ import annotations

import uuid

import pytest

from argo_cluster import ArgoCluster, Refused
from driver_support import dag, leaf, pipeline, task

HELLO = pipeline(
    dag({"greet": task("comp-greet")}), {"comp-greet": leaf(command=["echo", "hello"])}
)
ASKED = pipeline(
    dag({"greet": task("comp-greet")}, {"rows": "NUMBER_INTEGER"}),
    {"comp-greet": leaf(command=["echo", "hello"])},
)


def test_argo_asks_for_a_store_that_nobody_named(cluster: ArgoCluster) -> None:
    submitted = cluster.try_submit(cluster.compile(HELLO, store=None))

    assert isinstance(submitted, Refused)
    assert "spec.arguments.argosy-store.value" in submitted.message
    assert "is required" in submitted.message


def test_argo_asks_for_a_value_that_nobody_gave(cluster: ArgoCluster) -> None:
    workflow = cluster.compile(ASKED)

    submitted = cluster.try_submit(workflow)

    assert isinstance(submitted, Refused)
    assert "spec.arguments.rows.value" in submitted.message
    assert cluster.submit(workflow, "-p", "rows=3").end() == "Succeeded"


def test_a_store_may_be_named_on_submission(cluster: ArgoCluster) -> None:
    run = cluster.start(HELLO, "-p", f"argosy-store={cluster.url}", store=None)

    assert run.end() == "Succeeded"
    assert run.log("greet") == "hello\n"


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("/var/argosy", "the store '/var/argosy' lies in this container and ends with it"),
        ("{{=workflow.parameters['store']}}", "the workflow names no store"),
    ],
)
def test_a_store_in_the_pod_is_refused_also_for_root(
    cluster: ArgoCluster, store: str, said: str
) -> None:
    workflow = cluster.compile(HELLO, store=store)
    workflow["spec"]["securityContext"] = {"runAsUser": 0, "runAsNonRoot": False}

    run = cluster.submit(workflow)

    assert run.end() == "Failed"
    assert said in run.node("greet")["message"]


def test_a_missing_secret_is_named(cluster: ArgoCluster) -> None:
    run = cluster.start(HELLO, store_secret="argosy-stroe")

    assert run.end() == "Failed"
    assert "the secret 'argosy-stroe' is missing" in run.node("greet")["message"]


def test_a_bucket_that_does_not_exist_is_named(cluster: ArgoCluster) -> None:
    bucket = cluster.url.partition("://")[2].partition("/")[0].partition("?")[0]
    wrong = cluster.url.replace(f"//{bucket}", f"//{bucket}-which-is-not-there", 1)

    run = cluster.start(HELLO, store=wrong)

    assert run.end() == "Failed"
    assert "there is no such bucket" in run.node("greet")["message"]


def test_credentials_that_the_store_refuses_are_named(cluster: ArgoCluster) -> None:
    name = f"argosy-wrong-{uuid.uuid4().hex[:8]}"
    keys = ("AWS_ACCESS_KEY_ID=nobody", "AWS_SECRET_ACCESS_KEY=nothing")
    literals = [f"--from-literal={key}" for key in keys]
    cluster.kubectl("create", "secret", "generic", name, *literals)
    try:
        run = cluster.start(HELLO, store_secret=name)

        assert run.end() == "Failed"
    finally:
        cluster.kubectl("delete", "secret", name)
    assert "refused the credentials" in run.node("greet")["message"]

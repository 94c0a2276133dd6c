"""Much at once on a cluster: many pods, large files, and a store that is away for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from argo_cluster import ArgoCluster
from argosy_compiler.container_resources import ContainerResources
from driver_support import DATASET, dag, given, leaf, loop, output_artifact, pipeline, task
from relays import Relay

SMALL = ContainerResources(requests=(("memory", "64Mi"),), limits=(("memory", "128Mi"),))
WRITE = 'mkdir -p "$(dirname "$0")" && head -c 500000000 /dev/urandom >"$0"'
COUNT = 'mkdir -p "$(dirname "$1")" && wc -c <"$0" >"$1"'


@pytest.mark.nightly
@pytest.mark.timeout(2400)
def test_a_loop_of_300_has_300_pods_that_are_completed(cluster: ArgoCluster) -> None:
    body = dag({"work": task("comp-work", {"n": given("item")})}, {"item": "NUMBER_INTEGER"})
    work = leaf({"n": "NUMBER_INTEGER"}, command=["echo", "{{$.inputs.parameters['n']}}"])
    # As many at a time as a small node has room for, beside other pods.
    each = task("comp-body", **loop([*range(300)]), iteratorPolicy={"parallelismLimit": 20})

    run = cluster.start(pipeline(dag({"each": each}), {"comp-body": body, "comp-work": work}))

    assert run.end(timeout_seconds=2100) == "Succeeded"
    assert run.wait_for_pods() == ["Succeeded"] * 300
    assert run.log("each/299/work") == "299\n"


def test_half_a_gigabyte_passes_a_small_driver_and_launcher(cluster: ArgoCluster) -> None:
    made, found = "{{$.outputs.artifacts['data'].path}}", "{{$.inputs.artifacts['data'].path}}"
    size = "{{$.outputs.parameters['size'].output_file}}"
    of = pipeline(
        dag(
            {
                "write": task("comp-write"),
                "count": task("comp-count", artifacts={"data": output_artifact("write")}),
            }
        ),
        {
            "comp-write": leaf(
                output_artifacts={"data": DATASET}, command=["sh", "-c", WRITE, made]
            ),
            "comp-count": leaf(
                outputs={"size": "NUMBER_INTEGER"},
                artifacts={"data": DATASET},
                command=["sh", "-c", COUNT, found, size],
            ),
        },
    )
    run = cluster.start(
        of, "-p", "argosy-cache=false", driver_resources=SMALL, launcher_resources=SMALL
    )

    assert run.end() == "Succeeded"
    (record,) = run.ended_attempts("count")
    assert record.outputs.parameters == {"size": 500_000_000}


@pytest.fixture
def relay(cluster: ArgoCluster) -> Iterator[Relay]:
    """What stands between pods and the store."""
    address = os.environ.get("ARGOSY_TEST_ADDRESS")
    endpoint = urlsplit(cluster.url.partition("endpoint=")[2].partition("&")[0])
    if address is None or endpoint.hostname is None:
        pytest.skip("ARGOSY_TEST_ADDRESS does not say where pods reach this machine")
    with Relay(address, (endpoint.hostname, endpoint.port or 80)) as relay:
        yield relay


def test_a_store_that_is_away_for_a_minute_fails_nothing(
    cluster: ArgoCluster, relay: Relay
) -> None:
    endpoint = cluster.url.partition("endpoint=")[2].partition("&")[0]
    url = cluster.url.replace(endpoint, f"http://{relay.address}")
    script = "echo ready; sleep 40; echo done"
    work = leaf(command=["sh", "-c", script])
    run = cluster.start(pipeline(dag({"work": task("comp-work")}), {"comp-work": work}), store=url)
    run.wait_for_line("work", "ready")

    with relay.interrupted():
        run.wait_for_line("work", "done")
        relay.wait_for_refusals(seconds=60)

    assert run.end() == "Succeeded"
    assert run.log("work") == "ready\ndone\n"

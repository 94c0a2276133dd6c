"""What the user's code can do to its pod on a cluster, as the user that it has by default."""

from __future__ import annotations

import pytest

from argo_cluster import ArgoCluster
from argosy_schemas.ir.model import Pipeline
from driver_support import dag, leaf, pipeline, task

EXCHANGE = "/argosy/exchange"
PUBLISHED = "/argosy/published"


def shell(script: str) -> Pipeline:
    return pipeline(
        dag({"work": task("comp-work")}), {"comp-work": leaf(command=["sh", "-c", script])}
    )


def test_a_command_sees_neither_what_is_private_nor_credentials(cluster: ArgoCluster) -> None:
    run = cluster.start(
        shell(f"ls /argosy; touch {PUBLISHED}/verdict 2> /dev/null || echo read-only; env")
    )

    assert run.end() == "Succeeded"
    printed = run.log("work").splitlines()
    assert printed[:4] == ["exchange", "home", "published", "read-only"]
    assert not [line for line in printed if "AWS_" in line]


def test_links_to_the_environment_of_the_launcher_store_nothing_of_it(
    cluster: ArgoCluster,
) -> None:
    links = "; ".join(f"ln -sf /proc/self/environ {EXCHANGE}/{name}" for name in ("log", "log.1"))
    run = cluster.start(shell(links))

    assert run.end() == "Succeeded"
    assert "ARGOSY_STORE" not in run.log("work")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (f"ln -s /proc/self/environ {EXCHANGE}/exit", "leads through the link 'exit'"),
        (f"truncate -s 1G {EXCHANGE}/exit", "has 1073741824 bytes, and at most 4096 are read"),
    ],
)
def test_a_forged_report_fails_the_task_with_one_line(
    cluster: ArgoCluster, script: str, problem: str
) -> None:
    run = cluster.start(shell(f"{script}; while [ ! -e {PUBLISHED}/verdict ]; do sleep 1; done"))

    assert run.end() == "Failed"
    assert f"'{EXCHANGE}/exit' {problem}" in run.node("work")["message"]


def test_the_program_that_starts_the_launchers_container_is_replaced_too_late(
    cluster: ArgoCluster,
) -> None:
    """Argo shares it among all containers, and main starts before the launcher."""
    evil = f"#!/bin/sh\\nenv > {EXCHANGE}/stolen\\n"
    script = (
        f"cd /var/run/argo; mv argoexec old; printf '{evil}' > argoexec; chmod 755 argoexec; "
        f"sleep 5; ls {EXCHANGE}"
    )
    run = cluster.start(shell(script))

    assert run.end() == "Succeeded"
    assert "stolen" not in run.log("work").split()

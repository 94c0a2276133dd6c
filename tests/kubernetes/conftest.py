"""An API server for the tests of :mod:`argosy_cluster`, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from argosy_cluster.kubernetes.client import KubernetesCluster
from argosy_cluster.kubernetes.kubeconfig import read_access
from argosy_store.fakes import FakeClock
from kube_server import KubeServer, kube_server


@pytest.fixture
def server() -> Iterator[KubeServer]:
    with kube_server() as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cluster(server: KubeServer, clock: FakeClock, tmp_path: Path) -> Iterator[KubernetesCluster]:
    path = server.write_kubeconfig(tmp_path / "kubeconfig")
    access = read_access(files=str(path), context=None, environment={})
    cluster = KubernetesCluster(
        access, answer_seconds=60, monotonic=clock.monotonic, sleep=clock.sleep
    )
    yield cluster
    cluster.close()

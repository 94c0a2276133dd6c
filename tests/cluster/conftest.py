"""A cluster with Argo, where the environment names one.

``ARGOSY_TEST_KUBECONFIG`` is the file that names it; ``kubectl`` and ``argo`` are on the ``PATH``.
``ARGOSY_TEST_STORE`` is the URL of a bucket that pods and this machine reach. The others have the
names of ``argosy manifests`` where they are not set: ``ARGOSY_TEST_NAMESPACE`` (``default``),
``ARGOSY_TEST_SERVICE_ACCOUNT`` and ``ARGOSY_TEST_STORE_SECRET`` in it, ``ARGOSY_TEST_IMAGE``. Pods
of tests use the images ``busybox`` and those of the examples.

Tests that need more skip without it: ``ARGOSY_TEST_STORAGE_CLASS``, of volume claims;
``ARGOSY_TEST_ADDRESS``, by which pods reach this machine; ``ARGOSY_TEST_STATIC_IMAGE``, an image
without a shell and the command to run in it; ``ARGOSY_TEST_RESTRICTED_NAMESPACE``, which enforces
Pod Security ``restricted`` and has the same account and secret.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from argo_cluster import ArgoCluster
from argosy_client import ArgosyClient
from argosy_compiler import CompileOptions
from argosy_compiler.options import DEFAULT_IMAGE
from argosy_store.stores import Stores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pods be scheduled, pulled and awaited, and measure no coverage of what they do."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(900))
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def namespace() -> Iterator[ArgoCluster]:
    kubeconfig = os.environ.get("ARGOSY_TEST_KUBECONFIG")
    if not kubeconfig:
        pytest.skip("ARGOSY_TEST_KUBECONFIG names no cluster with Argo")
    get = os.environ.get
    secret = get("ARGOSY_TEST_STORE_SECRET", "argosy-store")
    url = os.environ["ARGOSY_TEST_STORE"]
    with Stores(url) as stores, pytest.MonkeyPatch.context() as patch:
        cluster = ArgoCluster(
            namespace=get("ARGOSY_TEST_NAMESPACE", "default"),
            options=CompileOptions(
                store=url,
                store_secret=secret,
                service_account=get("ARGOSY_TEST_SERVICE_ACCOUNT", "argosy"),
                image=get("ARGOSY_TEST_IMAGE", DEFAULT_IMAGE),
            ),
            environment={**os.environ, "KUBECONFIG": kubeconfig},
            url=url,
            stores=stores,
        )
        data = json.loads(cluster.kubectl("get", "secret", secret, "-o", "json"))["data"]
        for name, value in data.items():
            patch.setenv(name, base64.b64decode(value).decode())
        yield cluster


@pytest.fixture
def cluster(namespace: ArgoCluster) -> Iterator[ArgoCluster]:
    """The cluster; what a test submitted is deleted when it has passed or failed."""
    yield namespace
    namespace.clean()


@pytest.fixture
def client(cluster: ArgoCluster, tmp_path: Path) -> ArgosyClient:
    """The command line, whose configuration names the cluster."""
    return ArgosyClient(cluster, tmp_path)

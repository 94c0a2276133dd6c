"""Check an installation, from the API server to the images; reads only."""

from __future__ import annotations

from collections.abc import Iterator

from argosy_cluster.cluster import Cluster
from argosy_cluster.installation.controller import check_controller, find_controller
from argosy_cluster.installation.expectations import Expectations, fail
from argosy_cluster.installation.namespace import (
    check_images,
    check_pod_security,
    check_quotas,
    check_store_secret,
)
from argosy_cluster.installation.rights import check_own_rights, check_service_account
from argosy_cluster.installation.versions import check_kinds, check_kubernetes
from argosy_schemas.check_results import CheckResult
from argosy_schemas.errors import ClusterError


def check_installation(cluster: Cluster, expected: Expectations) -> Iterator[CheckResult]:
    """Yield the result of each check as soon as it is known.

    Nothing is changed: reviews of rights are questions, though the API has them created.
    """
    try:
        yield from check_kubernetes(cluster)
        yield from check_kinds(cluster)
        yield from check_controller(cluster, find_controller(cluster))
        yield from check_pod_security(cluster)
        yield from check_quotas(cluster)
        yield from check_own_rights(cluster)
        yield from check_service_account(cluster, expected)
        yield from check_store_secret(cluster, expected)
        yield from check_images(cluster, expected)
    except ClusterError as error:
        # It is gone, or does not accept the credentials: the rest would say the same.
        yield fail("cluster", str(error))

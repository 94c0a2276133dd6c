"""Check an installation, from the API server to the images; reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from argosy_cluster.cluster import Cluster
from argosy_cluster.installation.controller import (
    Controller,
    check_controller,
    find_controller,
)
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

_Check = Callable[[Cluster, Controller | None, Expectations], Iterator[CheckResult]]

CHECKS: Final[tuple[_Check, ...]] = (
    lambda cluster, controller, _: check_controller(cluster, controller),
    lambda cluster, _, __: check_pod_security(cluster),
    lambda cluster, _, __: check_quotas(cluster),
    lambda cluster, _, __: check_own_rights(cluster),
    lambda cluster, _, expected: check_service_account(cluster, expected),
    lambda cluster, _, expected: check_store_secret(cluster, expected),
    lambda cluster, _, expected: check_images(cluster, expected),
)
"""What is checked where the API server answers and has Argo's kinds, in this order."""


def check_installation(cluster: Cluster, expected: Expectations) -> Iterator[CheckResult]:
    """Yield the result of each check as soon as it is known.

    Nothing is changed: reviews of rights are questions, though the API has them created.
    """
    try:
        yield from check_kubernetes(cluster)
        yield from check_kinds(cluster)
        controller = find_controller(cluster)
        for check in CHECKS:
            yield from check(cluster, controller, expected)
    except ClusterError as error:
        # It is gone, or does not accept the credentials: the rest would say the same.
        yield fail("cluster", str(error))

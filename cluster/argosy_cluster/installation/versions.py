"""The versions of Kubernetes and of Argo's kinds of objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from argosy_cluster.cluster import Cluster
from argosy_cluster.installation.expectations import fail, not_seen, ok, warn
from argosy_cluster.resources import CUSTOM_RESOURCES
from argosy_schemas.check_results import CheckResult
from argosy_schemas.errors import AccessDeniedError, MissingObjectError

_KINDS: Final = ("workflows", "workflowtaskresults")
_OLDEST_MINOR: Final = 21
"""Of Kubernetes 1; what Argo 3.5 needs."""
_CRD: Final = "workflows.argoproj.io"


def check_kubernetes(cluster: Cluster) -> Iterator[CheckResult]:
    """Say the version of the API server."""
    version: Any = cluster.read_path("/version").get("gitVersion") or "of an unknown version"
    minor = re.match(r"v1\.(\d+)", str(version))
    if minor is not None and int(minor[1]) < _OLDEST_MINOR:
        yield warn("kubernetes", f"{version} is older than Argo 3.5 supports; update it")
    else:
        yield ok("kubernetes", str(version))


def check_kinds(cluster: Cluster) -> Iterator[CheckResult]:
    """Say whether Argo's kinds of objects are there, and what their definitions limit."""
    try:
        served: Any = cluster.read_path("/apis/argoproj.io/v1alpha1")
    except MissingObjectError:
        yield fail(
            "argo's kinds",
            "the cluster has no Argo Workflows; install a release from 3.5 to 4.1",
        )
        return
    except AccessDeniedError as error:
        yield not_seen("argo's kinds", str(error))
        return
    names = {each.get("name") for each in served.get("resources") or ()}
    missing = [name for name in _KINDS if name not in names]
    if missing:
        yield fail(
            "argo's kinds",
            f"the cluster has no {', '.join(missing)}; install all definitions of the release of "
            "Argo that runs there",
        )
        return
    yield _check_definitions(cluster)


def _check_definitions(cluster: Cluster) -> CheckResult:
    try:
        definition: Any = cluster.get(CUSTOM_RESOURCES, _CRD)
    except (AccessDeniedError, MissingObjectError):
        return not_seen(
            "argo's kinds",
            "they are there; whether their definitions are full or minimal, you may not see: "
            f"kubectl get crd {_CRD} -o json | grep -c maxItems (0 is minimal)",
        )
    versions = definition.get("spec", {}).get("versions") or ()
    limits = any(_has_limits(version) for version in versions)
    if limits:
        return ok(
            "argo's kinds",
            "full definitions: at most 200 templates and 200 tasks in a DAG, which 'argosy "
            "compile' keeps",
        )
    return ok("argo's kinds", "minimal definitions, which limit nothing")


def _has_limits(version: Any) -> bool:
    schema: Any = version.get("schema", {}).get("openAPIV3Schema", {})
    spec: Any = schema.get("properties", {}).get("spec", {}).get("properties", {})
    return "maxItems" in spec.get("templates", {})

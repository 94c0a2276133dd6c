"""Rights: those of the caller, and those of the service account of the pods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from argosy_cluster.cluster import Cluster, Resource
from argosy_cluster.installation.expectations import Expectations, fail, not_seen, ok, warn
from argosy_cluster.resources import ACCESS_REVIEWS, SERVICE_ACCOUNTS
from argosy_schemas.check_results import CheckResult
from argosy_schemas.errors import AccessDeniedError, ClusterError, MissingObjectError
from argosy_schemas.values import JsonValue

SUBJECT_REVIEWS: Final = Resource(
    group="authorization.k8s.io", version="v1", plural="localsubjectaccessreviews"
)


@dataclass(frozen=True, slots=True)
class _Right:
    verb: str
    group: str
    resource: str
    """With its subresource behind a slash."""
    purpose: str

    @property
    def rule(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"

    def review(self, namespace: str) -> dict[str, Any]:
        resource, _, subresource = self.resource.partition("/")
        return {
            "namespace": namespace,
            "verb": self.verb,
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
        }


_SUBMIT: Final = _Right("create", "argoproj.io", "workflows", "argosy submit")
_OWN: Final = (
    _Right("get", "argoproj.io", "workflows", "argosy get, why and logs"),
    _Right("list", "argoproj.io", "workflows", "argosy list"),
    _Right("watch", "argoproj.io", "workflows", "argosy submit --watch"),
    _Right("patch", "argoproj.io", "workflows", "argosy stop"),
    _Right("delete", "argoproj.io", "workflows", "argosy delete"),
    _Right("list", "", "pods", "argosy why"),
    _Right("get", "", "pods/log", "argosy logs --follow"),
    _Right("list", "", "events", "argosy why"),
)
_PODS: Final = (
    _Right("create", "argoproj.io", "workflowtaskresults", "the end of each task"),
    _Right("patch", "argoproj.io", "workflowtaskresults", "the end of each task"),
)


def check_own_rights(cluster: Cluster) -> Iterator[CheckResult]:
    """Say what the caller may do in the namespace."""
    name = "your rights"
    try:
        may_submit = _is_allowed(cluster, _SUBMIT)
        missing = [right for right in _OWN if not _is_allowed(cluster, right)]
    except ClusterError as error:
        yield not_seen(name, f"{error}")
        return
    if not may_submit:
        yield fail(
            name,
            f"you may not create workflows in namespace '{cluster.namespace}'; ask for a Role with "
            "the rule {apiGroups: [argoproj.io], resources: [workflows], verbs: [create]}",
        )
    if missing:
        lacks = "; ".join(f"{right.rule} ({right.purpose})" for right in missing)
        yield warn(
            name, f"you lack rights in namespace '{cluster.namespace}'; ask for a Role with {lacks}"
        )
    if may_submit and not missing:
        yield ok(name, "you may submit, watch, explain, stop and delete runs")


def check_service_account(cluster: Cluster, expected: Expectations) -> Iterator[CheckResult]:
    """Say whether the service account of the pods exists, and has its rights."""
    name, account = "service account", expected.service_account
    pull_secrets = ""
    try:
        found: Any = cluster.get(SERVICE_ACCOUNTS, account)
    except MissingObjectError:
        yield fail(
            name,
            f"there is no '{account}' in namespace '{cluster.namespace}'; argosy "
            f"manifests | kubectl apply -n {cluster.namespace} -f -, or name another one with "
            "--service-account",
        )
        return
    except AccessDeniedError:
        pass
    else:
        named = [each.get("name") for each in found.get("imagePullSecrets") or ()]
        pull_secrets = f", with the pull secrets {', '.join(named)}" if named else ""
    yield _check_pod_rights(cluster, account, pull_secrets)


def _check_pod_rights(cluster: Cluster, account: str, pull_secrets: str) -> CheckResult:
    name = "service account"
    user = f"system:serviceaccount:{cluster.namespace}:{account}"
    try:
        missing = [right for right in _PODS if not _is_allowed(cluster, right, user)]
    except (AccessDeniedError, MissingObjectError):
        return not_seen(
            name,
            f"you may not see what '{account}' may do; who may: kubectl -n {cluster.namespace} "
            f"auth can-i create workflowtaskresults.argoproj.io --as {user}",
        )
    if missing:
        lacks = " and ".join(right.rule for right in missing)
        return fail(
            name,
            f"'{account}' may not {lacks}, so that no task ends well; argosy manifests | "
            f"kubectl apply -n {cluster.namespace} -f -",
        )
    return ok(name, f"'{account}' may write task results{pull_secrets}")


def _is_allowed(cluster: Cluster, right: _Right, user: str | None = None) -> bool:
    spec: dict[str, Any] = {"resourceAttributes": right.review(cluster.namespace)}
    kind, resource = "SelfSubjectAccessReview", ACCESS_REVIEWS
    metadata: dict[str, Any] = {}
    if user is not None:
        kind, resource = "LocalSubjectAccessReview", SUBJECT_REVIEWS
        namespace = cluster.namespace
        metadata = {"namespace": namespace}
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
        spec |= {"user": user, "groups": [*groups, "system:authenticated"]}
    document: dict[str, JsonValue] = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }
    answer: Any = cluster.create(resource, document)
    return bool(answer.get("status", {}).get("allowed"))

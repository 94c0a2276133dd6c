"""What a namespace asks of pods, and what pods ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from argosy_cluster.cluster import Cluster, Document, Resource
from argosy_cluster.installation.expectations import Expectations, fail, not_seen, ok, warn
from argosy_cluster.resources import NAMESPACES, PODS, SECRETS, SERVICE_ACCOUNTS
from argosy_runs.argo.pods.documents import read_member, read_members, read_pod_status
from argosy_runs.argo.pods.starting import PULLING
from argosy_schemas.check_results import CheckResult
from argosy_schemas.errors import AccessDeniedError, MissingObjectError

_LEVEL: Final = "pod-security.kubernetes.io/enforce"
QUOTAS: Final = Resource(group="", version="v1", plural="resourcequotas")
LIMIT_RANGES: Final = Resource(group="", version="v1", plural="limitranges")
_PREFIXES: Final = ("AWS_", "GOOGLE_", "AZURE_", "ARGOSY_")


def check_pod_security(cluster: Cluster) -> Iterator[CheckResult]:
    """Say which Pod Security level the namespace enforces, and what that asks for."""
    name = "pod security"
    try:
        found = cluster.get(NAMESPACES, cluster.namespace)
    except MissingObjectError:
        yield fail(
            name,
            f"there is no namespace '{cluster.namespace}'; create it, or name another one with "
            "--namespace",
        )
        return
    except AccessDeniedError:
        yield not_seen(
            name,
            f"you may not read the namespace; who may: kubectl get namespace {cluster.namespace} "
            "--show-labels",
        )
        return
    level = read_member(read_member(found, "metadata"), "labels").get(_LEVEL) or "privileged"
    if level == "restricted":
        yield ok(
            name,
            "the level 'restricted' takes pods as they are compiled; it refuses those of "
            "'--pod-security baseline', and of workflows without security contexts",
        )
        return
    yield ok(name, f"the level '{level}' takes pods as they are compiled")


def check_quotas(cluster: Cluster) -> Iterator[CheckResult]:
    """Say whether quotas leave room, and demand what pods do not say."""
    name = "quotas"
    try:
        quotas = cluster.list(QUOTAS).items
        ranges = cluster.list(LIMIT_RANGES).items
    except (AccessDeniedError, MissingObjectError):
        yield not_seen(
            name,
            f"you may not read them; who may: kubectl -n {cluster.namespace} get quota,limitrange",
        )
        return
    demanded = {key for each in quotas for key in read_member(read_member(each, "spec"), "hard")}
    given = {key for each in ranges for key in _defaults(each)}
    missing = sorted(
        key for key in demanded if key.startswith(("limits.", "requests.")) and key not in given
    )
    full = [full for each in quotas for full in _used_up(each)]
    if missing:
        yield warn(
            name,
            f"a quota counts {', '.join(missing)}, so it refuses pods in which the task, or a "
            "container of Argo's own, does not say them; create a LimitRange with defaults",
        )
    if full:
        yield warn(name, f"no room is left ({', '.join(full)}), so pods wait; end other pods")
    if not missing and not full:
        yield ok(name, f"{len(quotas)} quotas leave room" if quotas else "there are none")


def _defaults(document: Document) -> Iterator[str]:
    """Yield what a LimitRange gives to containers, in the words of quotas."""
    for limit in read_members(read_member(document, "spec"), "limits"):
        for resource in read_member(limit, "default"):
            # Where there is no default request, the limit is it.
            yield from (f"limits.{resource}", f"requests.{resource}")
        for resource in read_member(limit, "defaultRequest"):
            yield f"requests.{resource}"


def _used_up(document: Document) -> Iterator[str]:
    """Yield what a quota has no more of."""
    status = read_member(document, "status")
    hard = read_member(status, "hard")
    for key, used in read_member(status, "used").items():
        if used == hard.get(key) and used != "0":
            yield f"{read_member(document, 'metadata').get('name')}: {key} {used}"


def check_store_secret(cluster: Cluster, expected: Expectations) -> Iterator[CheckResult]:
    """Say whether the secret of the store is there, with variables for driver and launcher."""
    name, secret = "store's secret", expected.store_secret
    if secret is None:
        return
    try:
        found: Any = cluster.get(SECRETS, secret)
    except MissingObjectError:
        yield fail(
            name,
            f"there is no secret '{secret}' in namespace '{cluster.namespace}'; create it with the "
            "credentials of the store as its keys, or name another one with --store-secret",
        )
        return
    except AccessDeniedError:
        yield not_seen(
            name,
            f"you may not read secret '{secret}'; who may: kubectl -n {cluster.namespace} describe "
            f"secret {secret}",
        )
        return
    keys = sorted(found.get("data") or {})
    if not any(key.startswith(_PREFIXES) for key in keys):
        yield fail(
            name,
            f"no key of secret '{secret}' is a variable that a store reads ({', '.join(keys)}); "
            "its keys begin with AWS_, GOOGLE_ or AZURE_",
        )
        return
    yield ok(name, f"secret '{secret}' has {', '.join(keys)}")


def check_images(cluster: Cluster, expected: Expectations) -> Iterator[CheckResult]:
    """Say of the image of driver and launcher what can be seen without running a pod."""
    name, image = "images", expected.image
    yield from _check_pull_secrets(cluster, expected)
    try:
        pods = [read_pod_status(each) for each in cluster.list(PODS).items]
    except AccessDeniedError:
        yield not_seen(name, f"you may not list pods; whether '{image}' is pulled, a run shows")
        return
    containers = [each for pod in pods for each in pod.containers]
    failing = sorted({each.image for each in containers if each.waiting_reason in PULLING})
    if failing:
        yield warn(
            name,
            f"pods of the namespace wait for {', '.join(failing)}; 'argosy why' says why",
        )
    if any(each.image == image and each.is_pulled for each in containers):
        yield ok(name, f"'{image}' has been pulled for a pod of the namespace")
    else:
        yield not_seen(
            name,
            f"no pod of the namespace has used '{image}' yet; the first run shows whether it can "
            "be pulled",
        )


def _check_pull_secrets(cluster: Cluster, expected: Expectations) -> Iterator[CheckResult]:
    try:
        account: Any = cluster.get(SERVICE_ACCOUNTS, expected.service_account)
        for each in account.get("imagePullSecrets") or ():
            try:
                cluster.get(SECRETS, each["name"])
            except MissingObjectError:
                yield fail(
                    "images",
                    f"the pull secret '{each['name']}' of service account "
                    f"'{expected.service_account}' does not exist; create it, or take it from the "
                    "account",
                )
    except (AccessDeniedError, MissingObjectError):
        return

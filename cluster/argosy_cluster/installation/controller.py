"""Argo's controller: its version, whether it looks at the namespace, and its settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from argosy_cluster.cluster import Cluster, Document, Resource
from argosy_cluster.installation.expectations import fail, not_seen, ok, warn
from argosy_cluster.resources import PHASE_LABEL, WORKFLOWS
from argosy_compiler.options import ARGO_LINES
from argosy_runs.argo.pods.documents import read_member
from argosy_schemas.check_results import CheckResult
from argosy_schemas.errors import AccessDeniedError, InvalidPipelineError, MissingObjectError
from argosy_schemas.reading.documents import read_values

DEPLOYMENTS: Final = Resource(group="apps", version="v1", plural="deployments")
_EVERYWHERE: Final = Resource(group="apps", version="v1", plural="deployments", is_namespaced=False)
_NAMESPACES: Final = ("argo", "argo-workflows", "kubeflow")
"""Where installations put the controller."""
_LABELS: Final = ("app=workflow-controller", "app.kubernetes.io/component=workflow-controller")
_CONFIG_MAP: Final = "workflow-controller-configmap"
_REQUEUE: Final = "DEFAULT_REQUEUE_TIME"
_NAME: Final = "controller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """The controller of a cluster, as far as it may be seen."""

    namespace: str
    image: str
    words: tuple[str, ...]
    """Its command and arguments."""
    environment: Mapping[str, str]
    ready: int
    settings: Mapping[str, Any] | None
    """``None``: they may not be read."""

    def option(self, name: str) -> str | None:
        """Return the value of an option in its arguments; ``None``: it is not given."""
        for index, word in enumerate(self.words):
            key, equals, value = word.partition("=")
            if key == name:
                following = self.words[index + 1 : index + 2]
                return value if equals else "".join(following)
        return None

    @property
    def executor_has_security_context(self) -> bool:
        """Whether Argo's own containers get a security context."""
        executor: Any = (self.settings or {}).get("executor") or {}
        return bool(executor.get("securityContext"))


def find_controller(cluster: Cluster) -> Controller | None:
    """Return the controller; ``None``: there is none that may be seen."""
    for document in _deployments(cluster):
        found = _read_deployment(document)
        if found is not None:
            name = found.option("--configmap") or _CONFIG_MAP
            return replace(found, settings=_read_settings(cluster, found.namespace, name))
    return None


def check_controller(cluster: Cluster, controller: Controller | None) -> Iterator[CheckResult]:
    """Say version, scope and settings of the controller."""
    if controller is None:
        yield _look_at_work(cluster)
        return
    yield _check_version(controller)
    yield from _check_scope(controller, cluster.namespace)
    yield _check_requeue(controller)
    yield from _check_settings(controller)


def _look_at_work(cluster: Cluster) -> CheckResult:
    """Say whether somebody takes the workflows of the namespace."""
    hidden = (
        "you may see no deployment of Argo's controller; who may: kubectl -n argo get deployment "
        "workflow-controller -o yaml"
    )
    try:
        taken = next(
            (
                str(row["name"])
                for row in cluster.list_rows(WORKFLOWS, labels=PHASE_LABEL)
                if row.get("name")
            ),
            None,
        )
    except (AccessDeniedError, MissingObjectError):
        taken = None
    if taken is None:
        return not_seen(_NAME, hidden)
    return ok(_NAME, f"one takes the workflows of the namespace, as '{taken}'; {hidden}")


def _check_version(controller: Controller) -> CheckResult:
    where = f"in namespace '{controller.namespace}'"
    if controller.ready == 0:
        return fail(
            _NAME,
            f"the controller {where} is not running; see why: kubectl -n {controller.namespace} "
            "get pods",
        )
    tag = re.search(r":v?(\d+)\.(\d+)[^/]*$", controller.image)
    if tag is None:
        return ok(_NAME, f"runs {where}; its image '{controller.image}' names no version")
    line = f"{tag[1]}.{tag[2]}"
    version = controller.image.rpartition(":")[2]
    if line in ARGO_LINES:
        return ok(_NAME, f"Argo {version}, {where}")
    if (int(tag[1]), int(tag[2])) < (3, 5):
        return fail(
            _NAME, f"Argo {version} {where} is too old; update it to one of {', '.join(ARGO_LINES)}"
        )
    return warn(
        _NAME,
        f"Argo {version} {where} is newer than what this release of Argosy was tested with "
        f"({', '.join(ARGO_LINES)}); update Argosy",
    )


def _check_scope(controller: Controller, namespace: str) -> Iterator[CheckResult]:
    if controller.option("--namespaced") is not None:
        managed = controller.option("--managed-namespace") or controller.namespace
        if managed != namespace:
            yield fail(
                "controller's scope",
                f"it looks at namespace '{managed}' only, not at '{namespace}'; run there, or "
                f"start it with --managed-namespace {namespace}",
            )
    instance = (controller.settings or {}).get("instanceID")
    if instance:
        yield fail(
            "controller's scope",
            f"it takes only workflows with the label workflows.argoproj.io/controller-instanceid: "
            f"{instance}; set it with 'argosy submit --label', or 'argo submit --instanceid "
            f"{instance}'",
        )
    restrictions: Any = (controller.settings or {}).get("workflowRestrictions") or {}
    referencing = restrictions.get("templateReferencing")
    if referencing:
        yield fail(
            "controller's scope",
            f"it takes only workflows that refer to a WorkflowTemplate ({referencing}); compile "
            "with --kind WorkflowTemplate and submit from that",
        )


def _check_requeue(controller: Controller) -> CheckResult:
    text = controller.environment.get(_REQUEUE)
    name = "requeue time"
    if text is not None and _seconds(text) <= 2:
        return ok(name, f"the controller looks at a workflow again after {text}")
    now = f"{text}" if text is not None else "10s, the default"
    return warn(
        name,
        f"the controller looks at a workflow again after {now}, and each task may wait as long; "
        f"set {_REQUEUE}=1s in the environment of its deployment, which takes some 30 % of the "
        "time of a chain of short tasks away",
    )


def _check_settings(controller: Controller) -> Iterator[CheckResult]:
    name = "controller's settings"
    if controller.settings is None:
        yield not_seen(
            name,
            f"you may not read them; who may: kubectl -n {controller.namespace} get configmap "
            f"{controller.option('--configmap') or _CONFIG_MAP} -o yaml",
        )
        return
    persistence: Any = controller.settings.get("persistence") or {}
    if persistence.get("nodeStatusOffLoad"):
        yield warn(
            name,
            "nodes of large workflows go to a database (nodeStatusOffLoad), where only Argo's "
            "server reads them; 'argosy get' and 'why' show what the records of such a run say",
        )
    parts = ["workflows are archived" if persistence.get("archive") else "no archive of workflows"]
    executor = controller.executor_has_security_context
    parts.append(
        "Argo's containers have a security context"
        if executor
        else "Argo's containers have no security context"
    )
    for key in ("parallelism", "namespaceParallelism"):
        if controller.settings.get(key):
            parts.append(f"{key} {controller.settings[key]}")
    yield ok(name, ", ".join(parts))


def _deployments(cluster: Cluster) -> Iterator[Document]:
    """Yield the deployments of controllers that may be seen, those of the namespace first."""
    for labels in _LABELS:
        for resource in (DEPLOYMENTS, _EVERYWHERE):
            try:
                yield from cluster.list(resource, labels=labels).items
            except (AccessDeniedError, MissingObjectError):
                continue
    for namespace in _NAMESPACES:
        try:
            found: Any = cluster.read_path(f"/apis/apps/v1/namespaces/{namespace}/deployments")
        except (AccessDeniedError, MissingObjectError):
            continue
        yield from found.get("items") or ()


def _read_deployment(document: Document) -> Controller | None:
    deployment: Any = document
    containers: Any = deployment["spec"]["template"]["spec"]["containers"]
    for each in containers:
        words = (*(each.get("command") or ()), *(each.get("args") or ()))
        image = each.get("image") or ""
        if "workflow-controller" in image or "workflow-controller" in words:
            variables = each.get("env") or ()
            return Controller(
                namespace=deployment["metadata"]["namespace"],
                image=image,
                words=tuple(words),
                environment={var["name"]: var.get("value") or "" for var in variables},
                ready=read_member(document, "status").get("readyReplicas") or 0,
                settings=None,
            )
    return None


def _read_settings(cluster: Cluster, namespace: str, name: str) -> Mapping[str, Any] | None:
    try:
        found = cluster.read_path(f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    except AccessDeniedError:
        return None
    except MissingObjectError:
        return {}
    settings: dict[str, Any] = {}
    for key, text in read_member(found, "data").items():
        value = _read_yaml(text, key)
        if key == "config":
            settings |= cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
        else:
            settings[key] = value
    return settings


def _read_yaml(text: str, key: str) -> object:
    try:
        values = read_values(text.encode(), file=key)
    except InvalidPipelineError:
        return None
    return values[0] if values else None


def _seconds(text: str) -> float:
    """Return a duration of Go in seconds; what cannot be read is long."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    return sum(float(number) * units[unit] for number, unit in parts) if parts else float("inf")

"""The settings of a task's own pod as a value: ``dsl.TaskConfig`` (``ir-semantics`` 5.7, 6.6).

A component that starts pods of its own can take the settings of its task as a value, in the JSON of
Kubernetes. The value holds the groups of settings that the component lists. The compiler decides
whether the task's own pod has a group too; for the variables of the executor the driver does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.model import ContainerExecutor, Resources
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.pod import WORKSPACE_PATH, WORKSPACE_VOLUME
from argosy_schemas.values import JsonValue

if TYPE_CHECKING:
    from argosy_driver.preparing.pod_values import PodValues


def get_workspace_claim(workflow: str) -> str:
    """Return the name of the claim that Argo makes for the workspace of a run."""
    return f"{workflow}-{WORKSPACE_VOLUME}"


def get_mounted_claims(
    resolver: Resolver, node: TaskPosition, *, uses_workspace: bool
) -> tuple[str, ...]:
    """Return the names of the volume claims that a task's pod mounts."""
    values = make_pod_values(resolver, node)
    claims = [] if values is None else values.list_claims()
    if uses_workspace:
        claims.append(get_workspace_claim(resolver.run.name))
    return tuple(claims)


def refuse_store_secrets(resolver: Resolver, node: TaskPosition) -> None:
    """Check that a task uses no secret of the store, whose name a parameter may have.

    The compiler has compared the names that are constants.

    Raises:
        FinalTaskError: It uses one, or the value of a parameter is no name.
    """
    taken = resolver.run.store_secrets
    values = make_pod_values(resolver, node) if taken else None
    if values is None:
        return
    for name in map(values.resolve_name, values.config.secrets):
        if name in taken:
            raise FinalTaskError(
                f"task '{node.path}' uses the secret '{name}', which has the credentials of the "
                "store for driver and launcher; give the task a secret of its own",
                reason=Reason.INVALID_INPUT,
            )


def applies_group(node: TaskPosition, group: str) -> bool:
    """Return whether the task's own pod has a group of settings, e.g. the variables (``ENV``)."""
    listed = node.component.task_config_passthroughs
    return all(each.apply_to_task for each in listed if each.field == group)


def make_task_config(
    resolver: Resolver,
    node: TaskPosition,
    executor: ContainerExecutor,
    *,
    text: Callable[[str], str],
    uses_workspace: bool,
) -> JsonValue:
    """Return the value for a ``TASK_CONFIG`` input.

    Args:
        resolver: Of the run.
        node: The task.
        executor: Its container.
        text: Replaces placeholders in the texts of the container.
        uses_workspace: Whether the workspace is mounted.

    Raises:
        FinalTaskError: A setting takes a value that is missing or of the wrong type.
    """
    listed = {each.field for each in node.component.task_config_passthroughs}
    values = make_pod_values(resolver, node)
    pod: dict[str, Any] = {} if values is None else values.make_pod(listed)
    main: dict[str, Any] = pod.get("container", {})
    config: dict[str, JsonValue] = {
        "affinity": pod.get("affinity"),
        "tolerations": pod.get("tolerations") or None,
        "nodeSelector": pod.get("nodeSelector"),
        "env": None,
        "volumes": None,
        "volumeMounts": None,
        "resources": {},
    }
    if "RESOURCES" in listed:
        config["resources"] = _make_resources(executor.resources, text)
    if "ENV" in listed:
        own = [{"name": name, "value": text(value)} for name, value in executor.env]
        config["env"] = [*own, *main.get("env", ())]
    if "KUBERNETES_VOLUMES" in listed:
        volumes: list[JsonValue] = [*pod.get("volumes", ())]
        mounts: list[JsonValue] = [*main.get("volumeMounts", ())]
        if uses_workspace:
            claim = {"claimName": get_workspace_claim(resolver.run.name)}
            volumes.append({"name": WORKSPACE_VOLUME, "persistentVolumeClaim": claim})
            mounts.append({"name": WORKSPACE_VOLUME, "mountPath": WORKSPACE_PATH})
        config["volumes"], config["volumeMounts"] = volumes, mounts
    return config


def make_pod_values(resolver: Resolver, node: TaskPosition) -> PodValues | None:
    """Return the configuration of a task's executor; ``None``: it has none."""
    config = resolver.pipeline.kubernetes.get(node.component.executor_label or "")
    if config is None:
        return None
    # Most executors have no configuration, and their drivers start sooner without it.
    from argosy_driver.preparing.pod_values import PodValues

    return PodValues(
        config, lambda parameter: resolver.setting(node, parameter.source, parameter.setting)
    )


def _make_resources(resources: Resources, text: Callable[[str], str]) -> JsonValue:
    limits = {
        "cpu": text(resources.cpu_limit),
        "memory": text(resources.memory_limit),
    }
    requests = {"cpu": text(resources.cpu_request), "memory": text(resources.memory_request)}
    kind, count = text(resources.accelerator_type), text(resources.accelerator_count)
    if kind and count:
        limits[kind] = count
    groups = {
        "limits": {name: value for name, value in limits.items() if value},
        "requests": {name: value for name, value in requests.items() if value},
    }
    return {name: group for name, group in groups.items() if group}

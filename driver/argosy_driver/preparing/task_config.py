"""The settings of a task's own pod as a value: ``dsl.TaskConfig`` (``ir-semantics`` 5.7, 6.6).

A component that starts pods of its own asks for the settings that its author gave to the task, in
the JSON of Kubernetes. Only the groups that it lists are told; without ``applyToTask`` they are not
applied to its own pod, which is the compiler's affair for all but the environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from argosy_driver.preparing.pod_settings import (
    claims,
    environment_settings,
    node_affinity,
    node_selector,
    tolerations,
    volumes,
)
from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.ir.model import ContainerExecutor, Resources
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.pod import WORKSPACE_PATH, WORKSPACE_VOLUME
from argosy_schemas.values import JsonValue, Unset

Json: TypeAlias = Mapping[str, Any]

ENV_FIELD: Final = "ENV"


def workspace_claim(workflow: str) -> str:
    """Return the name of the claim that Argo makes for the workspace of a run."""
    return f"{workflow}-{WORKSPACE_VOLUME}"


def mounted_claims(
    resolver: Resolver, node: TaskPosition, *, uses_workspace: bool
) -> tuple[str, ...]:
    """Return the names of the volume claims that a task's pod mounts."""
    names = claims(_settings(resolver, node), _values(resolver, node))
    if uses_workspace:
        names.append(workspace_claim(resolver.run.name))
    return tuple(names)


def applies_environment(node: TaskPosition) -> bool:
    """Return whether the variables of the executor are set for the component itself."""
    listed = node.component.task_config_passthroughs
    return all(each.apply_to_task for each in listed if each.field == ENV_FIELD)


def task_config(
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
        FinalTaskError: A setting is taken from a value that is missing or of the wrong type.
    """
    listed = {each.field for each in node.component.task_config_passthroughs}
    settings = _settings(resolver, node)
    values = _values(resolver, node)
    config: dict[str, JsonValue] = {
        "affinity": None,
        "tolerations": None,
        "nodeSelector": None,
        "env": None,
        "volumes": None,
        "volumeMounts": None,
        "resources": {},
    }
    if "RESOURCES" in listed:
        config["resources"] = _resources(executor.resources, text)
    if ENV_FIELD in listed:
        own: list[JsonValue] = [
            {"name": name, "value": text(value)} for name, value in executor.env
        ]
        config["env"] = [*own, *environment_settings(settings, values)]
    if "KUBERNETES_AFFINITY" in listed and (affinity := node_affinity(settings, values)):
        config["affinity"] = {"nodeAffinity": affinity}
    if "KUBERNETES_TOLERATIONS" in listed:
        config["tolerations"] = tolerations(settings, values)
    if "KUBERNETES_NODE_SELECTOR" in listed:
        config["nodeSelector"] = node_selector(settings, values)
    if "KUBERNETES_VOLUMES" in listed:
        found, mounts = volumes(settings, values)
        if uses_workspace:
            claim = workspace_claim(resolver.run.name)
            found.append({"name": WORKSPACE_VOLUME, "persistentVolumeClaim": {"claimName": claim}})
            mounts.append({"name": WORKSPACE_VOLUME, "mountPath": WORKSPACE_PATH})
        config["volumes"], config["volumeMounts"] = found, mounts
    return config


def _settings(resolver: Resolver, node: TaskPosition) -> Json:
    label = node.component.executor_label
    return {} if label is None else resolver.pipeline.kubernetes.get(label, {})


def _values(resolver: Resolver, node: TaskPosition) -> Callable[[Json, str], JsonValue | Unset]:
    return lambda source, what: resolver.setting(node, source, what)


def _resources(resources: Resources, text: Callable[[str], str]) -> JsonValue:
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

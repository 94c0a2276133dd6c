"""The pods that Argo makes of a workflow.

Written from ``workflow/controller/workflowpod.go`` of Argo, and not from the compiler. Argo's own
containers have no settings here, as with a controller that nobody configured.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

import yaml

Json: TypeAlias = dict[str, Any]

_KEYS: Final = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "imagePullSecrets": "name",
}
"""Lists that a strategic merge patch merges by the key of their elements."""


def make_pods(workflow: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    """Yield each pod that Argo would create, as ``metadata`` and ``spec``, behind its template."""
    spec = workflow["spec"]
    for template in spec["templates"]:
        if "container" in template or "resource" in template:
            yield template["name"], _make_pod(spec, template)


def _make_pod(spec: Mapping[str, Any], template: Mapping[str, Any]) -> Json:
    containers: list[Json] = []
    if "container" in template:
        containers.append({"name": "wait"})
    containers.append({**template.get("container", {}), "name": "main"})
    containers += template.get("sidecars", [])
    known = {one["name"]: one for one in (*spec.get("volumes", []), *template.get("volumes", []))}
    known |= {
        one["metadata"]["name"]: {
            "name": one["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": "made"},
        }
        for one in spec.get("volumeClaimTemplates", [])
    }
    pod: Json = {
        "restartPolicy": "Never",
        "initContainers": [{"name": "init"}, *template.get("initContainers", [])],
        "containers": containers,
        "volumes": list(known.values()),
    }
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if name in spec:
            pod[name] = spec[name]
    context = template.get("securityContext", spec.get("securityContext"))
    if context is not None:
        pod["securityContext"] = context
    pod = copy.deepcopy(pod)
    for holder in (spec, template):
        text = holder.get("podSpecPatch", "")
        if "{{" not in text:  # the values of parameters: the tests look at those
            pod = merge_patch(pod, _read_patch(text))
    metadata: Json = {"labels": {}, "annotations": {}}
    for given in (spec.get("podMetadata", {}), template.get("metadata", {})):
        for kind, values in metadata.items():
            values.update(given.get(kind, {}))
    return {"metadata": metadata, "spec": pod}


def _read_patch(text: str) -> Json:
    # ``IsJSONStr`` in workflow/util/util.go: text that begins with a brace is no YAML.
    patch: Json = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    return patch or {}


def merge_patch(base: Json, patch: Mapping[str, Any]) -> Json:
    """Return ``base`` after a strategic merge patch of Kubernetes."""
    merged = dict(base)
    for name, value in patch.items():
        if name in _KEYS and isinstance(value, list):
            items = cast("list[Json]", value)
            merged[name] = _merge_lists(merged.get(name, []), items, _KEYS[name])
        elif isinstance(value, dict):
            merged[name] = merge_patch(merged.get(name, {}), cast("Json", value))
        else:
            merged[name] = value
    return merged


def _merge_lists(base: list[Json], patch: list[Json], key: str) -> list[Json]:
    merged = {one[key]: one for one in base}
    for one in patch:
        if one.get("$patch") == "delete":
            merged.pop(one[key], None)
        else:
            merged[one[key]] = merge_patch(merged.get(one[key], {}), one)
    return list(merged.values())


def find_incomplete(pod: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the API server refuses in any namespace: containers that only a patch names."""
    spec = pod["spec"]
    volumes = {one["name"] for one in spec["volumes"]}
    for kind in ("initContainers", "containers"):
        for container in spec[kind]:
            yield from _find_missing(f"{kind}.{container['name']}", container, volumes)


def _find_missing(place: str, container: Json, volumes: set[str]) -> Iterator[str]:
    # Argo gives its own an image: those of its names, and main where the command is its own.
    if "image" not in container and container["name"] not in ("init", "wait", "main"):
        yield f"{place} has no image"
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield f"{place} mounts '{mount['name']}', which is no volume"

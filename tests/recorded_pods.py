"""Pods and events as a real API server had them, without what tells of its machine."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_KEPT_METADATA: Final = frozenset({"name", "namespace", "annotations", "deletionTimestamp"})
_KEPT_SPEC: Final = frozenset(
    {"serviceAccountName", "initContainers", "containers", "volumes", "activeDeadlineSeconds"}
)
_KEPT_CONTAINER: Final = frozenset({"name", "image", "resources"})
_KEPT_EVENT: Final = ("involvedObject", "reason", "message", "type", "lastTimestamp", "eventTime")
_OF_THE_MACHINE: Final = frozenset({"MissingClusterDNS"})
"""Reasons of events that say how a cluster is set up."""
_DROPPED: Final = frozenset({"hostIP", "hostIPs", "podIP", "podIPs", "containerID", "imageID"})


def scrub(recorded: dict[str, Any]) -> dict[str, Any]:
    """Return what was recorded without addresses, names of machines and what nobody reads."""
    pods = [_scrub_pod(pod) for pod in recorded["pods"]]
    events = [
        {key: each[key] for key in _KEPT_EVENT if each.get(key)}
        for each in recorded["events"]
        if each["reason"] not in _OF_THE_MACHINE
    ]
    for event in events:
        event["involvedObject"] = {key: event["involvedObject"][key] for key in ("kind", "name")}
    found = {**recorded, "pods": pods, "events": events}
    nodes = {pod["spec"].get("nodeName") for pod in recorded["pods"]} - {None}
    text = json.dumps(found)
    text = re.sub(r"\b\d+\.\d+\.\d+\.\d+(?=[:/\"\\ ]|\b)", "192.0.2.1", text)
    for node in nodes:
        text = re.sub(rf"\b{re.escape(node)}\b", "node-1", text)
    cleaned: dict[str, Any] = json.loads(text, object_hook=_drop)
    return cleaned


def _scrub_pod(pod: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in pod["metadata"].items() if key in _KEPT_METADATA}
    metadata["annotations"] = {
        key: value
        for key, value in metadata.get("annotations", {}).items()
        if key.endswith("/node-name")
    }
    spec = {key: value for key, value in pod["spec"].items() if key in _KEPT_SPEC}
    for kind in ("initContainers", "containers"):
        spec[kind] = [
            {key: value for key, value in each.items() if key in _KEPT_CONTAINER}
            for each in spec.get(kind, [])
        ]
    spec["volumes"] = [each for each in spec.get("volumes", []) if "projected" not in each]
    return {"metadata": metadata, "spec": spec, "status": pod.get("status", {})}


def _drop(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key not in _DROPPED}

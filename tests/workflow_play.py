"""Play Argo's controller: give a Workflow the status that pods with some phases would lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argosy_cluster.cluster import Document

_BEGAN = "2026-05-01T12:00:01Z"
_ENDED = "2026-05-01T12:00:09Z"
_OVER = ("Succeeded", "Failed", "Error", "Omitted", "Skipped")


def play(workflow: Document, phases: Mapping[str, str]) -> Document:
    """Return a Workflow in which the pods of tasks of its root have these phases.

    It has ended when all of them have.
    """
    metadata: Any = workflow["metadata"]
    name = metadata["name"]
    over = all(phase in _OVER for phase in phases.values())
    whole = "Running"
    if over:
        whole = "Failed" if "Failed" in phases.values() else "Succeeded"
    root = {
        "id": name,
        "name": name,
        "type": "DAG",
        "templateName": "root",
        "phase": whole,
        "startedAt": _BEGAN,
        "finishedAt": _ENDED if over else None,
    }
    nodes = [root, *(_make_node(name, task, phase) for task, phase in phases.items())]
    status: Any = {
        "phase": whole,
        "startedAt": _BEGAN,
        "finishedAt": _ENDED if over else None,
        "nodes": {each["id"]: each for each in nodes},
    }
    return {**workflow, "status": status}


def _make_node(workflow: str, task: str, phase: str) -> dict[str, Any]:
    node = {
        "id": f"{workflow}-{task}",
        "name": f"{workflow}.{task}",
        "boundaryID": workflow,
        "phase": phase,
        "startedAt": _BEGAN,
        "finishedAt": _ENDED if phase in _OVER else None,
    }
    if phase in ("Omitted", "Skipped"):
        return {**node, "type": "Skipped", "templateName": "pod"}
    return {
        **node,
        "type": "Pod",
        "templateName": "pod",
        "message": "main: Error (exit code 7): it broke" if phase == "Failed" else "",
        "inputs": {"parameters": [{"name": "task", "value": task}]},
    }

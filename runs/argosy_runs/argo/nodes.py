"""The nodes of a Workflow as Argo's controller has them in ``status``.

Argo gives a pod, a retry and a DAG the inputs of its template, the task path among them. A task
that was skipped or omitted has none: its path follows from the DAG that encloses it. Steps count as
a DAG here, as in the embedded engine, and their groups do not count.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from argosy_runs.nodes import EXIT_LABEL, NodePhase, NodeStatus, NodeType
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.dataclass_json import time_from_json
from argosy_schemas.names import TaskPath
from argosy_schemas.pod import FINAL_MARK, PATH_INPUT, SUMMARY, TASK_INPUT
from argosy_schemas.values import JsonValue

_TYPES: Mapping[str, NodeType | None] = {
    "Pod": NodeType.POD,
    "Retry": NodeType.RETRY,
    "DAG": NodeType.DAG,
    "Steps": NodeType.DAG,
    "StepGroup": None,
    "TaskGroup": NodeType.TASK_GROUP,
    "Skipped": NodeType.SKIPPED,
}
_TERMINATED = re.compile(r"^main: [^()]*\(exit code [0-9]+\): (?=.)")
_LONGEST_POD_PREFIX = 242
_STEP_GROUP = re.compile(r"^\[[0-9]+\]")


def read_argo_nodes(workflow: Mapping[str, JsonValue]) -> tuple[NodeStatus, ...]:
    """Return the nodes of a Workflow, each behind the one that encloses it.

    Args:
        workflow: With its ``spec`` and ``status``, as the Kubernetes API or Argo's gives it.

    Raises:
        InvalidArgumentError: Its nodes are not in it, or it is none of Argosy's.
    """
    document: Mapping[str, Any] = workflow
    status: Mapping[str, Any] = document.get("status", {})
    name = document["metadata"]["name"]
    reader = _Reader(WorkflowDocument(workflow), name, _nodes_of(status, name))
    return tuple(reader.read())


def _pod_name(workflow: str, key: str, node: Mapping[str, Any]) -> str:
    """Return the name of the pod of a node, also of one that is gone.

    Source: Argo's ``workflow/util/pod_name.go``, the names of version 2.
    """
    if key == workflow:
        return workflow
    prefix = f"{workflow}-{node.get('templateName', '')}"[:_LONGEST_POD_PREFIX]
    return f"{prefix}-{key.rpartition('-')[2]}"


def _nodes_of(status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if status.get("offloadNodeStatusVersion"):
        raise InvalidArgumentError(
            f"the nodes of workflow '{name}' are in the database of Argo's controller "
            "(offloadNodeStatusVersion); read the workflow from Argo's server, which adds them"
        )
    compressed = status.get("compressedNodes")
    if not compressed:
        found: Mapping[str, Any] = status.get("nodes") or {}
        return found
    try:
        nodes: Mapping[str, Any] = json.loads(gzip.decompress(base64.b64decode(compressed)))
    except (ValueError, OSError, EOFError) as error:
        raise InvalidArgumentError(
            f"the nodes of workflow '{name}' are compressed, and not by gzip ({error}); let the "
            "controller compress them by gzip, or read the workflow from Argo's server"
        ) from error
    return nodes


class _Reader:
    def __init__(self, document: WorkflowDocument, name: str, nodes: Mapping[str, Any]) -> None:
        self._document = document
        self._name = name
        self._nodes = nodes
        self._paths: dict[str, TaskPath] = {}
        """Of the nodes that were read, by id."""
        self._attempts = {
            child
            for node in nodes.values()
            if node["type"] == NodeType.RETRY
            for child in node.get("children", ())
        }
        self._inside: dict[str, list[str]] = {}
        """Ids by that of the enclosing node."""
        for key, node in sorted(nodes.items(), key=lambda each: _order(each[1])):
            self._inside.setdefault(node.get("boundaryID", ""), []).append(key)

    def read(self) -> Iterator[NodeStatus]:
        pending = self._inside.get("", [])[::-1]
        while pending:
            key = pending.pop()
            node = self._read_node(key)
            if node is not None:
                yield node
            pending += self._inside.get(key, [])[::-1]

    def _read_node(self, key: str) -> NodeStatus | None:
        node: Mapping[str, Any] = self._nodes[key]
        kind = _TYPES.get(node["type"])
        if node["type"] not in _TYPES:
            raise InvalidArgumentError(
                f"node '{node['name']}' is of the type {node['type']}, which no workflow of "
                "Argosy has; read workflows that 'argosy compile' wrote"
            )
        self._paths[key] = path = self._path(node)
        if kind is None:
            return None
        boundary = self._nodes.get(node.get("boundaryID", ""))
        phase = NodePhase(node["phase"] or NodePhase.PENDING)
        return NodeStatus(
            name=node["name"],
            type=kind,
            phase=phase,
            path=path,
            boundary=None if boundary is None else boundary["name"],
            message=_message(node.get("message", "")),
            is_attempt=key in self._attempts,
            decides=self._document.decides(node.get("templateName", "")),
            items=self._items(node, phase) if kind is NodeType.TASK_GROUP else None,
            started_at=_time(node.get("startedAt")) if kind is not NodeType.SKIPPED else None,
            finished_at=_time(node.get("finishedAt")) if phase.is_fulfilled else None,
            pod=_pod_name(self._name, key, node) if kind is NodeType.POD else None,
            cached=_cached(node) if kind is NodeType.POD else None,
        )

    def _path(self, node: Mapping[str, Any]) -> TaskPath:
        inputs = _inputs(node)
        own = inputs.get(TASK_INPUT, inputs.get(PATH_INPUT))
        if own is not None:
            return TaskPath(own.rstrip("/"))
        key = node.get("boundaryID", "")
        boundary = self._nodes.get(key)
        if boundary is None:
            return TaskPath("")
        if node["type"] in ("TaskGroup", "StepGroup"):
            return self._paths[key]
        rest = _STEP_GROUP.sub("", node["name"].removeprefix(boundary["name"]))
        return self._document.task_path(
            boundary.get("templateName", ""),
            _inputs(boundary),
            self._paths[key],
            rest.removeprefix("."),
        )

    def _items(self, node: Mapping[str, Any], phase: NodePhase) -> int | None:
        # Where `parallelism` holds iterations back, they come one after the other.
        return len(node.get("children", ())) if phase is NodePhase.SUCCEEDED else None


def _order(node: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return a key by which what began first comes first, and the exit last."""
    parts = re.split(r"([0-9]+)", node["name"])
    numbers = [int(part) if part.isdecimal() else part for part in parts]
    return node["name"].endswith(EXIT_LABEL), node.get("startedAt") or "", numbers


def _message(text: str) -> str:
    """Return what a pod left as its last words, without what the controller puts before them."""
    return _TERMINATED.sub("", text).removesuffix(FINAL_MARK).rstrip()


def _cached(node: Mapping[str, Any]) -> bool | None:
    outputs: Mapping[str, Any] = node.get("outputs") or {}
    for each in outputs.get("parameters", ()):
        if each["name"] == SUMMARY and each.get("value"):
            try:
                return bool(json.loads(each["value"])["state"] == "cached")
            except (ValueError, KeyError, TypeError):
                return None
    return None


def _inputs(node: Mapping[str, Any]) -> Mapping[str, str]:
    parameters = node.get("inputs", {}).get("parameters", ())
    return {each["name"]: each["value"] for each in parameters if each.get("value") is not None}


def _time(text: str | None) -> datetime | None:
    return None if text is None else time_from_json(text)

"""Workflows of Argosy in the API server of the tests, as Argo's controller leaves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions
from argosy_schemas.reading.pipeline import read_pipeline
from cli_processes import shell_pipeline
from kube_server import KubeServer

UID = "0c4f6f0a-0000-4000-8000-000000000000"


def put(server: KubeServer, name: str, phase: str, *, store: Path) -> None:
    """Put the workflow of a run of one task, whose pod has the phase, into the cluster."""
    source = shell_pipeline("hello", {"say": "true"}).encode()
    compiled = compile_pipeline(read_pipeline(source, file="p"), CompileOptions(store=str(store)))
    workflow: Any = json.loads(json.dumps(compiled.workflow))
    workflow["metadata"] |= {
        "name": name,
        "uid": UID,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    workflow["metadata"]["labels"]["workflows.argoproj.io/phase"] = phase
    times = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:09Z"}
    if phase == "Running":
        times["finishedAt"] = None  # type: ignore[assignment]
    root = {"id": name, "name": name, "type": "DAG", "templateName": "root", "phase": phase}
    pod = {
        "id": f"{name}-1",
        "name": f"{name}.say",
        "type": "Pod",
        "templateName": "pod",
        "boundaryID": name,
        "phase": phase,
        "message": "main: Error (exit code 7): it broke" if phase == "Failed" else "",
        "inputs": {"parameters": [{"name": "task", "value": "say"}]},
    }
    nodes = {each["id"]: {**each, **times} for each in (root, pod)}
    workflow["status"] = {"phase": phase, **times, "nodes": nodes}
    server.put("workflows", workflow)

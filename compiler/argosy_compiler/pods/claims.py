"""Templates that create and delete volume claims, in which Argo itself talks to Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argosy_compiler.compilation import Compilation
from argosy_compiler.pods.isolation import make_removal
from argosy_schemas.ir.model import Constant, Task
from argosy_schemas.values import UNSET, escape_tags, to_json

_CLAIM = "<claim>"
"""Stands for the name of a volume claim, which no claim can have."""


def make_claim_template(
    compilation: Compilation, dag: str, task: Task, action: str
) -> dict[str, Any]:
    """Return a ``resource`` template that creates or deletes the volume claim ``claim``."""
    inputs = {"parameters": [{"name": "claim"}]}
    settings = make_removal(compilation.options, waits=False)
    if action == "delete":
        # A claim stays until the pods that mounted it are gone, and they stay with the workflow: to
        # wait for its end would be to wait for ever, and would need the rights to list and watch.
        flags = ["persistentvolumeclaim/{{inputs.parameters.claim}}", "--wait=false"]
        return {"inputs": inputs, "resource": {"action": "delete", "flags": flags}, **settings}
    given = _read_constants(compilation, dag, task)
    spec: dict[str, Any] = {
        "accessModes": given.get("access_modes") or ["ReadWriteOnce"],
        "resources": {"requests": {"storage": given.get("size") or ""}},
    }
    if given.get("storage_class_name") is not None:
        spec["storageClassName"] = given["storage_class_name"]
    if given.get("volume_name"):
        spec["volumeName"] = given["volume_name"]
    if given.get("data_source"):
        spec["dataSource"] = given["data_source"]
    metadata: dict[str, Any] = {"name": _CLAIM}
    if given.get("annotations"):
        metadata["annotations"] = given["annotations"]
    manifest = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": spec,
    }
    # Two braces in a row belong to a tag: separate those of nested objects, escape those of texts.
    text = escape_tags(to_json(manifest)).replace("}}", "} }").replace("}}", "} }")
    text = text.replace(to_json(_CLAIM), '"{{inputs.parameters.claim}}"')
    return {"inputs": inputs, "resource": {"action": "create", "manifest": text}, **settings}


def _read_constants(compilation: Compilation, dag: str, task: Task) -> Mapping[str, Any]:
    """Return the inputs of a volume claim's task, which have to be constants or defaults."""
    given: dict[str, Any] = {}
    for name, spec in compilation.structure.component_of(task).inputs.parameters.items():
        parameter = task.parameters.get(name)
        if parameter is None:
            given[name] = None if spec.default is UNSET else spec.default
        elif isinstance(parameter.source, Constant):
            given[name] = parameter.source.value
    return given

"""A workflow with one pod template, as the compiler writes it, for tests of its readers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

POD: Mapping[str, Any] = {
    "name": "pod-1",
    "inputs": {"parameters": [{"name": "task", "default": ""}]},
    "initContainers": [
        {
            "name": "driver",
            "image": "argosy",
            "command": ["argosy-driver"],
            "env": [
                {"name": "ARGOSY_TASK", "value": "{{inputs.parameters.task}}"},
                {
                    "name": "ARGOSY_ATTEMPT",
                    "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}},
                },
            ],
        }
    ],
    "container": {"name": "main", "image": "python:3.11", "command": ["/argosy/published/exec"]},
    "sidecars": [{"name": "launcher", "image": "argosy", "command": ["argosy-launcher"]}],
}


def workflow(*tasks: Mapping[str, Any], pod: Mapping[str, Any] = POD, **spec: Any) -> Any:
    """Return a document of its own: a DAG with these tasks, by default one, and ``pod``."""
    return copy.deepcopy(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"generateName": "hello-"},
            "spec": {
                "entrypoint": "root",
                "templates": [
                    {
                        "name": "root",
                        "dag": {
                            "failFast": False,
                            "tasks": list(tasks or ({"name": "a", "template": "pod-1"},)),
                        },
                    },
                    pod,
                ],
                **spec,
            },
        }
    )

"""Dependencies on tasks whose outputs a configuration takes.

A configuration belongs to an executor, and so to every task that runs it; the parameters of the
configuration have the names of the DAG that holds the task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig
from argosy_schemas.ir.model import TaskOutput

Json = Mapping[str, Any]


def add_dependencies(spec: Json, configs: Mapping[str, KubernetesExecutorConfig]) -> Json:
    """Return the pipeline spec, with ``dependentTasks`` for the outputs that configurations take.

    Newer SDKs write these dependencies, older ones did not.

    Args:
        spec: Canonical.
        configs: By executor label.
    """
    producers = {
        label: {
            parameter.source.task
            for parameter in config.parameters
            if isinstance(parameter.source, TaskOutput)
        }
        for label, config in configs.items()
    }
    if not any(producers.values()):
        return spec
    components: Json = spec.get("components", {})

    def completed(component: Json) -> Json:
        tasks: Json = component.get("dag", {}).get("tasks", {})
        changed: dict[str, Json] = {}
        for key, task in tasks.items():
            used: Json = components.get(task.get("componentRef", {}).get("name", ""), {})
            needed = producers.get(used.get("executorLabel", ""), set()) & tasks.keys()
            listed: Sequence[str] = task.get("dependentTasks", ())
            # At the end, so that the positions of the others stay what they are in the file.
            if added := sorted(needed.difference(listed)):
                changed[key] = {**task, "dependentTasks": [*listed, *added]}
        if not changed:
            return component
        return {**component, "dag": {**component["dag"], "tasks": {**tasks, **changed}}}

    root = {"root": completed(spec["root"])} if "root" in spec else {}
    return {
        **spec,
        **root,
        "components": {name: completed(item) for name, item in components.items()},
    }

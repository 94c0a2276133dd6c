"""What Kubernetes settings take from a run: outputs of tasks and inputs of DAGs.

Settings belong to an executor, and so to every task whose component has it; what they refer to is
looked for in the DAG of each such task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from argosy_schemas.findings import Path
from argosy_schemas.values import JsonValue

Json = Mapping[str, Any]


def references_in(settings: Json) -> tuple[tuple[Path, Json], ...]:
    """Return each ``InputParameterSpec`` in the settings of an executor, with where it stands."""
    return tuple(_references(settings, ()))


def _references(value: JsonValue, path: Path) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, Mapping):
        if "taskOutputParameter" in value or "componentInputParameter" in value:
            yield path, value
        for name, item in value.items():
            # What stands in a constant is a value, whatever it looks like.
            if name not in ("taskOutputParameter", "runtimeValue"):
                yield from _references(item, (*path, name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for position, item in enumerate(value):
            yield from _references(item, (*path, position))


def with_dependencies(spec: Json, settings: Json) -> Json:
    """Return the spec, in which tasks wait for what their Kubernetes settings take from others.

    Newer SDKs write such dependencies themselves, older ones did not.

    Args:
        spec: Canonical.
        settings: Executor label to Kubernetes settings.
    """
    producers = {
        label: {
            source["taskOutputParameter"].get("producerTask", "")
            for _, source in references_in(config)
            if "taskOutputParameter" in source
        }
        for label, config in settings.items()
    }
    if not any(producers.values()):
        return spec
    components: Json = spec.get("components", {})

    def waiting(component: Json) -> Json:
        tasks: Json = component.get("dag", {}).get("tasks", {})
        changed: dict[str, Json] = {}
        for key, task in tasks.items():
            used: Json = components.get(task.get("componentRef", {}).get("name", ""), {})
            wanted = producers.get(used.get("executorLabel", ""), set()) & tasks.keys()
            given: Sequence[str] = task.get("dependentTasks", ())
            # Behind the others, whose positions stay what they are in the file.
            if added := sorted(wanted.difference(given)):
                changed[key] = {**task, "dependentTasks": [*given, *added]}
        if not changed:
            return component
        return {**component, "dag": {**component["dag"], "tasks": {**tasks, **changed}}}

    result = dict(spec)
    if "components" in spec:
        result["components"] = {name: waiting(item) for name, item in components.items()}
    if "root" in spec:
        result["root"] = waiting(spec["root"])
    return result

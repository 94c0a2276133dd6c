"""Inputs that the KFP SDK leaves in the IR though nobody reads them.

A ``ParallelFor`` over a list of dicts that stands in the pipeline, inside an ``ExitHandler`` or an
``If``: the group around the loop gets an input for each field of an item, from an item that exists
only inside the loop.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

Json = Mapping[str, Any]

_LOOP_ITEM: Final = re.compile(r"(?:pipelinechannel--)?loop-item-param-\d+")


def drop_unread_inputs(spec: Json) -> Json:
    """Return a canonical pipeline spec without such inputs; ``spec`` itself if it has none."""
    unread = _find_unread_inputs(spec)
    if not unread:
        return spec
    components = {
        name: _without_sources(_without_inputs(component, unread.get(name, set())), unread)
        for name, component in spec.get("components", {}).items()
    }
    return {**spec, "components": components, "root": _without_sources(spec["root"], unread)}


def _find_unread_inputs(spec: Json) -> dict[str, set[str]]:
    """Return inputs by the component that declares them."""
    components: Json = spec.get("components", {})
    unread: dict[str, set[str]] = {}
    for holder in (spec.get("root", {}), *components.values()):
        declared = holder.get("inputDefinitions", {}).get("parameters", {})
        for task in holder.get("dag", {}).get("tasks", {}).values():
            name = task.get("componentRef", {}).get("name", "")
            dag = components.get(name, {}).get("dag")
            for key, source in task.get("inputs", {}).get("parameters", {}).items():
                item = source.get("componentInputParameter", "")
                if dag is None or item in declared or not _LOOP_ITEM.fullmatch(item):
                    continue
                if json.dumps(key) not in json.dumps(dag):
                    unread.setdefault(name, set()).add(key)
    return unread


def _without_inputs(component: Json, names: set[str]) -> Json:
    if not names:
        return component
    inputs: Json = component.get("inputDefinitions", {})
    parameters = _without(inputs.get("parameters", {}), names)
    return {**component, "inputDefinitions": {**inputs, "parameters": parameters}}


def _without_sources(component: Json, unread: Mapping[str, set[str]]) -> Json:
    """Return a component whose tasks pass no value to an input that is dropped."""
    dag: Json | None = component.get("dag")
    if dag is None:
        return component
    tasks = {
        key: _without_task_inputs(task, unread.get(task.get("componentRef", {}).get("name"), set()))
        for key, task in dag.get("tasks", {}).items()
    }
    return {**component, "dag": {**dag, "tasks": tasks}}


def _without_task_inputs(task: Json, names: set[str]) -> Json:
    if not names:
        return task
    inputs: Json = task.get("inputs", {})
    parameters = _without(inputs.get("parameters", {}), names)
    return {**task, "inputs": {**inputs, "parameters": parameters}}


def _without(parameters: Json, names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name not in names}

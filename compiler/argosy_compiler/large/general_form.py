"""The form of a template in which it has most in common with others that do the same.

What a patch of the pod can say, which is text, stands there and not in fields of its own. Tasks of
a DAG are named and ordered by what they are: the SDK numbers ``train``, ``train-2``, ``train-3``
throughout a pipeline. Or they have no names of their own at all, and are ordered by what they do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, cast

from argosy_compiler.argo.names import Names, task_name, without_number
from argosy_compiler.large.template_texts import filled
from argosy_compiler.plan import Template
from argosy_compiler.pods.patch import text_of
from argosy_schemas.pod import MAIN_CONTAINER
from argosy_schemas.values import to_json

_ANY_TASK = "task"
_STEPS = 3
"""How far around it a task is known by; found to be enough for trees and grids of parts."""

_IN_CONTAINER = ("env", "imagePullPolicy", "resources", "securityContext")
_IN_POD = ("affinity", "nodeSelector", "tolerations")
_RESULT = re.compile(r"([a-zA-Z][-a-zA-Z0-9]*)(\.(?:Succeeded|Failed|Errored|Skipped|Omitted))")
_READ = re.compile(r"(?<=tasks\[')[^']+(?='\])")


def general_form(template: Template, *, named: bool = True) -> Template:
    """Return a template in the form in which it has most in common with others.

    Args:
        template: A DAG or a pod.
        named: Whether the tasks of a DAG keep their names but for numbers. Without, more DAGs are
            alike, and Argo shows their tasks as ``task``, ``task-2`` and so on.
    """
    return _dag(template, named=named) if "dag" in template else _pod(template)


def _pod(template: Template) -> Template:
    """Return a pod template with what a patch can say in a patch, which is text."""
    if "podSpecPatch" in template:
        return template
    container: Mapping[str, Any] = template["container"]
    patch: dict[str, Any] = {key: template[key] for key in _IN_POD if key in template}
    main = {key: container[key] for key in _IN_CONTAINER if key in container}
    if main:
        patch["containers"] = [{"name": MAIN_CONTAINER, **main}]
    return {
        **{key: value for key, value in template.items() if key not in _IN_POD},
        "container": {key: value for key, value in container.items() if key not in _IN_CONTAINER},
        "podSpecPatch": text_of(patch),
    }


def _dag(template: Template, *, named: bool) -> Template:
    """Return a DAG template with its tasks named and ordered by what they are, not by number."""
    tasks: Sequence[Mapping[str, Any]] = template["dag"]["tasks"]
    level: dict[str, int] = {}
    waiting = {str(task["name"]): _above(task) for task in tasks}
    for number in count():
        ready = [name for name, above in waiting.items() if above <= level.keys()]
        if not ready:
            break
        level |= dict.fromkeys(ready, number)
        for name in ready:
            del waiting[name]
    kinds = {name: _base(name) for name in level} if named else _kinds(tasks)
    ordered = sorted(tasks, key=lambda task: (level[task["name"]], kinds[task["name"]]))
    new_names = Names()
    names = {
        str(task["name"]): new_names.new(kinds[task["name"]] if named else _ANY_TASK)
        for task in ordered
    }
    dag: dict[str, Any] = {
        **template["dag"],
        "tasks": [_renamed(task, names) for task in ordered],
    }
    if "target" in dag:
        dag["target"] = " ".join(sorted(names[one] for one in str(dag["target"]).split()))
    general: dict[str, Any] = {**template, "dag": dag}
    if "outputs" in template:
        general["outputs"] = _reading(template["outputs"], names)
    return general


def _kinds(tasks: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Return what tells each task from the others without any name: equal where nothing does.

    It starts with what the task is by itself. Then what is known of the tasks before and behind it
    is added, a few steps away: what lies further apart hardly ever tells two tasks apart.
    """
    above = {str(task["name"]): _above(task) for task in tasks}
    below: dict[str, set[str]] = {name: set() for name in above}
    for name, others in above.items():
        for other in others:
            below[other].add(name)
    unnamed = dict.fromkeys(above, _ANY_TASK)
    kinds = {
        str(task["name"]): _digest(_skeleton_of_task(_renamed(task, unnamed))) for task in tasks
    }
    for _ in range(_STEPS):
        kinds = {
            name: _digest(
                [
                    kind,
                    sorted(kinds[one] for one in above[name]),
                    sorted(kinds[one] for one in below[name]),
                ]
            )
            for name, kind in kinds.items()
        }
    return kinds


def _skeleton_of_task(task: Mapping[str, Any]) -> Template:
    dag: Template = {"dag": {"tasks": [task]}}
    return filled(dag, lambda text: f"\0{text.form.name}\0")


def _digest(value: object) -> str:
    return hashlib.sha256(to_json(value).encode()).hexdigest()[:16]


def _above(task: Mapping[str, Any]) -> set[str]:
    return {match[1] for match in _RESULT.finditer(task.get("depends", ""))}


def _base(name: str) -> str:
    return task_name(without_number(name))


def _renamed(task: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    renamed: dict[str, Any] = {**_reading(task, names), "name": names[task["name"]]}
    if "depends" in task:
        text = _RESULT.sub(lambda match: names[match[1]] + match[2], task["depends"])
        renamed["depends"] = " && ".join(sorted(text.split(" && ")))
    return renamed


def _reading(value: Any, names: Mapping[str, str]) -> Any:
    """Return a JSON value whose expressions read tasks by their new names."""
    if isinstance(value, str):
        return _READ.sub(lambda match: names[match[0]], value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {key: _reading(inner, names) for key, inner in members.items()}
    if isinstance(value, list):
        return [_reading(inner, names) for inner in cast("list[object]", value)]
    return value

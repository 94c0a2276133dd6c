"""Write the templates of a divided DAG.

A part receives the path of its DAG, so that no task changes its own, and the inputs of its DAG that
it reads. An input ``outer`` holds what it reads of tasks outside. For the tasks outside that its
own tasks require it has *stand-ins*, ``met-N``: DAGs without a pod, skipped unless all of those
tasks succeeded. So a part omits the tasks that the whole DAG would omit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from argosy_compiler.argo.expressions import (
    get_control_value,
    make_control_text,
    make_tag,
    read_optional_control,
    wait_for_end,
)
from argosy_compiler.argo.names import Names
from argosy_compiler.argo.stand_ins import make_stand_in
from argosy_compiler.large.task_graph import READ_TASK, Json, TaskGraph
from argosy_schemas.pod import PATH_INPUT
from argosy_schemas.values import map_strings, to_json

_OUTER_INPUT: Final = "outer"
"""Input of a part: base64 of a JSON object with what it reads of tasks outside."""
_OUTER: Final = f"inputs.parameters.{_OUTER_INPUT}"
_READ_OUTER = re.compile(rf"{re.escape(_OUTER)}\)\)\['([^']+)'\]")
_READ_INPUT = re.compile(r"inputs\.parameters\.([-\w]+)")


def write_parts(template: Json, graph: TaskGraph, names: Names) -> list[Json]:
    """Return a DAG template with its tasks divided as in ``graph``, and those of its parts.

    Args:
        template: Whose tasks ``graph`` has.
        graph: The tasks and parts.
        names: Names templates.
    """
    inputs = template.get("inputs", {}).get("parameters", ())
    has_path = any(one["name"] == PATH_INPUT for one in inputs)
    writer = _Writer(str(template["name"]), names)
    dag = writer.write(graph, _read_input(PATH_INPUT) if has_path else "")
    return [{**template, "dag": dag}, *writer.parts]


@dataclass(slots=True)
class _Writer:
    base: str
    names: Names
    parts: list[Json] = field(default_factory=list[Json])

    def write(self, graph: TaskGraph, path: str) -> Json:
        """Return the DAG of a graph, and put the templates of its parts into :attr:`parts`.

        Args:
            graph: The tasks and parts.
            path: The path of the DAG, as its tasks write it.
        """
        stand_ins = _name_stand_ins(graph)
        tasks = [_make_stand_in(name, required, path) for required, name in stand_ins.items()]
        for name, one in graph.members.items():
            if isinstance(one, TaskGraph):
                task = self._write_part(name, one, graph, path)
            else:
                task = map_strings(one, lambda text: _localize(text, graph))
            outside = graph.required_outside(name)
            local = graph.requires[name] - outside
            required = sorted({*local, stand_ins[outside]} if outside else local)
            waits = [f"{other}.Succeeded" for other in required]
            waits += [wait_for_end(other) for other in sorted(graph.follows[name])]
            task.pop("depends", None)
            tasks.append({**task, "depends": " && ".join(waits)} if waits else task)
        dag: dict[str, Any] = {"failFast": False, "tasks": tasks}
        if followed := frozenset[str]().union(*graph.follows.values()):
            inner = frozenset[str]().union(*map(graph.before, graph.members))
            # A stand-in never fails, so it need not be a target.
            dag["target"] = " ".join(sorted((graph.members.keys() - inner) | followed))
        return dag

    def _write_part(
        self, name: str, part: TaskGraph, around: TaskGraph, path: str
    ) -> dict[str, Any]:
        """Return the task that stands for a part, whose templates go into :attr:`parts`."""
        template = self.names.new(f"{self.base}-{name}"[-120:].lstrip("-"))
        position = len(self.parts)
        dag = self.write(part, _read_input(PATH_INPUT))
        text = to_json(dag)
        values = {PATH_INPUT: path}
        for one in sorted(set(_READ_INPUT.findall(text)) - {PATH_INPUT, _OUTER_INPUT}):
            values[one] = _read_input(one)
        if outer := set(_READ_OUTER.findall(text)):
            values[_OUTER_INPUT] = make_tag(
                make_control_text({key: _write_outer_value(key, around) for key in outer})
            )
        inputs = {"parameters": [{"name": one} for one in values]}
        self.parts.insert(position, {"name": template, "inputs": inputs, "dag": dag})
        return _make_task(name, template, values)


def _localize(text: str, graph: TaskGraph) -> str:
    """Return a text that reads tasks outside ``graph`` from ``outer``."""

    def read(match: re.Match[str]) -> str:
        what = match[2].rpartition(".")[2]
        return (
            match[0]
            if match[1] in graph.members
            else get_control_value(_OUTER, f"{match[1]}.{what}")
        )

    return READ_TASK.sub(read, text)


def _write_outer_value(key: str, graph: TaskGraph) -> str:
    """Return the expression of what a part of ``graph`` reads of a task outside the part."""
    task, _, what = key.rpartition(".")
    if task not in graph.members:
        return get_control_value(_OUTER, key)
    status = f"tasks['{task}'].status"
    return (
        status
        if what == "status"
        else f"({status} == 'Succeeded' ? {read_optional_control(task)} : '')"
    )


def _name_stand_ins(graph: TaskGraph) -> Mapping[frozenset[str], str]:
    """Return the sets of tasks outside that members require, each with the name of its stand-in."""
    free = (name for number in count(1) if (name := f"met-{number}") not in graph.members)
    outside = dict.fromkeys(map(graph.required_outside, graph.members))
    return {required: next(free) for required in outside if required}


def _make_stand_in(name: str, required: Iterable[str], path: str) -> dict[str, Any]:
    succeeded = (
        f"{get_control_value(_OUTER, f'{one}.status')} == 'Succeeded'" for one in sorted(required)
    )
    return {**make_stand_in(name, path), "when": make_tag(" && ".join(succeeded))}


def _make_task(name: str, template: str, values: Mapping[str, str]) -> dict[str, Any]:
    parameters = [{"name": key, "value": value} for key, value in values.items()]
    return {"name": name, "template": template, "arguments": {"parameters": parameters}}


def _read_input(name: str) -> str:
    return f"{{{{inputs.parameters.{name}}}}}"

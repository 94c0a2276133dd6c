"""Write the templates of a DAG that was taken apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from argosy_compiler.argo.expressions import (
    control_object,
    ended,
    member,
    published_by,
    published_if_any,
    tag,
)
from argosy_compiler.argo.names import Names
from argosy_compiler.large.dividing import OUTER_INPUT, stand_in
from argosy_compiler.large.task_graph import READ_TASK, Part, TaskGraph
from argosy_compiler.plan import Template
from argosy_schemas.pod import CONTROL, PATH_INPUT
from argosy_schemas.values import map_strings, to_json

_OUTER = f"inputs.parameters.{OUTER_INPUT}"
_READ_OUTER = re.compile(rf"{re.escape(_OUTER)}\)\)\['([^']+)'\]")
_READ_INPUT = re.compile(r"inputs\.parameters\.([-\w]+)")
_SHORT = {"status": "status", "outputs.parameters.control": "control"}


class PartTemplates:
    """Writes one DAG and its parts, whose templates get new names."""

    def __init__(self, template: Template, template_names: Names) -> None:
        self._template = template
        self._template_names = template_names

    def templates(self, graph: TaskGraph) -> Iterator[Template]:
        """Yield the template of the DAG, and those of its parts."""
        output = self._template.get("outputs", {}).get("parameters", [{}])[0]
        expression = str(output.get("valueFrom", {}).get("expression", ""))
        has_path = any(
            one["name"] == PATH_INPUT
            for one in self._template.get("inputs", {}).get("parameters", ())
        )
        path = f"{{{{inputs.parameters.{PATH_INPUT}}}}}" if has_path else ""
        exports = {"expression": expression} if expression else dict[str, str]()
        written, inner = self._dag(graph, exports, path)
        dag = {**self._template, "dag": written.dag}
        if expression:
            dag["outputs"] = _output(written.exports["expression"])
        yield dag
        yield from inner

    def _dag(
        self, graph: TaskGraph, exports: Mapping[str, str], path: str
    ) -> tuple[_Written, list[Template]]:
        """Return the DAG of a graph, and the templates of its parts.

        Args:
            graph: Small enough.
            exports: Expressions that its template or the one above publishes, by key.
            path: Its own path, as its tasks write it.
        """
        scope = _Scope(graph)
        gates = sorted(set(graph.gates.values()))
        published = {key: scope.seen(text) for key, text in exports.items()}
        tasks = [stand_in(gate, path) for gate in gates]
        templates: list[Template] = []
        for name, one in graph.members.items():
            if isinstance(one, Part):
                task, inner = self._part(name, one, scope, path)
                templates += inner
            else:
                task = {key: map_strings(one[key], scope.seen) for key in one if key != "depends"}
            condition = _depends(graph, name)
            tasks.append({**task, "depends": condition} if condition else task)
        dag: dict[str, Any] = {"failFast": False, "tasks": tasks}
        if targets := _targets(graph):
            dag["target"] = " ".join(targets)
        text = to_json([dag, published])
        written = _Written(
            dag=dag,
            exports=published,
            inputs=frozenset(_READ_INPUT.findall(text)) - {PATH_INPUT, OUTER_INPUT},
            outer=frozenset(_READ_OUTER.findall(text)),
        )
        return written, templates

    def _part(
        self, name: str, part: Part, scope: _Scope, path: str
    ) -> tuple[dict[str, Any], list[Template]]:
        """Return the task that stands for a part, and the templates behind it."""
        template = self._new_name(name)
        wanted = {key: _exported(key) for key in sorted(scope.wanted.get(name, ()))}
        written, inner = self._dag(part.graph, wanted, f"{{{{inputs.parameters.{PATH_INPUT}}}}}")
        values = {PATH_INPUT: path, **_handed_on(written.inputs)}
        if written.outer:
            handed = {
                key: part.made_here[key] if key in part.made_here else scope.handed(key)
                for key in sorted(written.outer)
            }
            values[OUTER_INPUT] = tag(control_object(handed))
        head = {"name": template, **_body(written, values)}
        task = {"name": name, "template": template, "arguments": _arguments(values)}
        return task, [head, *inner]

    def _new_name(self, part: str) -> str:
        base = f"{self._template['name']}-{part}"[-120:].lstrip("-")
        return self._template_names.new(base)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    dag: dict[str, Any]
    exports: Mapping[str, str]
    """What the template publishes: key to expression."""
    inputs: frozenset[str]
    """The inputs that it reads, without those that every part may have."""
    outer: frozenset[str]
    """What it reads of the tasks around it."""


def _body(written: _Written, inputs: Iterable[str]) -> dict[str, Any]:
    """Return a template but for its name."""
    body: dict[str, Any] = {
        "inputs": {"parameters": [{"name": one} for one in inputs]},
        "dag": written.dag,
    }
    if written.exports:
        body["outputs"] = _output(control_object(written.exports))
    return body


def _handed_on(inputs: Iterable[str]) -> dict[str, str]:
    return {one: f"{{{{inputs.parameters.{one}}}}}" for one in sorted(inputs)}


def _arguments(values: Mapping[str, str]) -> dict[str, Any]:
    return {"parameters": [{"name": name, "value": value} for name, value in values.items()]}


class _Scope:
    """What the tasks of one template can read, and how."""

    def __init__(self, graph: TaskGraph) -> None:
        self._local = graph.members.keys()
        self._holders = {
            task: name
            for name, one in graph.members.items()
            if isinstance(one, Part)
            for task in one.graph.tasks()
        }
        self.wanted: dict[str, set[str]] = {}
        """Part to what it has to publish."""

    def seen(self, text: str) -> str:
        """Return a text whose tags read tasks, wherever those are, as it has to stand here."""
        return READ_TASK.sub(lambda match: self._read(match[0], match[1], _SHORT[match[2]]), text)

    def handed(self, key: str) -> str:
        """Return the expression of a value that a part needs from here or further out."""
        task, _, _ = key.rpartition(".")
        return _exported(key, published_if_any) if task in self._local else member(_OUTER, key)

    def _read(self, text: str, task: str, what: str) -> str:
        key = f"{task}.{what}"
        if task in self._local:
            return text
        if task in self._holders:
            part = self._holders[task]
            self.wanted.setdefault(part, set()).add(key)
            return member(published_by(part), key)
        return member(_OUTER, key)


def _exported(key: str, read: Callable[[str], str] = published_by) -> str:
    """Return the expression of a status or control value, the latter empty without success."""
    task, _, what = key.rpartition(".")
    status = f"tasks['{task}'].status"
    if what == "status":
        return status
    return f"({status} == 'Succeeded' ? {read(task)} : '')"


def _depends(graph: TaskGraph, name: str) -> str:
    gate = {graph.gates[name]} if name in graph.gates else set[str]()
    required = [f"{one}.Succeeded" for one in sorted(graph.requires[name] | gate)]
    followed = [ended(one) for one in sorted(graph.follows[name])]
    return " && ".join([*required, *followed])


def _targets(graph: TaskGraph) -> list[str]:
    """Return the members whose failure must fail the DAG, where that has to be said."""
    followed = {other for name in graph.members for other in graph.follows[name]}
    if not followed:
        return []
    inner = {other for name in graph.members for other in graph.before(name)}
    # A stand-in fails nothing, so it need not be named.
    return sorted((graph.members.keys() - inner) | followed)


def _output(expression: str) -> dict[str, Any]:
    source = {"expression": expression, "default": ""}
    return {"parameters": [{"name": CONTROL, "valueFrom": source}]}

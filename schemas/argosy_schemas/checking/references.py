"""References from one place of a DAG to another: to a task's outputs, to the DAG's own inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from argosy_schemas.findings import Findings, Path, suggest_name

Json = Mapping[str, Any]
Side = Literal["parameters", "artifacts"]

SINGULAR: Mapping[Side, str] = {"parameters": "parameter", "artifacts": "artifact"}
_OTHER: Mapping[Side, Side] = {"parameters": "artifacts", "artifacts": "parameters"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DagScope:
    """A DAG, and what its tasks can refer to."""

    component: Json
    """The one that holds the DAG."""
    path: Path
    components: Json
    """All of the pipeline, by name."""
    findings: Findings

    @property
    def tasks(self) -> Json:
        """The tasks of the DAG by key."""
        tasks: Json = self.component["dag"].get("tasks", {})
        return tasks

    def find_component(self, task: Json) -> Json | None:
        """Return the component of ``task``, ``None`` where there is none of that name."""
        component: Json | None = self.components.get(task.get("componentRef", {}).get("name", ""))
        return component

    def find_output(self, producer: str, output: str, side: Side, path: Path) -> Json | None:
        """Return the declaration of an output, or add to the findings why there is none.

        Args:
            producer: The task.
            output: The output's name.
            side: What the reference says that it is.
            path: Of the reference.
        """
        task: Json | None = self.tasks.get(producer)
        if task is None:
            todo = suggest_name(producer, self.tasks, otherwise="name a task of this DAG")
            self.findings.add(path, f"There is no task '{producer}' in this DAG; {todo}")
            return None
        component = self.find_component(task)
        if component is None:
            return None  # said where the task stands
        declared: Json = component.get("outputDefinitions", {})
        known: Json = declared.get(side, {})
        if output in known:
            spec: Json = known[output]
            return spec
        if output in declared.get(_OTHER[side], {}):
            message = (
                f"Output '{output}' of task '{producer}' is {_a(_OTHER[side])}, not {_a(side)}; "
                f"refer to it as {_a(_OTHER[side])}"
            )
        else:
            todo = suggest_name(output, known, otherwise="name one that its component declares")
            message = f"Task '{producer}' has no output {SINGULAR[side]} '{output}'; {todo}"
        self.findings.add(path, message)
        return None

    def find_input(self, name: str, side: Side, path: Path) -> Json | None:
        """Return the declaration of an input of the DAG, or add why there is none."""
        declared: Json = self.component.get("inputDefinitions", {})
        known: Json = declared.get(side, {})
        if name in known:
            spec: Json = known[name]
            return spec
        if name in declared.get(_OTHER[side], {}):
            message = (
                f"Input '{name}' of this DAG is {_a(_OTHER[side])}, not {_a(side)}; "
                f"refer to it as {_a(_OTHER[side])}"
            )
        else:
            todo = suggest_name(name, known, otherwise="declare it in 'inputDefinitions'")
            message = f"This DAG declares no input {SINGULAR[side]} '{name}'; {todo}"
        self.findings.add(path, message)
        return None


def _a(side: Side) -> str:
    return "an artifact" if side == "artifacts" else "a parameter"

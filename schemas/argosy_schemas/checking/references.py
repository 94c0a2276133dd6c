"""Check references inside a DAG: to the outputs of its tasks and to its own inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from argosy_schemas.findings import Findings, Path, suggest_name

Json = Mapping[str, Any]
Side = Literal["parameters", "artifacts"]

SINGULAR: Mapping[Side, str] = {"parameters": "parameter", "artifacts": "artifact"}
_WITH_ARTICLE: Mapping[Side, str] = {"parameters": "a parameter", "artifacts": "an artifact"}
_OTHER: Mapping[Side, Side] = {"parameters": "artifacts", "artifacts": "parameters"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DagScope:
    """A DAG with everything that its tasks can refer to."""

    component: Json
    """The component with the DAG."""
    path: Path
    components: Json
    """All components of the pipeline, by name."""
    findings: Findings

    @property
    def tasks(self) -> Json:
        """The tasks of the DAG by key."""
        tasks: Json = self.component["dag"].get("tasks", {})
        return tasks

    def find_component(self, task: Json) -> Json | None:
        """Return the component of ``task``; ``None``: no component has the name."""
        component: Json | None = self.components.get(task.get("componentRef", {}).get("name", ""))
        return component

    def find_output(self, producer: str, output: str, side: Side, path: Path) -> Json | None:
        """Return the declaration of an output, or add to the findings why there is none.

        Args:
            producer: The key of the task.
            output: The name of the output.
            side: Which kind of output the reference names.
            path: The path of the reference.
        """
        task: Json | None = self.tasks.get(producer)
        if task is None:
            todo = suggest_name(producer, self.tasks, otherwise="name a task of this DAG")
            self.findings.add(path, f"There is no task '{producer}' in this DAG; {todo}")
            return None
        component = self.find_component(task)
        if component is None:
            return None  # reported at the task
        declared: Json = component.get("outputDefinitions", {})
        known: Json = declared.get(side, {})
        if output in known:
            spec: Json = known[output]
            return spec
        if output in declared.get(_OTHER[side], {}):
            message = (
                f"Output '{output}' of task '{producer}' is {_WITH_ARTICLE[_OTHER[side]]}, not "
                f"{_WITH_ARTICLE[side]}; refer to it as {_WITH_ARTICLE[_OTHER[side]]}"
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
                f"Input '{name}' of this DAG is {_WITH_ARTICLE[_OTHER[side]]}, not "
                f"{_WITH_ARTICLE[side]}; refer to it as {_WITH_ARTICLE[_OTHER[side]]}"
            )
        else:
            todo = suggest_name(name, known, otherwise="declare it in 'inputDefinitions'")
            message = f"This DAG declares no input {SINGULAR[side]} '{name}'; {todo}"
        self.findings.add(path, message)
        return None

"""What a tag can read, by where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from argosy_compiler.closure import closure
from argosy_compiler.linting.dags import read_depends
from argosy_compiler.linting.subject import Json, Subject, Task, Template, member, objects, text
from argosy_expressions.argo import Depends

_ROOTS = ("inputs", "item", "outputs", "pod", "steps", "tasks", "workflow")
_WORKFLOW = frozenset(
    {
        "annotations",
        "creationTimestamp",
        "duration",
        "failures",
        "labels",
        "mainEntrypoint",
        "name",
        "namespace",
        "outputs",
        "parameters",
        "priority",
        "scheduledTime",
        "serviceAccountName",
        "status",
        "uid",
    }
)
_OF_TASK = frozenset(
    {"exitCode", "finishedAt", "hostNodeName", "id", "ip", "outputs", "startedAt", "status"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names that can be resolved at one place."""

    arguments: frozenset[str]
    """Parameters of the workflow."""
    inputs: frozenset[str]
    """Input parameters of the template."""
    outputs: Mapping[str, frozenset[str] | None]
    """Task of the DAG to its output parameters; ``None``: they are not known here."""
    bits: Mapping[str, int]
    """Task of the DAG to its bit."""
    ancestors: Mapping[str, int]
    """Task of the DAG to all that it waits for, as bits."""
    visible: int = 0
    """The tasks whose results can be read here, as bits."""
    has_item: bool = False
    unsure_steps: bool = False
    """Whether ``steps.…`` may be read; the compiler emits none, and they are not looked into."""

    def of_task(self, task: Task) -> Scope:
        """Return the scope of a task's arguments and of its ``when``."""
        return replace(self.of_fan_out(task), has_item=task.fans_out)

    def of_fan_out(self, task: Task) -> Scope:
        """Return the scope of what decides how often a task runs."""
        return replace(self, visible=self.ancestors.get(task.name, 0))

    def of_outputs(self) -> Scope:
        """Return the scope of the outputs of a DAG: all its tasks."""
        return replace(self, visible=sum(self.bits.values()))

    def missing_tag(self, name: str) -> str | None:
        """Return why a simple tag cannot be resolved here, as :meth:`missing`."""
        root, *rest = name.split(".")
        if (root, *rest[:1]) == ("workflow", "parameters") and len(rest) > 1 and rest[1] != "json":
            known = rest[1] in self.arguments
            return None if known else f"'{rest[1]}' is not in spec.arguments.parameters"
        return self.missing(name)

    def missing(self, name: str) -> str | None:
        """Return why a path cannot be resolved here; ``None``: it can, or is not ours to judge.

        A parameter that the workflow does not list is no fault of an expression: it is null there,
        and the one who submits may add it.
        """
        root, *rest = name.split(".")
        if root not in _ROOTS:
            return None
        if root == "item":
            return None if self.has_item else "there are no items here"
        if root == "steps":
            return None if self.unsure_steps else "this is no template of steps"
        if root == "inputs" and rest[:1] == ["parameters"] and len(rest) > 1:
            known = rest[1] in self.inputs
            return None if known else f"the template has no input '{rest[1]}'"
        if root == "workflow" and rest and rest[0] not in _WORKFLOW:
            return f"a workflow has no '{rest[0]}'"
        if root == "tasks" and rest:
            return self._task(rest)
        return None

    def _task(self, rest: list[str]) -> str | None:
        task = rest[0]
        if task == "name" and len(rest) == 1:
            return None
        if task not in self.outputs:
            return f"there is no task '{task}' in the DAG"
        if not self.bits[task] & self.visible:
            return f"it does not wait for '{task}'; add that to 'depends'"
        if len(rest) > 1 and rest[1] not in _OF_TASK:
            return f"a task has no '{rest[1]}'"
        outputs = self.outputs[task]
        if rest[1:3] == ["outputs", "parameters"] and len(rest) > 3 and outputs is not None:
            return None if rest[3] in outputs else f"'{task}' has no output '{rest[3]}'"
        return None


def scope_of(subject: Subject, template: Template) -> Scope:
    """Return the scope of a template's own fields."""
    above = {
        task.name: read.tasks if isinstance(read := read_depends(task), Depends) else ()
        for task in template.tasks
    }
    return Scope(
        arguments=frozenset(_names(member(subject.spec, "arguments"))),
        inputs=frozenset(_names(template.inputs)),
        outputs={task.name: _outputs(subject, task) for task in template.tasks},
        bits={name: 1 << number for number, name in enumerate(above)},
        ancestors=closure(above),
        unsure_steps="steps" in template.json,
    )


def _names(holder: Json) -> list[str]:
    return [text(one, "name") for one in objects(holder, "parameters")]


def _outputs(subject: Subject, task: Task) -> frozenset[str] | None:
    if "inline" in task.json:
        return frozenset(_names(member(member(task.json, "inline"), "outputs")))
    template = subject.template(text(task.json, "template"))
    return None if template is None else frozenset(_names(member(template.json, "outputs")))

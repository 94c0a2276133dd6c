"""What a tag can read, by the field that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from argosy_compiler.linting.dags import read_depends
from argosy_compiler.linting.subject import (
    Json,
    Subject,
    Template,
    WorkflowTask,
    get_object,
    get_text,
    list_objects,
)
from argosy_compiler.transitive_closure import compute_transitive_closure
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
    """The names that can be resolved in one field."""

    arguments: frozenset[str]
    """Parameters of the workflow."""
    inputs: frozenset[str]
    """Input parameters of the template."""
    outputs: Mapping[str, frozenset[str] | None]
    """Task to its output parameters; ``None``: they are not known here."""
    bits: Mapping[str, int]
    """Task to its bit."""
    ancestors: Mapping[str, int]
    """Task to all that it waits for, as bits."""
    visible: int = 0
    """The tasks whose results can be read here, as bits."""
    has_item: bool = False
    has_steps: bool = False
    """Whether the tasks are those of a template of steps, and are read as ``steps.…``."""

    def of_task(self, task: WorkflowTask) -> Scope:
        """Return the scope of a task's arguments and of its ``when``."""
        return replace(self.of_fan_out(task), has_item=task.fans_out)

    def of_fan_out(self, task: WorkflowTask) -> Scope:
        """Return the scope of what decides how often a task runs."""
        return replace(self, visible=self.ancestors.get(task.name, 0))

    def of_outputs(self) -> Scope:
        """Return the scope of the outputs of a template of tasks: all of them."""
        return replace(self, visible=sum(self.bits.values()))

    def missing_tag(self, name: str) -> str | None:
        """Return why a simple tag cannot be resolved here, as :meth:`missing`."""
        root, *rest = name.split(".")
        if (root, *rest[:1]) == ("workflow", "parameters") and len(rest) > 1 and rest[1] != "json":
            known = rest[1] in self.arguments
            return None if known else f"'{rest[1]}' is not in spec.arguments.parameters"
        if root in ("tasks", "steps") and rest[1:] == ["outputs", "parameters"]:
            return "only 'withItems' and 'withParam' yield all parameters at once; name one"
        return self.missing(name)

    def missing(self, name: str) -> str | None:
        """Return why a path cannot be resolved here; ``None``: it can, or is not ours to judge.

        An expression may read a parameter that the workflow does not list: it is null there, and
        whoever submits the workflow may add it.
        """
        root, *rest = name.split(".")
        if root not in _ROOTS:
            return None
        if root == "item":
            return None if self.has_item else "there are no items here"
        if root == "steps" and not self.has_steps:
            return "only a template of steps has them"
        if root == "inputs" and rest[:1] == ["parameters"] and len(rest) > 1:
            known = rest[1] in self.inputs
            return None if known else f"the template has no input '{rest[1]}'"
        if root == "workflow" and rest and rest[0] not in _WORKFLOW:
            return f"a workflow has no '{rest[0]}'"
        if root == "tasks" and rest and self.has_steps:
            return f"there is no task '{rest[0]}' in the DAG"
        if root in ("steps", "tasks") and rest:
            return self._task(rest)
        return None

    def _task(self, rest: list[str]) -> str | None:
        task = rest[0]
        if task == "name" and len(rest) == 1:
            return None
        if task not in self.outputs:
            where = "step '{}' in the template" if self.has_steps else "task '{}' in the DAG"
            return f"there is no {where.format(task)}"
        if not self.bits[task] & self.visible:
            if self.has_steps:
                return f"'{task}' is not in an earlier group; move this step after it"
            return f"it does not wait for '{task}'; add that to 'depends'"
        if len(rest) > 1 and rest[1] not in _OF_TASK:
            return f"a task has no '{rest[1]}'"
        outputs = self.outputs[task]
        if rest[1:3] == ["outputs", "parameters"] and len(rest) > 3 and outputs is not None:
            return None if rest[3] in outputs else f"'{task}' has no output '{rest[3]}'"
        return None


def read_scope(subject: Subject, template: Template) -> Scope:
    """Return the scope of a template's own fields."""
    tasks = (*template.tasks, *template.steps)
    above = _list_upstream_steps(template) if template.steps else _list_upstream_tasks(template)
    return Scope(
        arguments=frozenset(_list_names(get_object(subject.spec, "arguments"))),
        inputs=frozenset(_list_names(get_object(template.json, "inputs"))),
        outputs={task.name: _list_outputs(subject, task) for task in tasks},
        bits={name: 1 << number for number, name in enumerate(above)},
        ancestors=compute_transitive_closure(above),
        has_steps="steps" in template.json,
    )


def _list_upstream_tasks(template: Template) -> dict[str, tuple[str, ...]]:
    """Return for each task those that it waits for."""
    return {
        task.name: read.tasks if isinstance(read := read_depends(task), Depends) else ()
        for task in template.tasks
    }


def _list_upstream_steps(template: Template) -> dict[str, tuple[str, ...]]:
    """Return for each step those of the group before, each of which waits for all before it."""
    groups = [tuple(step.name for step in group) for group in template.step_groups if group]
    return {
        name: before for before, group in zip([(), *groups], groups, strict=False) for name in group
    }


def _list_names(holder: Json) -> list[str]:
    return [get_text(one, "name") for one in list_objects(holder, "parameters")]


def _list_outputs(subject: Subject, task: WorkflowTask) -> frozenset[str] | None:
    template = subject.template(get_text(task.json, "template"))
    return (
        None if template is None else frozenset(_list_names(get_object(template.json, "outputs")))
    )

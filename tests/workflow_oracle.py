"""Check that a workflow has the forms that the compiler writes, and no others of Argo's.

The engine reads more of them, which is how it is compared with Argo
(``tests/engine/data/argo_cases.json``). What tests compile is held to those in here: nobody looked
at what the others mean on each version of Argo.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from argosy_engine.workflow.model import DagTask, DagTemplate, PodTemplate, Template, Workflow
from argosy_engine.workflow.reading import read_workflow
from argosy_expressions.argo.depends import ENDS
from argosy_schemas.pod import (
    CONTROL,
    CONTROL_PATH,
    DECIDE_COMMAND,
    DRIVER_COMMAND,
    DRIVER_CONTAINER,
    DRIVER_VARIABLES,
    LAUNCHER_COMMAND,
    LAUNCHER_CONTAINER,
    MAIN_COMMAND,
    MAIN_CONTAINER,
    SUMMARY,
    SUMMARY_PATH,
)
from workflow_fields import Field, Object
from workflow_forms import check_forms
from workflow_scopes import Before, Scope

_HEAD = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
_COMMANDS = {
    MAIN_CONTAINER: MAIN_COMMAND,
    DRIVER_CONTAINER: DRIVER_COMMAND,
    LAUNCHER_CONTAINER: LAUNCHER_COMMAND,
}
_OUTPUTS = {CONTROL: CONTROL_PATH, SUMMARY: SUMMARY_PATH}
_NAME = r"[a-zA-Z0-9][-a-zA-Z0-9]*"
_ENDED = r" \|\| ".join(
    [rf"(?P<name>{_NAME})\.{ENDS[0]}", *(rf"(?P=name)\.{one}" for one in ENDS[1:])]
)
_TERM = re.compile(rf"{_NAME}\.Succeeded|\({_ENDED}\)")
_CONDITION = re.compile(r"false|\{\{=(?:(?!\}\}).)*\}\}", re.DOTALL)
_COUNT = re.compile(r"\d+|\{\{(?:(?!\}\}).)*\}\}", re.DOTALL)


def check_workflow(document: Object) -> None:
    """Check the forms of a workflow.

    Raises:
        FormError: The engine does not read it, or the compiler does not write such a form.
    """
    check_forms(document)
    workflow = read_workflow(document)
    whole = Field("", "")
    for member, value in _HEAD.items():
        if document.get(member) != value:
            raise whole.at(member).refuse(f"has to be '{value}'")
    if not isinstance(workflow.templates[workflow.entrypoint], DagTemplate):
        raise whole.at("spec.entrypoint").refuse("has to name a DAG")
    for template in document["spec"]["templates"]:
        if "container" in template:
            _check_containers(template, Field(template["name"], ""))
    at_exit = _at_exit(workflow)
    for template in workflow.templates.values():
        if isinstance(template, PodTemplate):
            _check_pod(template)
        else:
            _check_dag(template, workflow.templates, at_exit=template.name in at_exit)


def _at_exit(workflow: Workflow) -> frozenset[str]:
    """Return the templates that run when all else has ended."""
    if workflow.on_exit is None:
        return frozenset()
    template = workflow.templates[workflow.on_exit]
    if not isinstance(template, DagTemplate) or template.tasks_are != "steps":
        raise Field("", "spec.onExit").refuse("has to name a template of steps")
    return frozenset({template.name})


# Pods.


def _check_containers(template: Object, field: Field) -> None:
    main, here = template["container"], field.at("container")
    field.get_integer(template, "activeDeadlineSeconds", least=1)
    decides = "initContainers" not in template
    command = DECIDE_COMMAND if decides else _COMMANDS[MAIN_CONTAINER]
    _check_container(main, here, MAIN_CONTAINER, command)
    for output in template.get("outputs", {}).get("parameters", ()):
        if output["valueFrom"].get("path") != _OUTPUTS.get(output["name"], ""):
            raise field.at(f"outputs.{output['name']}").refuse(
                f"is neither '{CONTROL}' at '{CONTROL_PATH}' nor '{SUMMARY}' at '{SUMMARY_PATH}'"
            )
    if decides:
        _check_variables(main, here)
        return
    for variable in main.get("env", ()):
        # Local commands have the home of the user.
        if "value" in variable and variable["name"] != "HOME":
            raise here.at(f"env.{variable['name']}").refuse(
                "has a value, which no command would get; give it to the task"
            )
    for group, name in (("initContainers", DRIVER_CONTAINER), ("sidecars", LAUNCHER_CONTAINER)):
        container = template[group][0]
        _check_container(container, field.at(f"{group}.{name}"), name, _COMMANDS[name])
        _check_variables(container, field.at(f"{group}.{name}"))


def _check_container(container: Object, field: Field, name: str, command: Sequence[str]) -> None:
    if container.get("name") != name:
        raise field.at("name").refuse(f"has to be '{name}'")
    if container.get("command") != list(command):
        raise field.at("command").refuse(
            f"has to be '{' '.join(command)}'; the command of a task is in the pipeline"
        )


def _check_variables(container: Object, field: Field) -> None:
    for variable in container.get("env", ()):
        if variable["name"] not in DRIVER_VARIABLES:
            raise field.at(f"env.{variable['name']}").refuse("is not a variable of ours; remove it")


def _check_pod(template: PodTemplate) -> None:
    field = Field(template.name, "")
    scope = Scope(inputs=template.inputs.keys(), is_pod=True)
    for name, text in template.environment:
        scope.check(text, field.at(f"env.{name}"))
    scope.check(template.image, field.at("container.image"))
    if template.claim is not None:
        scope.check(template.claim.name, field.at("resource"))
    retry = template.retry
    if retry is None:
        return
    here = field.at("retryStrategy")
    if retry.expression is not None:
        Scope(is_retry=True).check_expression(retry.expression, here.at("expression"))


# DAGs.


def _check_dag(template: DagTemplate, templates: Mapping[str, Template], *, at_exit: bool) -> None:
    field = Field(template.name, "")
    known = Scope(inputs=template.inputs.keys(), tasks_are=template.tasks_are, at_exit=at_exit)
    # What the iterations of a loop put out the driver collects.
    single = {task.name for task in template.tasks if task.count is None}
    for output in template.outputs:
        here = field.at(f"outputs.{output.name}")
        if output.default is None:
            raise here.refuse("has no default; Argo may wait forever for a DAG without one")
        replace(known, tasks=single).check_expression(output.expression or "", here)
    if len(template.tasks) > 1 and any(task.count is not None for task in template.tasks):
        raise field.at("dag.tasks").refuse("has a loop beside other tasks; put it into a DAG")
    for position, task in enumerate(template.tasks):
        here = field.at(f"dag.tasks.{task.name}")
        # The dependencies of steps are our own.
        if template.tasks_are == "tasks":
            _check_depends(task, here)
        _check_task(task, here, replace(known, tasks=Before(template, position)))
        _check_arguments(task, here, templates[task.template])


def _check_depends(task: DagTask, field: Field) -> None:
    terms = [] if task.depends is None else task.depends.text.split(" && ")
    for term in terms:
        if not _TERM.fullmatch(term):
            raise field.at("depends").refuse(
                f"has '{term}'; a task follows others that succeed, or whatever becomes of them"
            )


def _check_task(task: DagTask, field: Field, scope: Scope) -> None:
    if task.when is not None:
        if not _CONDITION.fullmatch(task.when):
            raise field.at("when").refuse(
                f"is '{task.when}'; it has to be 'false', or one expression in a tag"
            )
        scope.check(task.when, field.at("when"))
    if task.count is not None:
        if not _COUNT.fullmatch(task.count):
            raise field.at("withSequence.count").refuse(
                f"is '{task.count}', neither number nor tag"
            )
        scope.check(task.count, field.at("withSequence.count"))
        scope = replace(scope, has_item=True)
    for name, text in task.arguments:
        scope.check(text, field.at(name))


def _check_arguments(task: DagTask, field: Field, template: Template) -> None:
    given = {name for name, _ in task.arguments}
    for name in sorted(given - template.inputs.keys()):
        raise field.at(name).refuse(f"is not an input of '{template.name}'; remove it")
    for name, default in template.inputs.items():
        if default is None and name not in given:
            raise field.at(name).refuse(f"is an input of '{template.name}' and not given")

"""Read a Workflow and refuse, by name, what this engine does not interpret.

The engine interprets the fields that the compiler emits, in all forms of Argo's. It ignores no
field in silence: one has a meaning here, or needs Kubernetes (and is listed in ``settings``), or is
refused before anything runs. Tests check that the compiler emits no other forms than those that
were compared with Argo (``tests/workflow_oracle.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from argosy_engine.workflow.claims import read_claim
from argosy_engine.workflow.fields import Field, Object, check_expressions, parse_expression
from argosy_engine.workflow.model import DagTask, DagTemplate, Template, Workflow
from argosy_engine.workflow.ordering import find_leaves, find_positions, order_dag, sort_tasks
from argosy_engine.workflow.parameters import (
    read_arguments,
    read_dag_outputs,
    read_inputs,
    read_workflow_arguments,
)
from argosy_engine.workflow.pods import read_pod, read_retry
from argosy_engine.workflow.refusal import EngineRefusal
from argosy_expressions.argo import parse_depends

_DOCUMENT = frozenset({"apiVersion", "kind", "metadata", "spec"})
_METADATA = frozenset({"generateName", "name"})
_SPEC = frozenset({"entrypoint", "onExit", "arguments", "templates", "activeDeadlineSeconds"})
_SPEC_SETTINGS = frozenset({"serviceAccountName", "ttlStrategy"})
# The workspace is a local directory.
_SPEC_EMULATED = frozenset({"volumeClaimTemplates"})
_DAG_TEMPLATE = frozenset({"name", "inputs", "outputs", "dag", "parallelism", "retryStrategy"})
_DAG = frozenset({"tasks", "failFast", "target"})
_TASK = frozenset({"name", "template", "arguments", "depends", "when", "withSequence"})
_STEPS_TEMPLATE = frozenset({"name", "inputs", "steps"})
_STEP = frozenset({"name", "template", "arguments", "when"})
_OTHER_KINDS: Mapping[str, str] = {
    kind: "is a kind of template that this engine does not run"
    for kind in ("script", "suspend", "http", "plugin", "containerSet", "data")
}


def read_workflow(document: Object) -> Workflow:
    """Return a workflow as immutable values.

    Raises:
        EngineRefusal: It has a field or a kind of template that this engine does not interpret.
    """
    whole, field = Field("", ""), Field("", "spec")
    whole.refuse_unknown(document, _DOCUMENT)
    metadata = whole.get_object(document, "metadata")
    whole.at("metadata").refuse_unknown(metadata, _METADATA)
    spec = whole.get_object(document, "spec")
    field.refuse_unknown(spec, _SPEC | _SPEC_SETTINGS | _SPEC_EMULATED)
    templates: dict[str, Template] = {}
    for name, template in field.get_named(spec, "templates"):
        templates[name] = _read_template(template, name)
    workflow = Workflow(
        name=_read_name(metadata),
        entrypoint=field.get_text(spec, "entrypoint"),
        templates=templates,
        arguments=read_workflow_arguments(spec, field),
        on_exit=field.get_optional_text(spec, "onExit"),
        deadline_seconds=field.get_integer(spec, "activeDeadlineSeconds", least=1),
        settings=tuple(sorted(_SPEC_SETTINGS & spec.keys())),
    )
    _check_references(workflow)
    return workflow


def read_head(document: Object) -> Workflow:
    """Return the workflow without its templates, also if :func:`read_workflow` refuses it."""
    whole = Field("", "")
    spec = whole.get_object(document, "spec")
    return Workflow(
        name=_read_name(whole.get_object(document, "metadata")),
        entrypoint=str(spec.get("entrypoint") or ""),
        templates={},
        arguments=read_workflow_arguments(spec, whole.at("spec")),
    )


def _read_name(metadata: Object) -> str:
    return str(metadata.get("name") or metadata.get("generateName") or "workflow").rstrip("-")


def _read_template(template: Object, name: str) -> Template:
    field = Field(name, "")
    for kind, problem in _OTHER_KINDS.items():
        if kind in template:
            raise field.at(kind).refuse(problem)
    if "dag" in template:
        return _read_dag(template, name, field)
    if "steps" in template:
        return _read_steps(template, name, field)
    if "container" in template:
        return read_pod(template, name, field)
    if "resource" in template:
        return read_claim(template, name, field)
    raise field.at("dag").refuse("is missing; a template needs 'dag' or 'container'")


def _read_dag(template: Object, name: str, field: Field) -> DagTemplate:
    field.refuse_unknown(template, _DAG_TEMPLATE)
    dag, here = field.get_object(template, "dag"), field.at("dag")
    here.refuse_unknown(dag, _DAG)
    if dag.get("failFast") is not False:
        raise here.at("failFast").refuse(
            "has to be false; this engine does not stop at the first failure"
        )
    tasks = tuple(
        _read_task(task, task_name, here.at(f"tasks.{task_name}"))
        for task_name, task in here.get_named(dag, "tasks")
    )
    return replace(
        _link_tasks(name, tasks, here.get_optional_text(dag, "target") or "", here),
        inputs=read_inputs(template, field),
        outputs=tuple(read_dag_outputs(template, field)),
        parallelism=field.get_integer(template, "parallelism", least=1),
        retry=read_retry(template, field),
    )


def _read_steps(template: Object, name: str, field: Field) -> DagTemplate:
    """Read a template of steps as a DAG whose tasks wait for the whole group before them.

    Before 3.7, Argo runs an exit template after a stop only if it has steps.
    """
    here = field.at("steps")
    groups = here.check_list(template["steps"])
    tasks: list[Object] = []
    before = ""
    for group in groups:
        steps = here.check_objects(group)
        if any("depends" in step for step in steps):
            raise here.refuse("has 'depends', which only tasks of a DAG have")
        for step in steps:
            here.at(str(step.get("name"))).refuse_unknown(step, _STEP)
        tasks += [{**step, "depends": before} for step in steps]
        done = [f"({step.get('name')}.Succeeded || {step.get('name')}.Skipped)" for step in steps]
        before = " && ".join(done)
    field.refuse_unknown(template, _STEPS_TEMPLATE)
    rest = {key: value for key, value in template.items() if key != "steps"}
    dag = {"failFast": False, "tasks": tasks}
    return replace(_read_dag({**rest, "dag": dag}, name, field), tasks_are="steps")


def _read_task(task: Object, name: str, field: Field) -> DagTask:
    field.refuse_unknown(task, _TASK)

    def tagged(text: str, where: Field) -> str:
        check_expressions(text, where)
        return text

    count: str | None = None
    if "withSequence" in task:
        sequence, here = field.get_object(task, "withSequence"), field.at("withSequence")
        here.refuse_unknown(sequence, {"count"})
        count = tagged(here.get_text(sequence, "count"), here.at("count"))
        if "when" in task:
            # Argo expands such a task first and evaluates 'when' for each item.
            raise field.at("when").refuse("stands beside 'withSequence'; put the loop into a DAG")
    text = field.get_optional_text(task, "depends")
    when = field.get_optional_text(task, "when")
    return DagTask(
        name=name,
        template=field.get_text(task, "template"),
        depends=parse_expression(parse_depends, text, field.at("depends")) if text else None,
        when=None if when is None else tagged(when, field.at("when")),
        arguments=tuple(read_arguments(task, field, tagged)),
        count=count,
    )


def _link_tasks(name: str, tasks: tuple[DagTask, ...], target: str, field: Field) -> DagTemplate:
    """Return a DAG of tasks with the order and links that follow from their dependencies."""
    index = {task.name: position for position, task in enumerate(tasks)}

    def field_of(position: int) -> Field:
        return field.at(f"tasks.{tasks[position].name}.depends")

    upstream = tuple(
        find_positions(
            task.depends.tasks if task.depends is not None else (),
            index,
            field_of(position),
        )
        for position, task in enumerate(tasks)
    )
    targets = (
        find_positions(target.split(), index, field.at("target"))
        if target
        else find_leaves(tasks, upstream)
    )
    ordered = order_dag(upstream, targets, field_of)
    downstream: list[list[int]] = [[] for _ in tasks]
    for position in ordered:
        for above in upstream[position]:
            downstream[above].append(position)
    return DagTemplate(
        name=name,
        inputs={},
        tasks=tasks,
        targets=targets,
        index=index,
        upstream=upstream,
        downstream=tuple(map(tuple, downstream)),
        order=ordered,
    )


def _check_references(workflow: Workflow) -> None:
    for member, name in (("entrypoint", workflow.entrypoint), ("onExit", workflow.on_exit)):
        if name is not None and name not in workflow.templates:
            raise EngineRefusal(
                "", f"spec.{member}", f"names template '{name}', which does not exist"
            )
    index = {name: position for position, name in enumerate(workflow.templates)}
    used: list[Sequence[int]] = []
    for template in workflow.templates.values():
        for task in _get_tasks(template):
            if task.template not in index:
                raise EngineRefusal(
                    template.name,
                    f"dag.tasks.{task.name}.template",
                    f"names template '{task.template}', which does not exist",
                )
        # A task that never runs may use any template, also the one that holds it.
        used.append([index[task.template] for task in _get_tasks(template) if task.when != "false"])
    names = list(index)
    sort_tasks(range(len(used)), used, lambda position: Field(names[position], "dag.tasks"))


def _get_tasks(template: Template) -> Iterable[DagTask]:
    return template.tasks if isinstance(template, DagTemplate) else ()

"""Read a Workflow and refuse, by name, what this engine does not interpret.

The engine interprets the fields that the compiler emits, in all forms of Argo's. It ignores no
field in silence: one has a meaning here, or needs Kubernetes (and is listed in ``settings``), or is
refused before anything runs. Tests check that the compiler emits no other forms than those that
were compared with Argo (``tests/workflow_oracle.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from argosy_engine.workflow.fields import Object, Place, check_tags, checked
from argosy_engine.workflow.model import DagTask, DagTemplate, Template, Workflow
from argosy_engine.workflow.ordering import in_order, leaves, order, positions
from argosy_engine.workflow.parameters import arguments_of, dag_outputs, inputs_of, values_of
from argosy_engine.workflow.pods import read_pod, read_retry
from argosy_engine.workflow.refusal import EngineRefusal
from argosy_expressions.argo import parse_depends

_DOCUMENT = frozenset({"apiVersion", "kind", "metadata", "spec"})
_METADATA = frozenset({"generateName", "name"})
_SPEC = frozenset({"entrypoint", "onExit", "arguments", "templates", "activeDeadlineSeconds"})
_SPEC_SETTINGS = frozenset({"serviceAccountName", "ttlStrategy"})
# A workspace is a directory here.
_SPEC_EMULATED = frozenset({"volumeClaimTemplates"})
_DAG_TEMPLATE = frozenset({"name", "inputs", "outputs", "dag", "parallelism", "retryStrategy"})
_DAG = frozenset({"tasks", "failFast", "target"})
_TASK = frozenset({"name", "template", "arguments", "depends", "when", "withSequence"})
_STEPS_TEMPLATE = frozenset({"name", "inputs", "steps"})
_STEP = frozenset({"name", "template", "arguments", "when"})
_OTHER_KINDS: Mapping[str, str] = {
    "resource": "creates or deletes a Kubernetes object, which needs a cluster",
    **{
        kind: "is a kind of template that this engine does not run"
        for kind in ("script", "suspend", "http", "plugin", "containerSet", "data")
    },
}


def read_workflow(document: Object) -> Workflow:
    """Return a workflow as immutable values.

    Raises:
        EngineRefusal: It has a field or a kind of template that this engine does not interpret.
    """
    whole, place = Place("", ""), Place("", "spec")
    whole.refuse_unknown(document, _DOCUMENT)
    metadata = whole.object_at(document, "metadata")
    whole.at("metadata").refuse_unknown(metadata, _METADATA)
    spec = whole.object_at(document, "spec")
    place.refuse_unknown(spec, _SPEC | _SPEC_SETTINGS | _SPEC_EMULATED)
    templates: dict[str, Template] = {}
    for name, template in place.named(spec, "templates"):
        templates[name] = _template(template, name)
    workflow = Workflow(
        name=_name(metadata),
        entrypoint=place.text(spec, "entrypoint"),
        templates=templates,
        arguments=values_of(spec, place),
        on_exit=place.optional_text(spec, "onExit"),
        deadline_seconds=place.whole_number(spec, "activeDeadlineSeconds", least=1),
        settings=tuple(sorted(_SPEC_SETTINGS & spec.keys())),
    )
    _check_references(workflow)
    return workflow


def read_head(document: Object) -> Workflow:
    """Return the workflow without its templates, also of one that would be refused."""
    whole = Place("", "")
    spec = whole.object_at(document, "spec")
    return Workflow(
        name=_name(whole.object_at(document, "metadata")),
        entrypoint=str(spec.get("entrypoint") or ""),
        templates={},
        arguments=values_of(spec, whole.at("spec")),
    )


def _name(metadata: Object) -> str:
    return str(metadata.get("name") or metadata.get("generateName") or "workflow").rstrip("-")


def _template(template: Object, name: str) -> Template:
    place = Place(name, "")
    for kind, problem in _OTHER_KINDS.items():
        if kind in template:
            raise place.at(kind).refuse(problem)
    if "dag" in template:
        return _dag_template(template, name, place)
    if "steps" in template:
        return _steps_template(template, name, place)
    if "container" in template:
        return read_pod(template, name, place)
    raise place.at("dag").refuse("is missing; a template needs 'dag' or 'container'")


def _dag_template(template: Object, name: str, place: Place) -> DagTemplate:
    place.refuse_unknown(template, _DAG_TEMPLATE)
    dag, here = place.object_at(template, "dag"), place.at("dag")
    here.refuse_unknown(dag, _DAG)
    if dag.get("failFast") is not False:
        raise here.at("failFast").refuse("must be false; stopping at the first failure is not ours")
    tasks = tuple(
        _task(task, task_name, here.at(f"tasks.{task_name}"))
        for task_name, task in here.named(dag, "tasks")
    )
    return replace(
        _ordered(name, tasks, here.optional_text(dag, "target") or "", here),
        inputs=inputs_of(template, place),
        outputs=tuple(dag_outputs(template, place)),
        parallelism=place.whole_number(template, "parallelism", least=1),
        retry=read_retry(template, place),
    )


def _steps_template(template: Object, name: str, place: Place) -> DagTemplate:
    """Read a template of steps, which is a DAG whose tasks wait for all of the group before.

    Argo before 3.7 runs nothing but such a template when a workflow was stopped.
    """
    here = place.at("steps")
    groups = here.as_list(template["steps"])
    tasks: list[Object] = []
    before = ""
    for group in groups:
        steps = here.as_objects(group)
        if any("depends" in step for step in steps):
            raise here.refuse("has 'depends', which only tasks of a DAG have")
        for step in steps:
            here.at(str(step.get("name"))).refuse_unknown(step, _STEP)
        tasks += [{**step, "depends": before} for step in steps]
        done = [f"({step.get('name')}.Succeeded || {step.get('name')}.Skipped)" for step in steps]
        before = " && ".join(done)
    place.refuse_unknown(template, _STEPS_TEMPLATE)
    rest = {key: value for key, value in template.items() if key != "steps"}
    dag = {"failFast": False, "tasks": tasks}
    return replace(_dag_template({**rest, "dag": dag}, name, place), tasks_are="steps")


def _task(task: Object, name: str, place: Place) -> DagTask:
    place.refuse_unknown(task, _TASK)

    def tagged(text: str, where: Place) -> str:
        check_tags(text, where)
        return text

    count: str | None = None
    if "withSequence" in task:
        sequence, here = place.object_at(task, "withSequence"), place.at("withSequence")
        here.refuse_unknown(sequence, {"count"})
        count = tagged(here.text(sequence, "count"), here.at("count"))
        if "when" in task:
            # Argo expands such a task first and skips each item by itself.
            raise place.at("when").refuse("stands beside 'withSequence'; put the loop into a DAG")
    text = place.optional_text(task, "depends")
    when = place.optional_text(task, "when")
    return DagTask(
        name=name,
        template=place.text(task, "template"),
        depends=checked(parse_depends, text, place.at("depends")) if text else None,
        when=None if when is None else tagged(when, place.at("when")),
        arguments=tuple(arguments_of(task, place, tagged)),
        count=count,
    )


def _ordered(name: str, tasks: tuple[DagTask, ...], target: str, place: Place) -> DagTemplate:
    """Return a DAG of tasks with what follows from their dependencies."""
    index = {task.name: position for position, task in enumerate(tasks)}

    def place_of(position: int) -> Place:
        return place.at(f"tasks.{tasks[position].name}.depends")

    upstream = tuple(
        positions(
            task.depends.tasks if task.depends is not None else (),
            index,
            place_of(position),
        )
        for position, task in enumerate(tasks)
    )
    targets = (
        positions(target.split(), index, place.at("target")) if target else leaves(tasks, upstream)
    )
    ordered = order(upstream, targets, place_of)
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
    for field, name in (("entrypoint", workflow.entrypoint), ("onExit", workflow.on_exit)):
        if name is not None and name not in workflow.templates:
            raise EngineRefusal("", f"spec.{field}", f"names no template: '{name}'")
    index = {name: position for position, name in enumerate(workflow.templates)}
    used: list[Sequence[int]] = []
    for template in workflow.templates.values():
        for task in _tasks(template):
            if task.template not in index:
                raise EngineRefusal(
                    template.name,
                    f"dag.tasks.{task.name}.template",
                    f"names no template: '{task.template}'",
                )
        # One that never runs may stand for any template, e.g. for the one that it stands in.
        used.append([index[task.template] for task in _tasks(template) if task.when != "false"])
    names = list(index)
    in_order(range(len(used)), used, lambda position: Place(names[position], "dag.tasks"))


def _tasks(template: Template) -> Iterable[DagTask]:
    return template.tasks if isinstance(template, DagTemplate) else ()

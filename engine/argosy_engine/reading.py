"""Read a Workflow and refuse, by name, what this engine does not interpret.

The engine knows the subset that the compiler emits, and nothing is passed over in silence: a field
is interpreted, or known to mean nothing without Kubernetes (and then listed in ``settings``), or
refused before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from argosy_engine.reading_fields import (
    Object,
    Place,
    checked,
    default_of,
    inputs_of,
    object_at,
    objects,
    whole_number,
)
from argosy_engine.reading_inline import Holder, read_holder
from argosy_engine.reading_pods import read_pod, read_retry
from argosy_engine.refusal import EngineRefusal
from argosy_engine.workflow import (
    DagTask,
    DagTemplate,
    Output,
    Template,
    Workflow,
)
from argosy_expressions.argo import check, depends

_SPEC = frozenset({"entrypoint", "onExit", "arguments", "templates", "activeDeadlineSeconds"})
_SPEC_SETTINGS = frozenset(
    {
        "archiveLogs",
        "imagePullSecrets",
        "podGC",
        "podMetadata",
        "securityContext",
        "serviceAccountName",
        "ttlStrategy",
        "volumeClaimGC",
        "workflowMetadata",
    }
)
# A workspace is a directory here.
_SPEC_EMULATED = frozenset({"volumeClaimTemplates", "volumes"})
_DAG_TEMPLATE = frozenset({"name", "inputs", "outputs", "dag", "parallelism", "retryStrategy"})
_DAG = frozenset({"tasks", "failFast", "target"})
_TASK = frozenset({"name", "template", "inline", "arguments", "depends", "when", "withSequence"})
_OTHER_KINDS: Mapping[str, str] = {
    "resource": "creates or deletes a Kubernetes object, which needs a cluster",
    **{
        kind: "is a kind of template that this engine does not run"
        for kind in ("script", "suspend", "http", "plugin", "containerSet", "data")
    },
}

# As Argo finds them: from the first braces to the next closing ones.
_EXPRESSION_TAG = re.compile(r"\{\{=(.*?)\}\}", re.DOTALL)


def read_workflow(document: Object) -> Workflow:
    """Return the workflow.

    Raises:
        EngineRefusal: It says something that this engine does not interpret.
    """
    spec = object_at(document, "spec")
    place = Place("", "spec")
    place.refuse_unknown(spec, _SPEC | _SPEC_SETTINGS | _SPEC_EMULATED)
    templates: dict[str, Template] = {}
    for template in objects(spec, "templates"):
        for read in _templates(template):
            templates[read.name] = read
    workflow = replace(
        read_head(document),
        templates=templates,
        on_exit=None if spec.get("onExit") is None else str(spec["onExit"]),
        deadline_seconds=whole_number(
            place.at("activeDeadlineSeconds"), spec, "activeDeadlineSeconds"
        ),
        settings=tuple(sorted(_SPEC_SETTINGS & spec.keys())),
    )
    _check_references(workflow)
    return workflow


def read_head(document: Object) -> Workflow:
    """Return the workflow without its templates: no workflow is refused."""
    spec = object_at(document, "spec")
    metadata = object_at(document, "metadata")
    return Workflow(
        name=str(metadata.get("name") or metadata.get("generateName") or "workflow").rstrip("-"),
        entrypoint=str(spec.get("entrypoint") or ""),
        templates={},
        arguments=_arguments(spec),
    )


def _templates(
    template: Object, name: str | None = None, holder: Holder | None = None
) -> Iterator[Template]:
    """Yield a template, and those written inline in its tasks.

    Args:
        template: The template.
        name: Of one that is inline.
        holder: The task that it is inline in.
    """
    name = str(template.get("name", "")) if name is None else name
    place = Place(name, "")
    for kind, problem in _OTHER_KINDS.items():
        if kind in template:
            raise place.at(kind).refuse(problem)
    if "dag" in template:
        for task in objects(object_at(template, "dag"), "tasks"):
            if "inline" in task:
                yield from _templates(task["inline"], _inline_name(name, task), read_holder(task))
        yield _dag_template(template, name, place, holder)
    elif "steps" in template:
        yield _steps_template(template, name, place)
    elif "container" in template:
        yield read_pod(template, name, place)
    else:
        raise place.at("dag").refuse("is missing; a template needs 'dag' or 'container'")


def _inline_name(template: str, task: Object) -> str:
    return f"{template}.{task.get('name')}"


def _dag_template(
    template: Object, name: str, place: Place, holder: Holder | None = None
) -> DagTemplate:
    place.refuse_unknown(template, _DAG_TEMPLATE)
    dag = object_at(template, "dag")
    here = place.at("dag")
    here.refuse_unknown(dag, _DAG)
    if dag.get("failFast") is not False:
        raise here.at("failFast").refuse("must be false; stopping at the first failure is not ours")
    tasks = tuple(
        _task(task, name, here.at(f"tasks.{task.get('name')}"), holder)
        for task in objects(dag, "tasks")
    )
    index = {task.name: position for position, task in enumerate(tasks)}
    upstream = tuple(
        tuple(
            _position(index, above, here.at(f"tasks.{task.name}.depends"))
            for above in (task.depends.tasks if task.depends is not None else ())
        )
        for task in tasks
    )
    target: str = dag.get("target") or ""
    if target:
        targets = tuple(_position(index, one, here.at("target")) for one in target.split())
    else:
        inner = {above for tasks_above in upstream for above in tasks_above}
        leaves = [task.name for task in tasks if index[task.name] not in inner]
        targets = tuple(index[leaf] for leaf in sorted(leaves))
    order = _order(upstream, targets, lambda at: here.at(f"tasks.{tasks[at].name}.depends"))
    downstream: list[list[int]] = [[] for _ in tasks]
    for position in order:
        for above in upstream[position]:
            downstream[above].append(position)
    return DagTemplate(
        name=name,
        inputs=inputs_of(template),
        tasks=tasks,
        targets=targets,
        outputs=tuple(_dag_outputs(template, place)),
        parallelism=whole_number(place.at("parallelism"), template, "parallelism"),
        retry=read_retry(template, place),
        index=index,
        upstream=upstream,
        downstream=tuple(map(tuple, downstream)),
        order=order,
    )


def _steps_template(template: Object, name: str, place: Place) -> DagTemplate:
    """Read a template of steps, which is a DAG whose tasks wait for all of the group before.

    Argo before 3.7 runs nothing but such a template when a workflow was stopped.
    """
    groups: Sequence[Sequence[Object]] = template["steps"]
    tasks: list[Object] = []
    before = ""
    for group in groups:
        if any("depends" in step for step in group):
            raise place.at("steps").refuse("has 'depends', which only tasks of a DAG have")
        tasks += [{**step, "depends": before} for step in group]
        done = [f"({step.get('name')}.Succeeded || {step.get('name')}.Skipped)" for step in group]
        before = " && ".join(done)
    rest = {key: value for key, value in template.items() if key != "steps"}
    dag = {"failFast": False, "tasks": tasks}
    return replace(_dag_template({**rest, "dag": dag}, name, place), tasks_are="steps")


def _task(task: Object, template: str, place: Place, holder: Holder | None) -> DagTask:
    place.refuse_unknown(task, _TASK)

    def tagged(value: object, field: str) -> str:
        text = str(value) if holder is None else holder.text(str(value), place.at(field))
        _check_tags(text, place.at(field))
        return text

    count: str | None = None
    if "withSequence" in task:
        sequence = object_at(task, "withSequence")
        place.at("withSequence").refuse_unknown(sequence, {"count"})
        count = tagged(sequence.get("count"), "withSequence.count")
        if "when" in task:
            # Argo expands such a task first and skips each item by itself.
            raise place.at("when").refuse("stands beside 'withSequence'; put the loop into a DAG")
    text = task.get("depends")
    arguments = objects(object_at(task, "arguments"), "parameters")
    return DagTask(
        name=str(task["name"]),
        template=_inline_name(template, task) if "inline" in task else str(task["template"]),
        depends=checked(depends, str(text), place.at("depends")) if text else None,
        when=None if task.get("when") is None else tagged(task["when"], "when"),
        arguments=tuple(
            (str(one["name"]), tagged(one["value"], str(one["name"]))) for one in arguments
        ),
        count=count,
    )


def _arguments(spec: Object) -> dict[str, str | None]:
    parameters = objects(object_at(spec, "arguments"), "parameters")
    return {
        str(one["name"]): None if one.get("value") is None else str(one["value"])
        for one in parameters
    }


def _dag_outputs(template: Object, place: Place) -> Iterator[Output]:
    for one in objects(object_at(template, "outputs"), "parameters"):
        here = place.at(f"outputs.{one.get('name')}")
        source = object_at(one, "valueFrom")
        here.refuse_unknown(source, {"expression", "default"})
        expression = str(source.get("expression", ""))
        checked(check, expression, here)
        yield Output(name=str(one["name"]), expression=expression, default=default_of(source))


def _check_tags(text: str, place: Place) -> None:
    """Refuse an expression in a tag before anything runs, not when its turn comes."""
    for expression in _EXPRESSION_TAG.findall(text):
        checked(check, expression, place)


def _position(index: Mapping[str, int], name: str, place: Place) -> int:
    if name not in index:
        raise place.refuse(f"names the task '{name}', which the DAG does not have")
    return index[name]


def _order(
    upstream: Sequence[Sequence[int]],
    targets: Sequence[int],
    place_of: Callable[[int], Place],
) -> tuple[int, ...]:
    """Return the targets and all above them, each behind what it waits for.

    Among those that may come next, the order of the file decides.
    """
    needed: set[int] = set()
    pending = list(targets)
    while pending:
        position = pending.pop()
        if position not in needed:
            needed.add(position)
            pending.extend(upstream[position])
    order: list[int] = []
    state: dict[int, bool] = {}
    for first in sorted(needed):
        stack = [first]
        while stack:
            position = stack[-1]
            if position in state:
                stack.pop()
                if not state[position]:
                    state[position] = True
                    order.append(position)
                continue
            state[position] = False
            for above in reversed(upstream[position]):
                if state.get(above) is False:
                    raise place_of(position).refuse("goes round in a circle")
                if above not in state:
                    stack.append(above)
    return tuple(order)


def _check_references(workflow: Workflow) -> None:
    for field, name in (("entrypoint", workflow.entrypoint), ("onExit", workflow.on_exit)):
        if name is not None and name not in workflow.templates:
            raise EngineRefusal("", f"spec.{field}", f"names no template: '{name}'")
    for template in workflow.templates.values():
        for task in template.tasks if isinstance(template, DagTemplate) else ():
            if task.template not in workflow.templates:
                raise EngineRefusal(
                    template.name,
                    f"dag.tasks.{task.name}.template",
                    f"names no template: '{task.template}'",
                )

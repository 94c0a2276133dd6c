"""Read a Workflow and refuse, by name, what this engine does not interpret.

The engine knows the subset that the compiler emits, and nothing is passed over in silence: a field
is interpreted, or known to mean nothing without Kubernetes (and then listed in ``settings``), or
refused before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from argosy_engine.refusal import EngineRefusal
from argosy_engine.retrying import parse_duration
from argosy_engine.workflow import (
    DagTask,
    DagTemplate,
    Output,
    PodTemplate,
    RetryStrategy,
    Template,
    Workflow,
)
from argosy_expressions.argo import check, depends
from argosy_expressions.errors import ExpressionError
from argosy_schemas.pod import DRIVER_CONTAINER, LAUNCHER_CONTAINER, SHARED_VOLUME

_Object: TypeAlias = Mapping[str, Any]

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
_POD_TEMPLATE = frozenset(
    {
        "name",
        "inputs",
        "outputs",
        "container",
        "initContainers",
        "sidecars",
        "retryStrategy",
        "activeDeadlineSeconds",
    }
)
_POD_SETTINGS = frozenset(
    {
        "affinity",
        "annotations",
        "automountServiceAccountToken",
        "metadata",
        "nodeSelector",
        "podSpecPatch",
        "securityContext",
        "serviceAccountName",
        "tolerations",
        "volumes",
    }
)
# Of every pod: what its containers share, and the directories that the SDK's paths begin with.
_OWN_VOLUMES = frozenset({SHARED_VOLUME, "scratch"})
_RETRY = frozenset({"limit", "retryPolicy", "expression", "backoff"})
_BACKOFF = frozenset({"duration", "factor"})
_OTHER_KINDS: Mapping[str, str] = {
    "resource": "creates or deletes a Kubernetes object, which needs a cluster",
    **{
        kind: "is a kind of template that this engine does not run"
        for kind in ("script", "suspend", "http", "plugin", "containerSet", "data")
    },
}

# As Argo finds them: from the first braces to the next closing ones.
_EXPRESSION_TAG = re.compile(r"\{\{=(.*?)\}\}", re.DOTALL)


def read_workflow(document: _Object) -> Workflow:
    """Return the workflow.

    Raises:
        EngineRefusal: It says something that this engine does not interpret.
    """
    spec = _object(document, "spec")
    place = _Place("", "spec")
    place.refuse_unknown(spec, _SPEC | _SPEC_SETTINGS | _SPEC_EMULATED)
    metadata = _object(document, "metadata")
    templates: dict[str, Template] = {}
    for template in _objects(spec, "templates"):
        for read in _templates(template):
            templates[read.name] = read
    workflow = Workflow(
        name=str(metadata.get("name") or metadata.get("generateName") or "workflow").rstrip("-"),
        entrypoint=str(spec.get("entrypoint") or ""),
        templates=templates,
        arguments=_arguments(spec),
        on_exit=None if spec.get("onExit") is None else str(spec["onExit"]),
        deadline_seconds=_whole(place.at("activeDeadlineSeconds"), spec, "activeDeadlineSeconds"),
        settings=tuple(sorted(_SPEC_SETTINGS & spec.keys())),
    )
    _check_references(workflow)
    return workflow


def _object(holder: _Object, name: str) -> _Object:
    value: _Object | None = holder.get(name)
    return {} if value is None else value


def _objects(holder: _Object, name: str) -> Sequence[_Object]:
    value: Sequence[_Object] | None = holder.get(name)
    return () if value is None else value


class _Place:
    """Where in the workflow something stands, for refusals."""

    def __init__(self, template: str, field: str) -> None:
        self.template = template
        self.field = field

    def at(self, name: str) -> _Place:
        return _Place(self.template, f"{self.field}.{name}" if self.field else name)

    def refuse(self, problem: str) -> EngineRefusal:
        return EngineRefusal(self.template, self.field, problem)

    def refuse_unknown(self, holder: _Object, known: Collection[str]) -> None:
        for name in sorted(holder.keys() - set(known)):
            raise self.at(name).refuse("is not interpreted by the embedded engine; remove it")


def _templates(template: _Object, name: str | None = None) -> Iterator[Template]:
    """Yield a template, and those written inline in its tasks."""
    name = str(template.get("name", "")) if name is None else name
    place = _Place(name, "")
    for kind, problem in _OTHER_KINDS.items():
        if kind in template:
            raise place.at(kind).refuse(problem)
    if "dag" in template:
        for task in _objects(_object(template, "dag"), "tasks"):
            if "inline" in task:
                yield from _templates(task["inline"], _inline_name(name, task))
        yield _dag_template(template, name, place)
    elif "steps" in template:
        yield _steps_template(template, name, place)
    elif "container" in template:
        yield _pod_template(template, name, place)
    else:
        raise place.at("dag").refuse("is missing; a template needs 'dag' or 'container'")


def _inline_name(template: str, task: _Object) -> str:
    return f"{template}.{task.get('name')}"


def _dag_template(template: _Object, name: str, place: _Place) -> DagTemplate:
    place.refuse_unknown(template, _DAG_TEMPLATE)
    dag = _object(template, "dag")
    here = place.at("dag")
    here.refuse_unknown(dag, _DAG)
    if dag.get("failFast") is not False:
        raise here.at("failFast").refuse("must be false; stopping at the first failure is not ours")
    tasks = tuple(
        _task(task, name, here.at(f"tasks.{task.get('name')}")) for task in _objects(dag, "tasks")
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
        inputs=_inputs(template),
        tasks=tasks,
        targets=targets,
        outputs=tuple(_dag_outputs(template, place)),
        parallelism=_whole(place.at("parallelism"), template, "parallelism"),
        retry=_retry(template, place),
        index=index,
        upstream=upstream,
        downstream=tuple(map(tuple, downstream)),
        order=order,
    )


def _steps_template(template: _Object, name: str, place: _Place) -> DagTemplate:
    """Read a template of steps that all begin at once, which is a DAG without dependencies.

    Argo before 3.7 runs nothing but such a template when a workflow was stopped.
    """
    groups: Sequence[Sequence[_Object]] = template["steps"]
    if len(groups) != 1:
        raise place.at("steps").refuse("must be one group; what has an order is a DAG")
    dag = {"failFast": False, "tasks": [dict(step) for step in groups[0]]}
    rest = {key: value for key, value in template.items() if key != "steps"}
    return _dag_template({**rest, "dag": dag}, name, place)


def _task(task: _Object, template: str, place: _Place) -> DagTask:
    place.refuse_unknown(task, _TASK)
    count: str | None = None
    if "withSequence" in task:
        sequence = _object(task, "withSequence")
        place.at("withSequence").refuse_unknown(sequence, {"count"})
        count = str(sequence.get("count"))
        if "when" in task:
            # Argo expands such a task first and skips each item by itself.
            raise place.at("when").refuse("stands beside 'withSequence'; put the loop into a DAG")
    text = task.get("depends")
    when = None if task.get("when") is None else str(task["when"])
    arguments = tuple(
        (str(argument["name"]), str(argument["value"]))
        for argument in _objects(_object(task, "arguments"), "parameters")
    )
    for name, tagged in (("when", when), ("withSequence.count", count), *arguments):
        _check_tags(tagged, place.at(name))
    return DagTask(
        name=str(task["name"]),
        template=_inline_name(template, task) if "inline" in task else str(task["template"]),
        depends=_checked(depends, str(text), place.at("depends")) if text else None,
        when=when,
        arguments=arguments,
        count=count,
    )


def _pod_template(template: _Object, name: str, place: _Place) -> PodTemplate:
    place.refuse_unknown(template, _POD_TEMPLATE | _POD_SETTINGS)
    initial = _objects(template, "initContainers")
    drivers = [one for one in initial if one.get("name") == DRIVER_CONTAINER]
    sidecars = _objects(template, "sidecars")
    launchers = [one for one in sidecars if one.get("name") == LAUNCHER_CONTAINER]
    decides = not drivers and not launchers
    driver = drivers[0] if drivers else _object(template, "container")
    deadline = template.get("activeDeadlineSeconds")
    return PodTemplate(
        name=name,
        inputs=_inputs(template),
        environment=tuple(
            (str(one["name"]), str(one["value"]))
            for one in _objects(driver, "env")
            if "value" in one
        ),
        image=str(_object(template, "container").get("image") or ""),
        outputs=tuple(_pod_outputs(template, place)),
        retry=_retry(template, place),
        deadline_seconds=None if deadline is None else str(deadline),
        decides=decides,
        settings=tuple(sorted(_settings(template, initial, sidecars))),
    )


def _settings(
    template: _Object, initial: Sequence[_Object], sidecars: Sequence[_Object]
) -> Iterator[str]:
    """Yield what the template asks of Kubernetes, in Kubernetes' words."""
    yield from _POD_SETTINGS & template.keys() - {"volumes"}
    container = _object(template, "container")
    yield from {"imagePullPolicy", "resources", "securityContext"} & container.keys()
    for volume in _objects(template, "volumes"):
        if volume.get("name") not in _OWN_VOLUMES:
            yield from (f"volumes.{kind}" for kind in volume.keys() - {"name"})
    for variable in _objects(container, "env"):
        yield from (f"env.{kind}" for kind in _object(variable, "valueFrom"))
    if len(initial) > 1:
        yield "initContainers"
    if len(sidecars) > 1:
        yield "sidecars"


def _inputs(template: _Object) -> dict[str, str | None]:
    parameters = _objects(_object(template, "inputs"), "parameters")
    return {
        str(one["name"]): None if one.get("default") is None else str(one["default"])
        for one in parameters
    }


def _arguments(spec: _Object) -> dict[str, str | None]:
    parameters = _objects(_object(spec, "arguments"), "parameters")
    return {
        str(one["name"]): None if one.get("value") is None else str(one["value"])
        for one in parameters
    }


def _dag_outputs(template: _Object, place: _Place) -> Iterator[Output]:
    for one in _objects(_object(template, "outputs"), "parameters"):
        here = place.at(f"outputs.{one.get('name')}")
        source = _object(one, "valueFrom")
        here.refuse_unknown(source, {"expression", "default"})
        expression = str(source.get("expression", ""))
        _checked(check, expression, here)
        yield Output(name=str(one["name"]), expression=expression, default=_default(source))


def _pod_outputs(template: _Object, place: _Place) -> Iterator[Output]:
    for one in _objects(_object(template, "outputs"), "parameters"):
        here = place.at(f"outputs.{one.get('name')}")
        source = _object(one, "valueFrom")
        here.refuse_unknown(source, {"path", "default"})
        yield Output(name=str(one["name"]), default=_default(source))


def _default(source: _Object) -> str | None:
    return None if source.get("default") is None else str(source["default"])


def _retry(template: _Object, place: _Place) -> RetryStrategy | None:
    strategy: _Object | None = template.get("retryStrategy")
    if strategy is None:
        return None
    here = place.at("retryStrategy")
    here.refuse_unknown(strategy, _RETRY)
    backoff = _object(strategy, "backoff")
    here.at("backoff").refuse_unknown(backoff, _BACKOFF)
    duration = None if backoff.get("duration") is None else str(backoff["duration"])
    if duration is not None and parse_duration(duration) is None:
        raise here.at("backoff.duration").refuse(f"is '{duration}', not a duration such as '5s'")
    factor = _whole(here.at("backoff.factor"), backoff, "factor")
    limit = _whole(here.at("limit"), strategy, "limit")
    expression = strategy.get("expression")
    if expression is not None:
        _checked(check, str(expression), here.at("expression"))
    policy = str(strategy.get("retryPolicy") or ("Always" if expression else "OnFailure"))
    if policy not in ("Always", "OnFailure", "OnError"):
        raise here.at("retryPolicy").refuse(f"is '{policy}'; use Always, OnFailure or OnError")
    return RetryStrategy(
        limit=None if limit is None else str(limit),
        policy=policy,
        expression=None if expression is None else str(expression),
        backoff=duration,
        factor=None if factor is None else str(factor),
    )


def _whole(place: _Place, holder: _Object, name: str) -> int | None:
    value = holder.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise place.refuse(f"is '{value}', not a whole number") from error


def _checked(parse: Callable[[str], Any], text: str, place: _Place) -> Any:
    try:
        return parse(text)
    except ExpressionError as error:
        raise place.refuse(f"cannot be evaluated here: {error}") from error


def _check_tags(text: str | None, place: _Place) -> None:
    """Refuse an expression in a tag before anything runs, not when its turn comes."""
    for expression in _EXPRESSION_TAG.findall(text or ""):
        _checked(check, expression, place)


def _position(index: Mapping[str, int], name: str, place: _Place) -> int:
    if name not in index:
        raise place.refuse(f"names the task '{name}', which the DAG does not have")
    return index[name]


def _order(
    upstream: Sequence[Sequence[int]],
    targets: Sequence[int],
    place_of: Callable[[int], _Place],
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

"""Check that a workflow has nothing but what the engine reads (``argosy_engine/workflow``).

The engine passes over no field in silence: one has a meaning there, or needs Kubernetes (and is
listed in ``settings``), or no workflow has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from argosy_expressions.argo import Depends, check, parse_depends
from argosy_schemas.pod import DRIVER_CONTAINER, LAUNCHER_CONTAINER
from workflow_fields import Field, Object, check_expressions, parse_expression

_DOCUMENT = frozenset({"apiVersion", "kind", "metadata", "spec"})
_METADATA = frozenset({"annotations", "generateName", "labels", "name"})
_SPEC = frozenset({"entrypoint", "onExit", "arguments", "templates", "activeDeadlineSeconds"})
_SPEC_SETTINGS = frozenset({"podMetadata", "serviceAccountName", "ttlStrategy"})
# Left out of what the engine compiles for itself.
_SPEC_ISOLATION = frozenset({"podSpecPatch", "securityContext"})
# The workspace is a local directory.
_SPEC_EMULATED = frozenset({"volumeClaimTemplates"})
_DAG_TEMPLATE = frozenset({"name", "inputs", "outputs", "dag", "parallelism"})
_DAG = frozenset({"tasks", "failFast", "target"})
_TASK = frozenset({"name", "template", "arguments", "depends", "when", "withSequence"})
_STEPS_TEMPLATE = frozenset({"name", "inputs", "steps"})
_STEP = frozenset({"name", "template", "arguments", "when"})
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
    {"affinity", "metadata", "nodeSelector", "podSpecPatch", "tolerations", "volumes"}
)
_CONTAINER_SETTINGS = frozenset({"imagePullPolicy", "resources", "securityContext"})
_MAIN = frozenset({"name", "image", "command", "env", "volumeMounts"})
_OURS = frozenset({"name", "image", "command", "env", "envFrom", "volumeMounts"})
# A driver alone in its pod is the main container, and may have a secret as other drivers do.
_DECIDER = frozenset({"envFrom"})
_VARIABLE = frozenset({"name", "value", "valueFrom"})
_RETRY = frozenset({"limit", "retryPolicy", "expression", "backoff"})
_BACKOFF = frozenset({"duration", "factor"})

_RESOURCE_TEMPLATE = frozenset({"name", "inputs", "podSpecPatch", "resource"})
_RESOURCE = frozenset({"action", "manifest", "flags"})
_CLAIM: Final = "PersistentVolumeClaim"


def check_forms(document: Object) -> None:
    """Check that the engine reads all of a workflow.

    Raises:
        FormError: It does not.
    """
    whole, field = Field("", ""), Field("", "spec")
    whole.refuse_unknown(document, _DOCUMENT)
    metadata = whole.get_object(document, "metadata")
    whole.at("metadata").refuse_unknown(metadata, _METADATA)
    spec = whole.get_object(document, "spec")
    field.refuse_unknown(spec, _SPEC | _SPEC_SETTINGS | _SPEC_EMULATED | _SPEC_ISOLATION)
    _check_parameters(spec, "arguments", field, "value")
    field.get_integer(spec, "activeDeadlineSeconds", least=1)
    used = {
        name: list(_check_template(template, Field(name, "")))
        for name, template in field.get_named(spec, "templates")
    }
    for member in ("entrypoint", "onExit"):
        name = field.get_optional_text(spec, member)
        if name is not None and name not in used:
            raise field.at(member).refuse(f"names template '{name}', which does not exist")
    field.get_text(spec, "entrypoint")
    for name, tasks in used.items():
        for task in tasks:
            if task["template"] not in used:
                raise Field(name, f"dag.tasks.{task['name']}.template").refuse(
                    f"names template '{task['template']}', which does not exist"
                )
    # A task that never runs may use any template, also the one that holds it.
    above = {
        name: [task["template"] for task in tasks if task.get("when") != "false"]
        for name, tasks in used.items()
    }
    _refuse_cycles(above, lambda name: Field(name, "dag.tasks"))


def _refuse_cycles(above: Mapping[str, Sequence[str]], field_of: Callable[[str], Field]) -> None:
    open_: set[str] = set()
    done: set[str] = set()
    for first in above:
        stack = [first]
        while stack:
            name = stack[-1]
            waiting = [one for one in above[name] if one not in done]
            if not waiting:
                done.add(stack.pop())
                open_.discard(name)
            elif waiting[0] in open_ or waiting[0] == name:
                raise field_of(name).refuse("is part of a cycle; remove one of its dependencies")
            else:
                open_.add(name)
                stack.append(waiting[0])


def _check_template(template: Object, field: Field) -> Iterable[Object]:
    """Check a template; return its tasks."""
    _check_parameters(template, "inputs", field, "default")
    if "dag" in template:
        return _check_dag(template, field)
    if "steps" in template:
        return _check_steps(template, field)
    if "container" in template:
        _check_pod(template, field)
    elif "resource" in template:
        _check_claim(template, field)
    else:
        raise field.at("dag").refuse("is missing; a template needs 'dag' or 'container'")
    return ()


def _check_dag(template: Object, field: Field) -> Sequence[Object]:
    field.refuse_unknown(template, _DAG_TEMPLATE)
    dag, here = field.get_object(template, "dag"), field.at("dag")
    here.refuse_unknown(dag, _DAG)
    if dag.get("failFast") is not False:
        raise here.at("failFast").refuse(
            "has to be false; the engine does not stop at the first failure"
        )
    _check_outputs(template, field, "expression")
    field.get_integer(template, "parallelism", least=1)
    tasks = dict(here.get_named(dag, "tasks"))
    above = {name: _check_task(task, here.at(f"tasks.{name}")) for name, task in tasks.items()}
    fields = {name: here.at(f"tasks.{name}.depends") for name in tasks}
    targets = (here.get_optional_text(dag, "target") or "").split()
    for names, at in [(targets, here.at("target")), *((above[n], fields[n]) for n in tasks)]:
        for name in names:
            if name not in tasks:
                raise at.refuse(f"names the task '{name}', which the DAG does not have")
    _refuse_cycles(above, fields.__getitem__)
    return list(tasks.values())


def _check_steps(template: Object, field: Field) -> Iterator[Object]:
    field.refuse_unknown(template, _STEPS_TEMPLATE)
    here = field.at("steps")
    for group in here.check_list(template["steps"]):
        for step in here.check_objects(group):
            where = here.at(str(step.get("name")))
            where.refuse_unknown(step, _STEP)
            _check_task(step, where)
            yield step


def _check_task(task: Object, field: Field) -> Sequence[str]:
    """Check a task; return the names of those that it depends on."""
    field.refuse_unknown(task, _TASK)
    field.get_text(task, "template")
    for name, value in _check_parameters(task, "arguments", field, "value"):
        if value is None:
            raise field.at("arguments").at(name).at("value").refuse("is missing; give it a text")
        check_expressions(value, field.at(name))
    if "withSequence" in task:
        sequence, here = field.get_object(task, "withSequence"), field.at("withSequence")
        here.refuse_unknown(sequence, {"count"})
        check_expressions(here.get_text(sequence, "count"), here.at("count"))
        if "when" in task:
            # Argo expands such a task first and evaluates 'when' for each item.
            raise field.at("when").refuse("stands beside 'withSequence'; put the loop into a DAG")
    check_expressions(field.get_optional_text(task, "when") or "", field.at("when"))
    text = field.get_optional_text(task, "depends")
    if not text:
        return ()
    depends: Depends = parse_expression(parse_depends, text, field.at("depends"))
    return tuple(depends.tasks)


# Pods.


def _check_pod(template: Object, field: Field) -> None:
    field.refuse_unknown(template, _POD_TEMPLATE | _POD_SETTINGS)
    main, here = field.get_object(template, "container"), field.at("container")
    others = field.get_objects(template, "initContainers")
    sidecars = field.get_objects(template, "sidecars")
    decides = not others and not sidecars
    here.refuse_unknown(main, _MAIN | _CONTAINER_SETTINGS | (_DECIDER if decides else set[str]()))
    here.get_optional_text(main, "image")
    if decides:
        _check_environment(main, here)
    else:
        _check_own(field, "initContainers", others, DRIVER_CONTAINER)
        _check_own(field, "sidecars", sidecars, LAUNCHER_CONTAINER)
        if len(sidecars) > 1:
            raise field.at("sidecars").refuse(
                f"has to hold '{LAUNCHER_CONTAINER}' alone; compile again"
            )
    field.get_integer(template, "activeDeadlineSeconds", least=1)
    _check_outputs(template, field, "path")
    if "retryStrategy" in template:
        _check_retry(field.get_object(template, "retryStrategy"), field.at("retryStrategy"))


def _check_own(field: Field, group: str, containers: Sequence[Object], name: str) -> None:
    if not containers or containers[0].get("name") != name:
        raise field.at(group).refuse(f"has to begin with '{name}'; compile again")
    here = field.at(group).at(name)
    here.refuse_unknown(containers[0], _OURS)
    _check_environment(containers[0], here)


def _check_environment(container: Object, field: Field) -> None:
    here = field.at("env")
    for name, one in field.get_named(container, "env"):
        here.at(name).refuse_unknown(one, _VARIABLE)
        if "valueFrom" not in one:
            check_expressions(here.at(name).get_text(one, "value"), here.at(name))


def _check_retry(strategy: Object, field: Field) -> None:
    field.refuse_unknown(strategy, _RETRY)
    backoff, here = field.get_object(strategy, "backoff"), field.at("backoff")
    here.refuse_unknown(backoff, _BACKOFF)
    duration = here.get_optional_text(backoff, "duration") or "0"
    if not duration.removesuffix("s").isdecimal():
        raise here.at("duration").refuse(f"is '{duration}', not a number of seconds")
    here.get_integer(backoff, "factor", least=1)
    if field.get_integer(strategy, "limit", least=0) is None:
        raise field.at("limit").refuse("is missing; say how many attempts may follow")
    expression = field.get_optional_text(strategy, "expression")
    if expression is not None:
        parse_expression(check, expression, field.at("expression"))
    policy = field.get_text(strategy, "retryPolicy")
    if policy != "Always":
        raise field.at("retryPolicy").refuse(f"is '{policy}'; use Always")


def _check_claim(template: Object, field: Field) -> None:
    field.refuse_unknown(template, _RESOURCE_TEMPLATE)
    resource, here = field.get_object(template, "resource"), field.at("resource")
    here.refuse_unknown(resource, _RESOURCE)
    name = _get_claim(resource)
    if name is None:
        raise here.refuse("does something else than create or delete a volume claim")
    check_expressions(name, here)


def _get_claim(resource: Object) -> str | None:
    if resource.get("action") == "create":
        try:
            manifest = json.loads(resource.get("manifest") or "")
            return str(manifest["metadata"]["name"]) if manifest["kind"] == _CLAIM else None
        except (ValueError, KeyError, TypeError):
            return None
    flags = [*map(str, resource.get("flags") or ()), ""]
    # Only kubectl waits for the end of a claim.
    known = resource.get("action") == "delete" and flags[1:] in ([""], ["--wait=false", ""])
    kind, _, name = flags[0].partition("/")
    return name if known and kind == _CLAIM.lower() and name else None


# Parameters.


def _check_outputs(template: Object, field: Field, source: str) -> None:
    group = field.at("outputs")
    outputs = field.get_object(template, "outputs")
    group.refuse_unknown(outputs, {"parameters"})
    for name, one in group.get_named(outputs, "parameters"):
        here = group.at(name)
        here.refuse_unknown(one, {"name", "valueFrom"})
        value = here.get_object(one, "valueFrom")
        here.refuse_unknown(value, {source, "default"})
        text = here.get_text(value, source)
        here.get_optional_text(value, "default")
        if source == "expression":
            parse_expression(check, text, here)


def _check_parameters(
    holder: Object, group: str, field: Field, member: str
) -> Sequence[tuple[str, str | None]]:
    """Check the parameters of a group, whose only other member than the name is ``member``."""
    value, here = field.get_object(holder, group), field.at(group)
    here.refuse_unknown(value, {"parameters"})
    found: list[tuple[str, str | None]] = []
    for name, one in here.get_named(value, "parameters"):
        here.at(name).refuse_unknown(one, {"name", member})
        found.append((name, here.at(name).get_optional_text(one, member)))
    return found

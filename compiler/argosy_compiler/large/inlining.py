"""Write DAG templates inline in the tasks that use them, where the CRDs do not count them.

What is inline is resolved one DAG further out than where it stands, so its tags are deferred
(:mod:`argosy_expressions.argo.deferred`). Texts grow with each level of that, so of what may be
inline and need not, nothing becomes so that holds another DAG inline itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from argosy_compiler.argo.names import Names
from argosy_compiler.argo.template_names import MET_TEMPLATE
from argosy_compiler.large.dividing import MET
from argosy_compiler.large.template_uses import levels, tasks_of, used_by
from argosy_compiler.plan import Template
from argosy_expressions.argo.deferred import deferred
from argosy_schemas.pod import PATH_INPUT
from argosy_schemas.values import with_texts

_GATE = "ready"
_FAN_OUT = "withSequence"


def inlined(
    templates: Sequence[Template], *, max_templates: int, max_tasks: int
) -> tuple[Template, ...]:
    """Return the templates that stay, in their order, with the others inline in them.

    Args:
        templates: All of a workflow.
        max_templates: How many there may be. No more become inline than that takes; where that does
            not suffice, there are more.
        max_tasks: How many tasks a DAG may have that is not inline.
    """
    chosen = _chosen(templates, max_templates, max_tasks)
    inner = {str(one["name"]): one for one in templates if one["name"] in chosen}
    result = [_holding(one, inner) for one in templates if one["name"] not in chosen]
    is_there = any(one["name"] == MET_TEMPLATE for one in result)
    if not is_there and any(MET_TEMPLATE in used_by(one) for one in result):
        result.append(MET)
    return tuple(result)


def _chosen(templates: Sequence[Template], max_templates: int, max_tasks: int) -> frozenset[str]:
    """Return the names of the templates to write inline, those first that use no others."""
    users: dict[str, list[Template]] = defaultdict(list)
    for template in templates:
        for name in used_by(template):
            users[name].append(template)
    large = {str(one["name"]) for one in templates if _size(one) > max_tasks}
    has_met = any(one["name"] == MET_TEMPLATE for one in templates)
    left = len(templates) - len(large)
    if large or left > max_templates:
        left += not has_met
    chosen: set[str] = set()
    holders: set[str] = set()
    for template in (one for level in levels(templates) for one in level):
        name = str(template["name"])
        if name not in large:
            if left <= max_templates or name in holders or len(users[name]) != 1:
                continue
            (user,) = users[name]
            has_room = user["name"] in large or _size(user) < max_tasks
            if not has_room or not _is_able(template, user):
                continue
            left -= 1
        chosen.add(name)
        holders |= {str(user["name"]) for user in users[name]}
    return frozenset(chosen)


def _size(template: Template) -> int:
    return len(template.get("dag", {}).get("tasks", ()))


def _is_able(template: Template, user: Template) -> bool:
    """Return whether a template may be inline in a task of the only one that uses it."""
    # Argo does not find the limit of a DAG without a name.
    return "dag" in template and "dag" in user and "parallelism" not in template


def _holding(template: Template, inner: Mapping[str, Template]) -> Template:
    """Return a template that holds inline what its tasks use of ``inner``."""
    if "dag" not in template:
        return template
    names = Names(str(task["name"]) for task in tasks_of(template))
    gate = names.new(_GATE)
    tasks = list(_tasks(template, inner, gate))
    if any(gate in _awaited(task) for task in tasks):
        tasks.insert(0, _gate_task(gate, template))
    return {**template, "dag": {**template["dag"], "tasks": tasks}}


def _tasks(template: Template, inner: Mapping[str, Template], gate: str) -> Iterator[Template]:
    for task in tasks_of(template):
        body = inner.get(task["template"])
        yield task if body is None else _holder(task, _holding(body, inner), gate)


def _holder(task: Template, inner: Template, gate: str) -> Template:
    """Return a task with what it uses inline, which begins when ``gate`` has succeeded.

    A loop needs no gate: it is resolved in each iteration once more.
    """
    handed_on = frozenset(
        one["name"]
        for one in task.get("arguments", {}).get("parameters", ())
        if one["value"] == f"{{{{inputs.parameters.{one['name']}}}}}"
    )
    is_loop = _FAN_OUT in task
    waits_for = None if is_loop else gate
    dag = with_texts(inner["dag"], lambda text: deferred(text, waits_for, handed_on=handed_on))
    body = {key: value for key, value in inner.items() if key != "name"}
    rest = {key: value for key, value in task.items() if key != "template"}
    held = {"name": task["name"], "inline": {**body, "dag": dag}, **rest}
    if is_loop:
        return held
    conditions = (f"{gate}.Succeeded", task.get("depends"))
    return {**held, "depends": " && ".join(one for one in conditions if one)}


def _awaited(task: Template) -> list[str]:
    return [term.removesuffix(".Succeeded") for term in task.get("depends", "").split(" && ")]


def _gate_task(name: str, template: Template) -> Template:
    """Return a task that succeeds at once in the DAG of ``template``, and is no task there."""
    inputs = template.get("inputs", {}).get("parameters", ())
    has_path = any(one["name"] == PATH_INPUT for one in inputs)
    path = f"{{{{inputs.parameters.{PATH_INPUT}}}}}" if has_path else ""
    return {
        "name": name,
        "template": MET_TEMPLATE,
        "arguments": {"parameters": [{"name": PATH_INPUT, "value": path}]},
    }

"""Read a workflow into immutable values.

The engine runs what the compiler made, and nothing else. So nothing is checked here: tests hold the
compiler to the forms that are read, and to the Kubernetes settings that are listed
(``tests/workflow_forms.py``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from argosy_engine.workflow.model import DagTask, DagTemplate, Output, Template, Workflow
from argosy_engine.workflow.ordering import find_leaves, order_dag
from argosy_engine.workflow.pods import Object, read_claim, read_parameters, read_pod
from argosy_expressions.argo import parse_depends

_SETTINGS: Final = frozenset({"serviceAccountName", "ttlStrategy"})


def read_workflow(document: Object) -> Workflow:
    """Return a workflow as immutable values."""
    metadata, spec = document.get("metadata", {}), document["spec"]
    name = metadata.get("name") or metadata.get("generateName") or "workflow"
    return Workflow(
        name=name.rstrip("-"),
        entrypoint=spec["entrypoint"],
        templates={template["name"]: _read_template(template) for template in spec["templates"]},
        arguments=read_parameters(spec, "arguments", "value"),
        on_exit=spec.get("onExit"),
        deadline_seconds=spec.get("activeDeadlineSeconds"),
        settings=tuple(sorted(_SETTINGS & spec.keys())),
    )


def _read_template(template: Object) -> Template:
    if "dag" in template:
        return _read_dag(template)
    if "steps" in template:
        return _read_steps(template)
    return read_claim(template) if "resource" in template else read_pod(template)


def _read_dag(template: Object) -> DagTemplate:
    dag = template["dag"]
    tasks = tuple(map(_read_task, dag["tasks"]))
    index = {task.name: position for position, task in enumerate(tasks)}
    upstream = tuple(
        () if task.depends is None else tuple(index[name] for name in task.depends.tasks)
        for task in tasks
    )
    target: str = dag.get("target", "")
    targets = tuple(index[name] for name in target.split()) or find_leaves(tasks, upstream)
    order = order_dag(upstream, targets)
    downstream: list[list[int]] = [[] for _ in tasks]
    for position in order:
        for above in upstream[position]:
            downstream[above].append(position)
    return DagTemplate(
        name=template["name"],
        inputs=read_parameters(template, "inputs", "default"),
        tasks=tasks,
        targets=targets,
        outputs=tuple(
            Output(name=name, expression=source["expression"], default=source.get("default"))
            for name, source in read_parameters(template, "outputs", "valueFrom").items()
        ),
        parallelism=template.get("parallelism"),
        index=index,
        upstream=upstream,
        downstream=tuple(map(tuple, downstream)),
        order=order,
    )


def _read_steps(template: Object) -> DagTemplate:
    """Read a template of steps as a DAG whose tasks wait for the whole group before them.

    Before 3.7, Argo runs an exit template after a stop only if it has steps.
    """
    tasks: list[Object] = []
    before = ""
    for group in template["steps"]:
        tasks += [{**step, "depends": before} for step in group]
        done = [f"({step['name']}.Succeeded || {step['name']}.Skipped)" for step in group]
        before = " && ".join(done)
    return replace(_read_dag({**template, "dag": {"tasks": tasks}}), tasks_are="steps")


def _read_task(task: Object) -> DagTask:
    depends: str = task.get("depends", "")
    return DagTask(
        name=task["name"],
        template=task["template"],
        depends=parse_depends(depends) if depends else None,
        when=task.get("when"),
        arguments=tuple(read_parameters(task, "arguments", "value").items()),
        count=task["withSequence"]["count"] if "withSequence" in task else None,
    )

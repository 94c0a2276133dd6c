"""Write the DAG templates, and the pod templates that their tasks share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from argosy_compiler.argo.expressions import (
    COUNT_INPUT,
    HANDED_DOWN,
    INDEX_INPUT,
    control_object,
    ended,
    is_there,
    member,
    published_by,
    tag,
)
from argosy_compiler.argo.names import Names, task_name
from argosy_compiler.decisions.dependencies import dependencies, targets
from argosy_compiler.decisions.loop_counts import checked_count
from argosy_compiler.passes.enumerate_uses import inherited, use_of
from argosy_compiler.plan import ControlFlow, Plan, Template, Use
from argosy_compiler.pods.templates import PodTemplates
from argosy_expressions.terms import quote
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Task, TriggerStrategy
from argosy_schemas.pod import CONTROL, PATH_INPUT, TASK_INPUT, UPSTREAM_INPUT, UPSTREAM_OUTER

_READS = re.compile(
    r"sprig\.b64dec\((tasks\['[^']+'\]\.outputs\.parameters\.control"
    r"|inputs\.parameters\.control)\)"
)


def arrange_dags(plan: Plan) -> Plan:
    """Return the plan with the templates of the workflow, the root first."""
    names = Names(plan.uses.values())
    pods = PodTemplates(plan, names)
    dags: list[Template] = []
    for use, name in plan.uses.items():
        dags += _Dag(plan, use, name, pods, names).templates()
    return replace(plan, templates=(*dags, *pods.templates()))


class _Dag:
    """One DAG template, with the templates of the loops in it."""

    def __init__(
        self, plan: Plan, use: Use, name: str, pods: PodTemplates, template_names: Names
    ) -> None:
        self._plan = plan
        self._use = use
        self._name = name
        self._pods = pods
        self._template_names = template_names
        self._dag = plan.structure.dag(use.component)
        self._dependencies = dependencies(plan.structure, use.component)
        self._loops: list[Template] = []

    def templates(self) -> Iterator[Template]:
        tasks = [
            written
            for task in self._dag.tasks.values()
            if not self._plan.structure.is_importer(task)
            for written in self._tasks(task)
        ]
        dag: dict[str, Any] = {"failFast": False, "tasks": tasks}
        followed = targets(self._plan.structure, self._use.component)
        if followed:
            dag["target"] = " ".join(task_name(key) for key in followed)
        template: dict[str, Any] = {"name": self._name}
        names = self._inputs()
        if names:
            template["inputs"] = {"parameters": [{"name": name} for name in names]}
        template["dag"] = dag
        given = self._plan.given.get(self._use.component)
        if given:
            template["outputs"] = {
                "parameters": [
                    {
                        "name": CONTROL,
                        "valueFrom": {"expression": control_object(given), "default": ""},
                    }
                ]
            }
        yield template
        yield from self._loops

    def _inputs(self) -> list[str]:
        if self._use.component == ROOT:
            return []
        names = [PATH_INPUT]
        if self._receives(self._use.component):
            names.append(CONTROL)
        if self._use.component in self._plan.indexed:
            names.append(INDEX_INPUT)
        if self._use.upstream:
            names.append(UPSTREAM_INPUT)
        return names

    def _receives(self, component: str) -> bool:
        return any(
            self._plan.handed_down.get((parent, task.key))
            for parent, task in self._plan.structure.users[component]
        )

    def _tasks(self, task: Task) -> Iterator[dict[str, Any]]:
        decision = self._plan.decisions.get((self._use.component, task.key), ControlFlow())
        depends = self._depends(task)
        condition, count = decision.condition, decision.count
        if decision.pod is not None:
            decider = task_name(f"{task.key}-decide")
            if f"{task.key}-decide" in self._dag.tasks:
                decider = task_name(f"{task.key}/decide")  # which is no key of a task
            pod = self._pods.decider()
            yield self._task(decider, pod, depends, None, self._pod_values(task))
            depends = f"{decider}.Succeeded"
            control = published_by(decider)
            if task.condition is not None:
                condition = f"{member(control, 'condition')} == true"
            if task.iterator is not None:
                count = member(control, "length")
        values = self._values(task, count)
        yield self._task(
            task_name(task.key), self._template(task, count), depends, condition, values
        )

    def _task(
        self,
        name: str,
        template: str,
        depends: str,
        condition: str | None,
        values: dict[str, str],
    ) -> dict[str, Any]:
        reads = dict.fromkeys(read for text in values.values() for read in _READS.findall(text))
        guards = [is_there(read) for read in reads]
        if condition is not None:
            guards.append(f"({condition})" if guards else condition)
        written: dict[str, Any] = {"name": name, "template": template}
        if values:
            written["arguments"] = {
                "parameters": [{"name": key, "value": value} for key, value in values.items()]
            }
        if depends:
            written["depends"] = depends
        if guards:
            written["when"] = tag(" && ".join(guards))
        return written

    def _depends(self, task: Task) -> str:
        awaited = self._dependencies[task.key]
        required = [f"{task_name(key)}.Succeeded" for key in awaited.requires]
        return " && ".join([*required, *(ended(task_name(key)) for key in awaited.follows)])

    def _path(self, suffix: str) -> str:
        if self._use.component == ROOT:
            return suffix
        return f"{{{{inputs.parameters.{PATH_INPUT}}}}}{suffix}"

    def _template(self, task: Task, count: str | int | None) -> str:
        component = self._plan.structure.used(task)
        if component.dag is not None:
            inner = use_of(self._use, task)
            return self._plan.uses[inner] if count is None else self._loop(task, inner, count)
        action = self._plan.structure.claim_action(task)
        if action is not None:
            return self._pods.claim(self._use.component, task, action)
        return self._pods.step(self._use.component, task, retry=inherited(self._use, task))

    def _values(self, task: Task, count: str | int | None) -> dict[str, str]:
        if self._plan.structure.used(task).dag is None:
            fields = self._plan.pods[(self._use.component, task.key)]
            opened = {name: tag(expression) for name, expression in fields.arguments.items()}
            if self._plan.structure.claim_action(task) is not None:
                return opened
            return self._pod_values(task) | opened
        values = {PATH_INPUT: self._path(f"{task.key}/")}
        handed_down = self._plan.handed_down.get((self._use.component, task.key))
        if handed_down:
            values[CONTROL] = tag(control_object(handed_down))
        if isinstance(count, str):
            # What came as JSON is a float, which Argo 3.5 may write with an exponent.
            values[COUNT_INPUT] = tag(count if count.startswith("len(") else f"int({count})")
        return values | self._upstream(task)

    def _pod_values(self, task: Task) -> dict[str, str]:
        return {TASK_INPUT: self._path(task.key)} | self._upstream(task)

    def _upstream(self, task: Task) -> dict[str, str]:
        if task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED:
            statuses = {
                key: f"tasks[{quote(task_name(key))}].status"
                for key in self._dependencies[task.key].tasks
            }
            if self._use.upstream:
                statuses[UPSTREAM_OUTER] = f"inputs.parameters.{UPSTREAM_INPUT}"
            return {UPSTREAM_INPUT: tag(control_object(statuses))}
        if self._use.upstream:
            return {UPSTREAM_INPUT: f"{{{{inputs.parameters.{UPSTREAM_INPUT}}}}}"}
        return {}

    def _open_count(self, task: Task, inner: Use) -> str:
        """Return the count of a loop over values of the run, with its limit if there is one."""
        max_nodes = self._plan.options.max_nodes
        if max_nodes is None:
            return f"{{{{inputs.parameters.{COUNT_INPUT}}}}}"
        return checked_count(
            task.key,
            body_nodes=self._plan.node_counts[inner].nodes,
            max_nodes=max_nodes,
            carries_control=self._receives(task.component),
        )

    def _loop(self, task: Task, inner: Use, count: str | int) -> str:
        """Write the template of a loop: its body, once per item."""
        assert task.iterator is not None
        body = self._plan.uses[inner]
        name = self._template_names.new(f"loop-{self._name}-{task_name(task.key)}")
        names = [PATH_INPUT]
        values = {PATH_INPUT: f"{{{{inputs.parameters.{PATH_INPUT}}}}}{{{{item}}}}/"}
        if self._receives(task.component):
            names.append(CONTROL)
            values[CONTROL] = f"{{{{{HANDED_DOWN}}}}}"
        if task.component in self._plan.indexed:
            values[INDEX_INPUT] = "{{item}}"
        if inner.upstream:
            names.append(UPSTREAM_INPUT)
            values[UPSTREAM_INPUT] = f"{{{{inputs.parameters.{UPSTREAM_INPUT}}}}}"
        if isinstance(count, str):
            names.append(COUNT_INPUT)
        template: dict[str, Any] = {
            "name": name,
            "inputs": {"parameters": [{"name": one} for one in names]},
            "dag": {
                "failFast": False,
                "tasks": [
                    {
                        "name": "iteration",
                        "template": body,
                        "arguments": {
                            "parameters": [
                                {"name": key, "value": value} for key, value in values.items()
                            ]
                        },
                        "withSequence": {
                            "count": str(count)
                            if isinstance(count, int)
                            else self._open_count(task, inner)
                        },
                    }
                ],
            },
        }
        if task.iterator.parallelism:
            template["parallelism"] = task.iterator.parallelism
        self._loops.append(template)
        return name

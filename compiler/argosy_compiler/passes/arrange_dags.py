"""Write the DAG templates, and the pod templates that their tasks share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from argosy_compiler.argo.expressions import (
    CONTROL_INPUT,
    COUNT_INPUT,
    INDEX_INPUT,
    get_control_value,
    make_arrival_check,
    make_control_text,
    make_tag,
    read_control,
    wait_for_end,
)
from argosy_compiler.argo.names import Names, make_task_name
from argosy_compiler.argo.stand_ins import make_stand_in, make_stand_in_template
from argosy_compiler.compilation import Compilation, ControlFlow, DagVariant, Template
from argosy_compiler.control_flow.dependencies import find_targets, resolve_dependencies
from argosy_compiler.control_flow.loop_counts import make_count_tag
from argosy_compiler.passes.list_dag_variants import get_retry_policy, get_variant
from argosy_compiler.pods.templates import PodTemplates
from argosy_expressions.terms import quote
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Task, TriggerStrategy
from argosy_schemas.pod import CONTROL, PATH_INPUT, TASK_INPUT, UPSTREAM_INPUT, UPSTREAM_OUTER

_READS = re.compile(
    r"sprig\.b64dec\((tasks\['[^']+'\]\.outputs\.parameters\.control"
    r"|inputs\.parameters\.control)\)"
)


def arrange_dags(compilation: Compilation) -> Compilation:
    """Return the compilation with the templates of the workflow, the root first."""
    names = Names(compilation.dag_variants.values())
    pods = PodTemplates(compilation, names)
    dags: list[Template] = []
    has_stand_in = False
    for variant, name in compilation.dag_variants.items():
        dag = _Dag(compilation, variant, name, pods, names)
        dags += dag.write()
        has_stand_in = has_stand_in or dag.has_stand_in
    if has_stand_in:
        dags.append(make_stand_in_template())
    return replace(compilation, templates=(*dags, *pods.list_templates()))


class _Dag:
    """One DAG template, with the templates of the loops in it."""

    def __init__(
        self,
        compilation: Compilation,
        variant: DagVariant,
        name: str,
        pods: PodTemplates,
        template_names: Names,
    ) -> None:
        self._compilation = compilation
        self._variant = variant
        self._name = name
        self._pods = pods
        self._template_names = template_names
        self._dag = compilation.structure.dag(variant.component)
        self._dependencies = resolve_dependencies(compilation.structure, variant.component)
        self._loops: list[Template] = []
        self.has_stand_in = False
        """Whether the DAG has none but importers and known tasks, which need no pod."""

    def write(self) -> Iterator[Template]:
        tasks = [
            written
            for task in self._compilation.structure.tasks_with_nodes(self._variant.component)
            for written in self._write_tasks(task)
        ]
        if not tasks:
            self.has_stand_in = True
            tasks = [make_stand_in("nothing", self._write_path(""))]
        dag: dict[str, Any] = {"failFast": False, "tasks": tasks}
        followed = find_targets(self._compilation.structure, self._variant.component)
        if followed:
            dag["target"] = " ".join(make_task_name(key) for key in followed)
        template: dict[str, Any] = {"name": self._name}
        names = self._list_inputs()
        if names:
            template["inputs"] = {"parameters": [{"name": name} for name in names]}
        template["dag"] = dag
        given = self._compilation.control_outputs.get(self._variant.component)
        if given:
            template["outputs"] = {
                "parameters": [
                    {
                        "name": CONTROL,
                        "valueFrom": {"expression": make_control_text(given), "default": ""},
                    }
                ]
            }
        yield template
        yield from self._loops

    def _list_inputs(self) -> list[str]:
        if self._variant.component == ROOT:
            return []
        names = [PATH_INPUT]
        if self._receives_control(self._variant.component):
            names.append(CONTROL)
        if self._variant.component in self._compilation.indexed_bodies:
            names.append(INDEX_INPUT)
        if self._variant.upstream:
            names.append(UPSTREAM_INPUT)
        return names

    def _receives_control(self, component: str) -> bool:
        return any(
            self._compilation.control_arguments.get((parent, task.key))
            for parent, task in self._compilation.structure.users[component]
        )

    def _write_tasks(self, task: Task) -> Iterator[dict[str, Any]]:
        flow = self._compilation.control_flows.get(
            (self._variant.component, task.key), ControlFlow()
        )
        depends = self._write_depends(task)
        condition, count = flow.condition, flow.count
        if flow.pod is not None:
            decider = make_task_name(f"{task.key}-decide")
            if f"{task.key}-decide" in self._dag.tasks:
                decider = make_task_name(f"{task.key}/decide")  # no task has such a key
            pod = self._pods.find_deciding_template()
            yield self._write_task(decider, pod, depends, None, self._write_pod_arguments(task))
            depends = f"{decider}.Succeeded"
            control = read_control(decider)
            if task.condition is not None:
                condition = f"{get_control_value(control, 'condition')} == true"
            if task.iterator is not None:
                count = get_control_value(control, "length")
        values = self._write_arguments(task, count)
        yield self._write_task(
            make_task_name(task.key), self._find_template(task, count), depends, condition, values
        )

    def _write_task(
        self,
        name: str,
        template: str,
        depends: str,
        condition: str | None,
        values: dict[str, str],
    ) -> dict[str, Any]:
        reads = dict.fromkeys(read for text in values.values() for read in _READS.findall(text))
        guards = [make_arrival_check(read) for read in reads]
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
            written["when"] = make_tag(" && ".join(guards))
        return written

    def _write_depends(self, task: Task) -> str:
        awaited = self._dependencies[task.key]
        required = [f"{make_task_name(key)}.Succeeded" for key in awaited.requires]
        return " && ".join(
            [*required, *(wait_for_end(make_task_name(key)) for key in awaited.follows)]
        )

    def _write_path(self, suffix: str) -> str:
        if self._variant.component == ROOT:
            return suffix
        return f"{{{{inputs.parameters.{PATH_INPUT}}}}}{suffix}"

    def _find_template(self, task: Task, count: str | int | None) -> str:
        component = self._compilation.structure.component_of(task)
        if component.dag is not None:
            inner = get_variant(self._variant, task)
            return (
                self._compilation.dag_variants[inner]
                if count is None
                else self._write_loop(task, inner, count)
            )
        action = self._compilation.structure.claim_action(task)
        if action is not None:
            return self._pods.find_claim_template(self._variant.component, task, action)
        return self._pods.find_step_template(
            self._variant.component, task, retry=get_retry_policy(self._variant, task)
        )

    def _write_arguments(self, task: Task, count: str | int | None) -> dict[str, str]:
        if self._compilation.structure.component_of(task).dag is None:
            fields = self._compilation.pods[(self._variant.component, task.key)]
            opened = {name: make_tag(expression) for name, expression in fields.arguments.items()}
            if self._compilation.structure.claim_action(task) is not None:
                return opened
            return self._write_pod_arguments(task) | opened
        values = {PATH_INPUT: self._write_path(f"{task.key}/")}
        arguments = self._compilation.control_arguments.get((self._variant.component, task.key))
        if arguments:
            values[CONTROL] = make_tag(make_control_text(arguments))
        if isinstance(count, str):
            # A number from JSON is a float, which Argo 3.5 may write with an exponent.
            values[COUNT_INPUT] = make_tag(count if count.startswith("len(") else f"int({count})")
        return values | self._write_upstream(task)

    def _write_pod_arguments(self, task: Task) -> dict[str, str]:
        return {TASK_INPUT: self._write_path(task.key)} | self._write_upstream(task)

    def _write_upstream(self, task: Task) -> dict[str, str]:
        if task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED:
            awaited = self._dependencies[task.key]
            statuses = {key: quote(phase) for key, phase in awaited.known.items()}
            for key in awaited.tasks:
                statuses[key] = f"tasks[{quote(make_task_name(key))}].status"
            if self._variant.upstream:
                statuses[UPSTREAM_OUTER] = f"inputs.parameters.{UPSTREAM_INPUT}"
            return {UPSTREAM_INPUT: make_tag(make_control_text(statuses))}
        if self._variant.upstream:
            return {UPSTREAM_INPUT: f"{{{{inputs.parameters.{UPSTREAM_INPUT}}}}}"}
        return {}

    def _write_count(self, task: Task, inner: DagVariant) -> str:
        """Return the count of a loop over values of the run, with its limit if there is one."""
        max_nodes = self._compilation.options.max_nodes
        if max_nodes is None:
            return f"{{{{inputs.parameters.{COUNT_INPUT}}}}}"
        return make_count_tag(
            task.key,
            body_nodes=self._compilation.node_counts[inner].nodes,
            max_nodes=max_nodes,
            carries_control=self._receives_control(task.component),
        )

    def _write_loop(self, task: Task, inner: DagVariant, count: str | int) -> str:
        """Write the template of a loop: its body, once per item."""
        assert task.iterator is not None
        body = self._compilation.dag_variants[inner]
        name = self._template_names.new(f"loop-{self._name}-{make_task_name(task.key)}")
        names = [PATH_INPUT]
        values = {PATH_INPUT: f"{{{{inputs.parameters.{PATH_INPUT}}}}}{{{{item}}}}/"}
        if self._receives_control(task.component):
            names.append(CONTROL)
            values[CONTROL] = f"{{{{{CONTROL_INPUT}}}}}"
        if task.component in self._compilation.indexed_bodies:
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
                            else self._write_count(task, inner)
                        },
                    }
                ],
            },
        }
        if task.iterator.parallelism:
            template["parallelism"] = task.iterator.parallelism
        self._loops.append(template)
        return name

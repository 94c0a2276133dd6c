"""What must hold between the platform document and the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argosy_schemas.checking.references import DagScope
from argosy_schemas.findings import Findings, suggest_name
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig
from argosy_schemas.ir.kubernetes.leaves import InputParameter
from argosy_schemas.ir.model import ComponentInput, TaskOutput
from argosy_schemas.ir.platform import EXECUTORS

Json = Mapping[str, Any]


def check_executor_configs(
    configs: Mapping[str, KubernetesExecutorConfig],
    spec: Json,
    reached: Sequence[str],
    findings: Findings,
) -> None:
    """Add the executors that do not exist, and the parameters that no DAG has.

    Args:
        configs: By executor label.
        spec: The pipeline spec, canonical.
        reached: The components that the root reaches.
        findings: Of the platform document; receives what is wrong.
    """
    known: Json = spec.get("deploymentSpec", {}).get("executors", {})
    for label in configs.keys() - known.keys():
        todo = suggest_name(label, known, otherwise="remove its settings")
        findings.add((*EXECUTORS, label), f"The pipeline has no executor '{label}'; {todo}")
    if not configs or "root" not in spec:
        return
    components: Json = spec.get("components", {})
    for name in (ROOT, *reached):
        component: Json = spec["root"] if name == ROOT else components[name]
        if "dag" not in component:
            continue
        scope = DagScope(component=component, path=(), components=components, findings=findings)
        for task in scope.tasks.values():
            label = (scope.find_component(task) or {}).get("executorLabel", "")
            for parameter in configs[label].parameters if label in configs else ():
                _check_parameter(parameter, scope)


def _check_parameter(parameter: InputParameter, scope: DagScope) -> None:
    path, source = parameter.path, parameter.source
    if isinstance(source, ComponentInput):
        scope.find_input(source.name, "parameters", (*path, "componentInputParameter"))
    elif isinstance(source, TaskOutput):
        scope.find_output(source.task, source.output, "parameters", (*path, "taskOutputParameter"))

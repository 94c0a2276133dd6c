"""What must hold in the Kubernetes part of a platform spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from argosy_schemas.checking.references import DagScope
from argosy_schemas.findings import Findings, Path, suggest_name
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.platform_references import references_in
from argosy_schemas.message_text import quote_text
from argosy_schemas.quantities import is_amount

Json = Mapping[str, Any]

_EXECUTORS: Final[Path] = ("platforms", "kubernetes", "deploymentSpec", "executors")
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")


def check_kubernetes(
    platform: Json, spec: Json, reached: Sequence[str], findings: Findings
) -> None:
    """Add what is wrong in the settings of executors.

    Args:
        platform: The ``kubernetes`` member of the platform spec, canonical.
        spec: The pipeline spec, canonical.
        reached: The components that the root reaches.
        findings: Of the platform spec; receives what is wrong.
    """
    settings: Json = platform.get("deploymentSpec", {}).get("executors", {})
    known: Json = spec.get("deploymentSpec", {}).get("executors", {})
    for label, config in settings.items():
        path: Path = (*_EXECUTORS, label)
        if label not in known:
            todo = suggest_name(label, known, otherwise="remove its settings")
            findings.add(path, f"The pipeline has no executor '{label}'; {todo}")
        policy: str = config.get("imagePullPolicy", "")
        if policy and policy not in _PULL_POLICIES:
            todo = suggest_name(
                policy, _PULL_POLICIES, otherwise=f"write one of {', '.join(_PULL_POLICIES)}"
            )
            findings.add((*path, "imagePullPolicy"), f"'{policy}' is no pull policy; {todo}")
        _check_sizes(config, path, findings)
    if settings and "root" in spec:
        _check_references(settings, spec, reached, findings)


def _check_sizes(config: Json, path: Path, findings: Findings) -> None:
    for name, field in (("emptyDirMounts", "sizeLimit"), ("genericEphemeralVolume", "size")):
        for position, entry in enumerate(config.get(name, ())):
            size: str = entry.get(field, "")
            if size and "{{" not in size and not is_amount(size):
                message = f"{quote_text(size)} is no amount; write one such as '500Mi' or '2Gi'"
                findings.add((*path, name, position, field), message)


def _check_references(
    settings: Json, spec: Json, reached: Sequence[str], findings: Findings
) -> None:
    """Check what settings take from a run, in each DAG with a task that has them."""
    components: Json = spec.get("components", {})
    references = {label: references_in(config) for label, config in settings.items()}
    for name in (ROOT, *reached):
        component: Json = spec["root"] if name == ROOT else components[name]
        if "dag" not in component:
            continue
        scope = DagScope(component=component, path=(), components=components, findings=findings)
        for task in scope.tasks.values():
            label: str = (scope.find_component(task) or {}).get("executorLabel", "")
            for path, source in references.get(label, ()):
                _check_source(source, (*_EXECUTORS, label, *path), scope)


def _check_source(source: Json, path: Path, scope: DagScope) -> None:
    if "componentInputParameter" in source:
        name: str = source["componentInputParameter"]
        scope.find_input(name, "parameters", (*path, "componentInputParameter"))
        return
    output: Json = source["taskOutputParameter"]
    scope.find_output(
        output.get("producerTask", ""),
        output.get("outputParameterKey", ""),
        "parameters",
        (*path, "taskOutputParameter"),
    )

"""Check a pipeline beyond its structure: the spec as a whole, and its components.

Only the structure is checked of a component that the root does not reach, since it cannot run. The
compiler checks the CEL of conditions and selectors when it translates it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from argosy_schemas.checking.dags import check_dag, check_decisions, check_functions
from argosy_schemas.checking.executors import check_executor
from argosy_schemas.checking.interfaces import check_interface
from argosy_schemas.checking.placeholders import check_placeholders
from argosy_schemas.checking.references import DagScope
from argosy_schemas.cycles import find_cycle
from argosy_schemas.findings import Findings, Path, suggest_name
from argosy_schemas.ir.from_json import ROOT

Json = Mapping[str, Any]

SCHEMA_VERSION: Final = "2.1.0"
_CONTROL: Final = re.compile("[\0-\x1f\x7f]")
_MAX_NAME: Final = 200


def check_pipeline(spec: Json, findings: Findings) -> tuple[str, ...]:
    """Add the problems of ``spec``, and return the components that its root reaches, sorted.

    Args:
        spec: Canonical, of the right structure.
        findings: Receives the problems.
    """
    _check_header(spec, findings)
    components: Json = spec.get("components", {})
    if ROOT in components:
        findings.add(("components", ROOT), "No component may be called 'root'; rename it")
    if "root" not in spec:
        findings.add(("root",), "There is no root; is the file complete?")
        return ()
    if "dag" not in spec["root"]:
        findings.add(("root",), "The root is not a DAG; compile a pipeline, not a component")
        return ()
    reached = _find_reachable(spec["root"], components)
    passed = _find_passed_parameters(spec, reached)
    for name in (ROOT, *reached):
        _check_component(name, spec, passed.get(name, frozenset()), findings)
    _check_recursion(components, reached, findings)
    return reached


def _check_header(spec: Json, findings: Findings) -> None:
    version: str | None = spec.get("schemaVersion")
    if version is None:
        findings.add(
            ("schemaVersion",),
            f"There is no schemaVersion; is the file complete? Pipelines have '{SCHEMA_VERSION}'",
        )
    elif version != SCHEMA_VERSION:
        findings.add(
            ("schemaVersion",),
            f"Version '{version}' is not '{SCHEMA_VERSION}'; compile with the KFP SDK 2",
        )
    name: str = spec.get("pipelineInfo", {}).get("name", "")
    path: Path = ("pipelineInfo", "name")
    if not name:
        findings.add(path, "The pipeline has no name; set one")
    elif _CONTROL.search(name) or len(name) > _MAX_NAME:
        findings.add(
            path,
            f"The name has control characters or more than {_MAX_NAME} characters; "
            "choose another one",
        )
    elif any(segment in ("", ".", "..") for segment in name.split("/")):
        findings.add(path, f"The name '{name}' cannot be part of a path; choose another one")


def _find_reachable(root: Json, components: Json) -> tuple[str, ...]:
    reached: set[str] = set()
    waiting = [root]
    while waiting:
        for task in waiting.pop().get("dag", {}).get("tasks", {}).values():
            name: str = task.get("componentRef", {}).get("name", "")
            if name in components and name not in reached and name != ROOT:
                reached.add(name)
                waiting.append(components[name])
    return tuple(sorted(reached))


def _find_passed_parameters(spec: Json, reached: tuple[str, ...]) -> dict[str, set[str]]:
    """Return for each component the parameters that any task passes to it, declared or not."""
    passed: dict[str, set[str]] = {}
    for name in (ROOT, *reached):
        component: Json = spec["root"] if name == ROOT else spec["components"][name]
        for task in component.get("dag", {}).get("tasks", {}).values():
            names = passed.setdefault(task.get("componentRef", {}).get("name", ""), set())
            names.update(task.get("inputs", {}).get("parameters", {}))
            names.add(task.get("parameterIterator", {}).get("itemInput", ""))
    return passed


def locate_component(name: str) -> Path:
    """Return the path of the component ``name`` in the document."""
    return (ROOT,) if name == ROOT else ("components", name)


def _check_component(name: str, spec: Json, passed: Collection[str], findings: Findings) -> None:
    components: Json = spec.get("components", {})
    component: Json = spec["root"] if name == ROOT else components[name]
    executors: Json = spec.get("deploymentSpec", {}).get("executors", {})
    path = locate_component(name)
    check_interface(component, path, findings)
    if "dag" in component:
        scope = DagScope(component=component, path=path, components=components, findings=findings)
        check_dag(scope)
        check_decisions(scope, executors)
        check_functions(scope, executors)
        return
    label: str = component.get("executorLabel", "")
    if not label:
        findings.add(
            path,
            "The component has neither 'dag' nor 'executorLabel'; set one, or put a task into the "
            "If or ParallelFor that compiled to it",
        )
    elif label not in executors:
        todo = suggest_name(label, executors, otherwise="add it to deploymentSpec.executors")
        findings.add((*path, "executorLabel"), f"There is no executor '{label}'; {todo}")
    else:
        executor_path: Path = ("deploymentSpec", "executors", label)
        check_executor(executors[label], executor_path, component, findings)
        declared: Json = component.get("inputDefinitions", {}).get("parameters", {})
        container: Json = executors[label].get("container", {})
        known = {*declared, *passed}
        check_placeholders(container, known, (*executor_path, "container"), findings)


def _check_recursion(components: Json, reached: tuple[str, ...], findings: Findings) -> None:
    uses = {
        name: sorted(
            {
                task.get("componentRef", {}).get("name", "")
                for task in components[name].get("dag", {}).get("tasks", {}).values()
            }
        )
        for name in reached
    }
    cycle = find_cycle(uses)
    if cycle:
        names = " -> ".join(f"'{name}'" for name in reversed(cycle))
        findings.add(
            locate_component(cycle[0]),
            f"The component uses itself: {names}; a pipeline cannot be recursive",
        )

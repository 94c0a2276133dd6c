"""Check the tasks of one DAG: references, dependencies, iterators, outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from argosy_schemas.checking.inputs import check_inputs
from argosy_schemas.checking.placeholders import is_python_function
from argosy_schemas.checking.references import DagScope, Side
from argosy_schemas.cycles import find_cycle
from argosy_schemas.findings import Findings, Path, find_nearest, suggest_name
from argosy_schemas.ir.from_json import find_producers, parse_raw_items
from argosy_schemas.message_text import quote_text

Json = Mapping[str, Any]

_CONTROL: Final = re.compile("[\0-\x1f\x7f]")
_MAX_KEY: Final = 200
_SIDES: Final[tuple[Side, Side]] = ("parameters", "artifacts")


def check_dag(scope: DagScope) -> None:
    """Add the problems of a DAG."""
    findings = scope.findings
    tasks_path: Path = (*scope.path, "dag", "tasks")
    if not scope.tasks:
        findings.add((*scope.path, "dag"), "The DAG has no task; add one")
    for key, task in scope.tasks.items():
        path: Path = (*tasks_path, key)
        _check_key(key, path, findings)
        _check_component(task, path, scope)
        _check_dependent_tasks(key, task, path, scope)
        _check_retries(task, path, findings)
        used = scope.find_component(task)
        if used is not None:
            _check_iterator(task, used, path, findings)
        check_inputs(task, path, scope)
    _check_cycles(scope.tasks, tasks_path, findings)
    _check_outputs(scope)


def check_decisions(scope: DagScope, executors: Json) -> None:
    """Add conditions and iterators of tasks that cannot have them.

    The SDK sets them on groups of tasks, which are DAGs.
    """
    for key, task in scope.tasks.items():
        label: str = (scope.find_component(task) or {}).get("executorLabel", "")
        if not label:
            continue
        path: Path = (*scope.path, "dag", "tasks", key)
        for kind in ("parameterIterator", "artifactIterator"):
            if kind in task:
                scope.findings.add(
                    (*path, kind),
                    "Argosy loops over DAGs only; put the task into a component with a DAG, and "
                    "loop over that",
                    is_unsupported=True,
                )
        condition: str = task.get("triggerPolicy", {}).get("condition", "")
        if condition and "importer" in executors.get(label, {}):
            scope.findings.add(
                (*path, "triggerPolicy", "condition"),
                "An importer has no pod, so it cannot have a condition; put it into a component "
                "with a DAG, and set the condition of that",
                is_unsupported=True,
            )


def check_functions(scope: DagScope, executors: Json) -> None:
    """Add artifacts that tasks pass to Python functions without such an input.

    The SDK's executor looks the type of each artifact up in the function. Other containers may
    ignore them.
    """
    for key, task in scope.tasks.items():
        used = scope.find_component(task) or {}
        executor: Json = executors.get(used.get("executorLabel", ""), {})
        passed: Json = task.get("inputs", {}).get("artifacts", {})
        inputs: Json = used.get("inputDefinitions", {})
        known: Json = inputs.get("artifacts", {})
        unknown = [
            name
            for name in sorted(passed.keys() - {*known, *inputs.get("parameters", {})})
            if find_nearest(name, known.keys() - passed.keys()) is None  # else reported as misspelt
        ]
        if not unknown or not is_python_function(executor):
            continue
        for name in unknown:
            scope.findings.add(
                (*scope.path, "dag", "tasks", key, "inputs", "artifacts", name),
                f"The Python function of the component has no input '{name}' and would fail; "
                "declare it, or do not pass it",
            )


def _check_key(key: str, path: Path, findings: Findings) -> None:
    # Two braces begin a tag of Argo.
    is_text = bool(key) and "/" not in key and "{{" not in key and not _CONTROL.search(key)
    if not is_text or key in (".", "..") or len(key) > _MAX_KEY:
        findings.add(
            path,
            f"The task key {quote_text(key, most=_MAX_KEY)} cannot be part of a path; "
            "use letters, digits and dashes",
        )


def _check_component(task: Json, path: Path, scope: DagScope) -> None:
    name: str = task.get("componentRef", {}).get("name", "")
    if not name:
        scope.findings.add(path, "The task has no component; set 'componentRef.name'")
    elif name not in scope.components:
        todo = suggest_name(name, scope.components, otherwise="add it to 'components'")
        message = f"There is no component '{name}'; {todo}"
        scope.findings.add((*path, "componentRef", "name"), message)


def _check_dependent_tasks(key: str, task: Json, path: Path, scope: DagScope) -> None:
    for position, name in enumerate(task.get("dependentTasks", ())):
        if name not in scope.tasks:
            others = scope.tasks.keys() - {key}
            todo = suggest_name(name, others, otherwise="remove it")
            message = f"There is no task '{name}' in this DAG; {todo}"
            scope.findings.add((*path, "dependentTasks", position), message)


def _check_retries(task: Json, path: Path, findings: Findings) -> None:
    policy: Json = task.get("retryPolicy", {})
    for name in ("maxRetryCount", "backoffFactor"):
        if policy.get(name, 0) < 0:
            message = f"{policy[name]} is negative; write 0 or more"
            findings.add((*path, "retryPolicy", name), message)
    for name in ("backoffDuration", "backoffMaxDuration"):
        if policy.get(name, "").startswith("-"):
            message = f"'{policy[name]}' is negative; write '0s' or more"
            findings.add((*path, "retryPolicy", name), message)


def _check_iterator(task: Json, used: Json, path: Path, findings: Findings) -> None:
    kind = next((k for k in ("parameterIterator", "artifactIterator") if k in task), None)
    if kind is None:
        return
    iterator: Json = task[kind]
    side = "parameters" if kind == "parameterIterator" else "artifacts"
    declared: Json = used.get("inputDefinitions", {}).get(side, {})
    item: str = iterator.get("itemInput", "")
    if item not in declared:
        todo = suggest_name(item, declared, otherwise="declare it in the component's inputs")
        message = f"The item goes to input '{item}', which is not declared; {todo}"
        findings.add((*path, kind, "itemInput"), message)
    items: Json = iterator.get("items", {})
    if "raw" in items:
        try:
            parse_raw_items(items["raw"])
        except (ValueError, RecursionError):
            message = "The items are not a JSON list; write one, such as '[1, 2]'"
            findings.add((*path, kind, "items", "raw"), message)
        return
    source = "inputParameter" if kind == "parameterIterator" else "inputArtifact"
    name: str = items.get(source, "")
    passed: Json = task.get("inputs", {}).get(side, {})
    if not name:
        findings.add((*path, kind), "The loop has no items; set 'items'")
    elif name not in passed and name not in declared:
        todo = suggest_name(name, passed, otherwise="pass it to the task")
        message = f"The items come from input '{name}', which the task does not have; {todo}"
        findings.add((*path, kind, "items", source), message)
    elif kind == "parameterIterator":
        found = declared.get(name, {}).get("parameterType", "LIST")
        if found not in ("LIST", "STRING"):
            message = f"The items come from '{name}', a {found}; loop over a LIST"
            findings.add((*path, kind, "items", source), message)


def _check_cycles(tasks: Json, tasks_path: Path, findings: Findings) -> None:
    predecessors = {
        key: sorted({*task.get("dependentTasks", ()), *find_producers(task)})
        for key, task in sorted(tasks.items())
    }
    cycle = find_cycle(predecessors)
    if cycle:
        names = " -> ".join(f"'{name}'" for name in cycle)
        findings.add(
            (*tasks_path, cycle[0]),
            f"The tasks depend on each other in a cycle: {names}; remove one dependency",
        )


def _check_outputs(scope: DagScope) -> None:
    declared: Json = scope.component.get("outputDefinitions", {})
    outputs: Json = scope.component["dag"].get("outputs", {})
    for side in _SIDES:
        found: Json = outputs.get(side, {})
        known: Json = declared.get(side, {})
        for name, output in found.items():
            path: Path = (*scope.path, "dag", "outputs", side, name)
            if name not in known:
                todo = suggest_name(name, known, otherwise="declare it in 'outputDefinitions'")
                scope.findings.add(path, f"The component declares no output '{name}'; {todo}")
            selectors = list(_selectors(output))
            if not selectors:
                scope.findings.add(path, f"Output '{name}' comes from no task; name one")
            for step, selector in selectors:
                key = "outputParameterKey" if side == "parameters" else "outputArtifactKey"
                scope.find_output(
                    selector.get("producerSubtask", ""),
                    selector.get(key, ""),
                    side,
                    (*path, *step),
                )
        for name in known:
            if name not in found:
                message = f"Output '{name}' comes from no task; add it to 'dag.outputs'"
                path = (*scope.path, "outputDefinitions", side, name)
                scope.findings.add(path, message)


def _selectors(output: Json) -> Iterator[tuple[Path, Json]]:
    if "valueFromParameter" in output:
        yield ("valueFromParameter",), output["valueFromParameter"]
    several: Json = output.get("valueFromOneof", {})
    for position, selector in enumerate(several.get("parameterSelectors", ())):
        yield ("valueFromOneof", "parameterSelectors", position), selector
    for position, selector in enumerate(output.get("artifactSelectors", ())):
        yield ("artifactSelectors", position), selector

"""What a compiled workflow costs on Argo: pods, bytes, and how far its limits are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from argosy_compiler.compiled import Compiled
from argosy_compiler.linting.limits import MAX_ARGUMENT_BYTES, MAX_WORKFLOW_BYTES
from argosy_compiler.options import NO_LIMIT, CompileOptions
from argosy_schemas.pod import DRIVER_CONTAINER, IR_PARAMETER
from argosy_schemas.values import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A count or size, and the most that Argo or Kubernetes takes."""

    name: str
    value: int
    maximum: int | None
    """``None``: nothing limits it."""

    @property
    def percent(self) -> float:
        """How much of the maximum is used."""
        return 0.0 if self.maximum is None else 100 * self.value / self.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Counts of one compiled workflow.

    Pods are those of a run in which each condition is true and each loop over values that are not
    known yet has one item.
    """

    steps: int
    """Container tasks: each is one pod."""
    deciding: int
    """Pods that only decide; :attr:`argosy_compiler.Compiled.notes` says why."""
    claims: int
    """Pods that create or delete a volume claim; Argo runs one for each."""
    nodes: int
    """Nodes in Argo's status: pods, and the DAGs and loops around them."""
    open_loops: int
    """Loops whose number of items is known only at run time; counted with one item."""
    workflow_bytes: int
    """Compact JSON."""
    ir_bytes: int
    """The IR, packed; travels in the workflow, in the store or in a ConfigMap."""
    limits: tuple[Limit, ...]

    @property
    def pods(self) -> int:
        """All pods."""
        return self.steps + self.deciding + self.claims

    @property
    def pods_per_task(self) -> float:
        """Pods for each container task; 1 where nothing but the tasks needs a pod."""
        tasks = self.steps + self.claims
        return self.pods / tasks if tasks else 0.0


def stats(compiled: Compiled, options: CompileOptions | None = None) -> Stats:
    """Count what a compiled workflow costs.

    Args:
        compiled: The workflow.
        options: Those that it was compiled with, which know what limits it; ``None``: the defaults.
    """
    spec = cast("Mapping[str, Any]", compiled.workflow["spec"])
    templates = {str(one["name"]): one for one in spec["templates"]}
    counted = _counted(spec["entrypoint"], templates, {})
    size = len(to_json(compiled.workflow).encode())
    return Stats(
        steps=counted.steps,
        deciding=counted.deciding,
        claims=counted.claims,
        nodes=counted.nodes,
        open_loops=counted.open_loops,
        workflow_bytes=size,
        ir_bytes=len(compiled.ir),
        limits=tuple(_limits(spec, size, counted.nodes, options or CompileOptions())),
    )


@dataclass(slots=True)
class _Counts:
    """What one node of a template stands for, with all below it."""

    steps: int = 0
    deciding: int = 0
    claims: int = 0
    nodes: int = 1
    open_loops: int = 0

    def add(self, other: _Counts, times: int) -> None:
        self.steps += times * other.steps
        self.deciding += times * other.deciding
        self.claims += times * other.claims
        self.nodes += times * other.nodes
        self.open_loops += times * other.open_loops


def _counted(
    name: str, templates: Mapping[str, Mapping[str, Any]], known: dict[str, _Counts]
) -> _Counts:
    if name not in known:
        known[name] = _counted_template(templates[name], templates, known)
    return known[name]


def _counted_template(
    template: Mapping[str, Any],
    templates: Mapping[str, Mapping[str, Any]],
    known: dict[str, _Counts],
) -> _Counts:
    count = _Counts(nodes=2 if "retryStrategy" in template else 1)
    for task in template.get("dag", {}).get("tasks", ()):
        if task.get("when") == "false":
            count.nodes += 1
            continue
        times, is_open = _times(task)
        if "inline" in task:
            count.add(_counted_template(task["inline"], templates, known), times)
        else:
            count.add(_counted(task["template"], templates, known), times)
        count.open_loops += is_open
        count.nodes += "withSequence" in task
    if "resource" in template:
        count.claims += 1
    elif "container" in template:
        initial = {one["name"] for one in template.get("initContainers", ())}
        if DRIVER_CONTAINER in initial:
            count.steps += 1
        else:
            count.deciding += 1
    return count


def _times(task: Mapping[str, Any]) -> tuple[int, bool]:
    """Return how often a task runs, and whether that is a guess."""
    count = str(task.get("withSequence", {}).get("count", "1"))
    return (int(count), False) if count.isdigit() else (1, True)


def _limits(
    spec: Mapping[str, Any], size: int, nodes: int, options: CompileOptions
) -> Iterator[Limit]:
    templates = spec["templates"]
    arguments = {one["name"]: one.get("value", "") for one in spec["arguments"]["parameters"]}
    ir = len(str(arguments.get(IR_PARAMETER, "")))
    largest = max(len(one.get("dag", {}).get("tasks", ())) for one in templates)
    pods = [len(to_json(one)) + ir for one in templates if "container" in one]
    yield Limit(
        name="tasks in the largest DAG", value=largest, maximum=_maximum(options.max_dag_tasks)
    )
    yield Limit(name="templates", value=len(templates), maximum=_maximum(options.max_templates))
    if options.max_nodes is not None:
        yield Limit(name="nodes", value=nodes, maximum=options.max_nodes)
    yield Limit(
        name="bytes of the largest template", value=max(pods, default=0), maximum=MAX_ARGUMENT_BYTES
    )
    yield Limit(name="bytes of the workflow", value=size, maximum=MAX_WORKFLOW_BYTES)


def _maximum(option: int) -> int | None:
    return None if option >= NO_LIMIT else option

"""Statistics of a compiled workflow: pods, bytes, and how much of Argo's limits it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from argosy_compiler.compiled_pipeline import CompiledPipeline, NodeCounts
from argosy_compiler.linting.limits import MAX_ARGUMENT_BYTES, MAX_WORKFLOW_BYTES
from argosy_compiler.options import NO_LIMIT, CompileOptions
from argosy_schemas.pod import IR_PARAMETER
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

    counts: NodeCounts
    workflow_bytes: int
    """Compact JSON."""
    ir_bytes: int
    """The IR, packed; travels in the workflow, in the store or in a ConfigMap."""
    limits: tuple[Limit, ...]

    @property
    def pods(self) -> int:
        """All pods."""
        return self.counts.steps + self.counts.deciding + self.counts.claims

    @property
    def pods_per_task(self) -> float:
        """Pods for each container task; 1 where nothing but the tasks needs a pod."""
        tasks = self.counts.steps + self.counts.claims
        return self.pods / tasks if tasks else 0.0


def compute_stats(compiled: CompiledPipeline, options: CompileOptions | None = None) -> Stats:
    """Return what a compiled workflow costs.

    Args:
        compiled: The workflow.
        options: Those that it was compiled with, which hold its limits; ``None``: the defaults.
    """
    spec = cast("Mapping[str, Any]", compiled.workflow["spec"])
    size = len(to_json(compiled.workflow).encode())
    return Stats(
        counts=compiled.counts,
        workflow_bytes=size,
        ir_bytes=len(compiled.ir),
        limits=tuple(_list_limits(spec, size, compiled.counts.nodes, options or CompileOptions())),
    )


def _list_limits(
    spec: Mapping[str, Any], size: int, nodes: int, options: CompileOptions
) -> Iterator[Limit]:
    templates = spec["templates"]
    arguments = {one["name"]: one.get("value", "") for one in spec["arguments"]["parameters"]}
    ir = len(str(arguments.get(IR_PARAMETER, "")))
    largest = max(len(one.get("dag", {}).get("tasks", ())) for one in templates)
    pods = [len(to_json(one)) + ir for one in templates if "container" in one]
    yield Limit(
        name="tasks in the largest DAG", value=largest, maximum=_get_maximum(options.max_dag_tasks)
    )
    yield Limit(name="templates", value=len(templates), maximum=_get_maximum(options.max_templates))
    if options.max_nodes is not None:
        yield Limit(name="nodes", value=nodes, maximum=options.max_nodes)
    yield Limit(
        name="bytes of the largest template", value=max(pods, default=0), maximum=MAX_ARGUMENT_BYTES
    )
    yield Limit(name="bytes of the workflow", value=size, maximum=MAX_WORKFLOW_BYTES)


def _get_maximum(option: int) -> int | None:
    return None if option >= NO_LIMIT else option

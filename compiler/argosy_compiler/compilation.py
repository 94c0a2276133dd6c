"""A compilation between two passes: each pass returns it with one more part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from argosy_compiler.compiled_pipeline import NodeCounts, Note
from argosy_compiler.known_tasks import DagTaskKey
from argosy_compiler.options import CompileOptions
from argosy_compiler.structure import Structure
from argosy_schemas.errors import Problem
from argosy_schemas.ir.model import Pipeline, RetryPolicy

Template: TypeAlias = Mapping[str, Any]
"""A template of the workflow, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFlow:
    """Whether a task runs, and how often."""

    condition: str | None = None
    """The expression of its condition, in the scope of the DAG."""
    count: str | int | None = None
    """Of a loop: the number of its iterations, or an expression of it."""
    pod: str | None = None
    """Why a deciding pod is needed; condition and count are ``None`` then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFields:
    """The fields of a task's pod that the configuration of its executor sets."""

    image: str
    """May be a tag that reads the template's input ``image``."""
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    """Inputs of the template beside the task, by name: expressions in the scope of the DAG."""
    template: Template = field(default_factory=dict[str, Any])
    """Fields of the template itself."""
    container: Template = field(default_factory=dict[str, Any])
    """Fields of the main container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DagVariant:
    """A DAG component with the retry policy that its tasks inherit: one DAG template."""

    component: str
    retry: RetryPolicy | None = None
    upstream: bool = False
    """Whether its tasks receive the statuses of the tasks that the DAG itself follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What the passes so far have made of a pipeline."""

    pipeline: Pipeline
    options: CompileOptions
    structure: Structure
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the run for which results are known: parameter of the workflow to its text."""
    control_flows: Mapping[DagTaskKey, ControlFlow] = field(
        default_factory=dict[DagTaskKey, ControlFlow]
    )
    """Of the tasks with a condition or an iterator."""
    pods: Mapping[DagTaskKey, PodFields] = field(default_factory=dict[DagTaskKey, PodFields])
    """Of the container tasks."""
    control_arguments: Mapping[DagTaskKey, Mapping[str, str]] = field(
        default_factory=dict[DagTaskKey, Mapping[str, str]]
    )
    """DAG task to the control values that its component receives: key to expression in the scope of
    the DAG that holds the task."""
    control_outputs: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, Mapping[str, str]]
    )
    """DAG component to the control values that it publishes: key to expression in its own scope."""
    indexed_bodies: frozenset[str] = frozenset()
    """Bodies of loops that pick their item from a list."""
    list_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters of the workflow that hold lists written in the pipeline: name to JSON."""
    dag_variants: Mapping[DagVariant, str] = field(default_factory=dict[DagVariant, str])
    """Each with the name of its template, in the order of a walk from the root."""
    node_counts: Mapping[DagVariant, NodeCounts] = field(
        default_factory=dict[DagVariant, NodeCounts]
    )
    """The nodes that one node of each DAG template makes, itself included."""
    templates: tuple[Template, ...] = ()
    config_map: Template | None = None
    ir: bytes = b""
    ir_text: str = ""
    """The value of the parameter ``argosy-ir``."""
    workflow: Template = field(default_factory=dict[str, Any])
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What is wrong with the pipeline; ``refuse_problems`` raises all of it at once."""

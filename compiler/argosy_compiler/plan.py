"""What the passes know of a compilation; each pass adds its part and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from argosy_compiler.compiled import NodeCounts, Note
from argosy_compiler.decisions.control import Place
from argosy_compiler.options import CompileOptions
from argosy_compiler.structure import Structure
from argosy_schemas.errors import Problem
from argosy_schemas.ir.model import Pipeline, RetryPolicy

Template: TypeAlias = Mapping[str, Any]
"""A template of the workflow, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFlow:
    """How the workflow decides about a task."""

    condition: str | None = None
    """Expression of the condition, in the scope of the DAG."""
    count: str | int | None = None
    """Of a loop: its number of iterations, or an expression of it."""
    pod: str | None = None
    """Why a pod decides; the two above are ``None`` then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFields:
    """What of a task's pod the configuration of its executor settles."""

    image: str
    """May be a tag that reads the template's input ``image``."""
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    """Inputs of the template beside the task, by name: expressions in the scope of the DAG."""
    template: Template = field(default_factory=dict[str, Any])
    """Fields of the template itself."""
    container: Template = field(default_factory=dict[str, Any])
    """Fields of the main container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A DAG component with the retry policy that its tasks inherit: one DAG template."""

    component: str
    retry: RetryPolicy | None = None
    upstream: bool = False
    """Whether its tasks must know what became of the tasks that its user follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A compilation, between two passes."""

    pipeline: Pipeline
    options: CompileOptions
    structure: Structure
    decisions: Mapping[Place, ControlFlow] = field(default_factory=dict[Place, ControlFlow])
    """Of the tasks with a condition or an iterator."""
    pods: Mapping[Place, PodFields] = field(default_factory=dict[Place, PodFields])
    """Of the container tasks."""
    handed_down: Mapping[Place, Mapping[str, str]] = field(
        default_factory=dict[Place, Mapping[str, str]]
    )
    """DAG task to what its component receives: key to expression in the user's scope."""
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """DAG component to what it publishes: key to expression in its own scope."""
    indexed: frozenset[str] = frozenset()
    """Bodies of loops that pick their item from a list."""
    lists: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters of the workflow to the lists that they hold, as JSON."""
    uses: Mapping[Use, str] = field(default_factory=dict[Use, str])
    """DAG templates by name, in the order of a walk from the root."""
    node_counts: Mapping[Use, NodeCounts] = field(default_factory=dict[Use, NodeCounts])
    """What one node of each DAG template makes, itself included."""
    templates: tuple[Template, ...] = ()
    config_map: Template | None = None
    ir: bytes = b""
    ir_text: str = ""
    """The value of the parameter ``argosy-ir``."""
    workflow: Template = field(default_factory=dict[str, Any])
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What is wrong with the pipeline; passes that depend on none of it still run."""

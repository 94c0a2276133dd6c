"""The part of an Argo Workflow that the engine interprets, as immutable values.

:mod:`argosy_engine.workflow.reading` creates them from JSON. Texts keep Argo's tags, which are
replaced when a node is created.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeAlias

from argosy_expressions.argo import Depends


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryStrategy:
    """Rules for another attempt after a failed one."""

    limit: int
    """Attempts after the first."""
    expression: str | None = None
    """Must hold for another attempt; without tags."""
    backoff: timedelta = timedelta(0)
    """How long the second attempt waits."""
    factor: int = 1
    """Multiplies the wait from attempt to attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output parameter of a template."""

    name: str
    expression: str | None = None
    """Of DAGs: over their tasks. ``None``: the pod writes a file."""
    default: str | None = None
    """Used if there is no value; ``None``: a missing value is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DagTask:
    """One task of a DAG template."""

    name: str
    template: str
    depends: Depends | None = None
    when: str | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    count: str | None = None
    """How many times it runs (``withSequence``); ``None`` for a task that is not a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DagTemplate:
    """Tasks with dependencies."""

    name: str
    inputs: Mapping[str, str | None]
    """Name to default."""
    tasks: tuple[DagTask, ...]
    targets: tuple[int, ...]
    """Positions of the tasks that determine its phase: ``target``, else the leaves by name."""
    outputs: tuple[Output, ...] = ()
    parallelism: int | None = None
    index: Mapping[str, int] = field(default_factory=dict[str, int])
    """Task name to position."""
    upstream: tuple[tuple[int, ...], ...] = ()
    """For each task the ones that its ``depends`` mentions."""
    downstream: tuple[tuple[int, ...], ...] = ()
    """The reverse of ``upstream``, without tasks that no target waits for."""
    order: tuple[int, ...] = ()
    """Positions of the targets and their ancestors, in topological order."""
    tasks_are: str = "tasks"
    """What expressions call its tasks: ``tasks`` or ``steps``."""


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """A volume claim that a pod creates or deletes."""

    action: Literal["create", "delete"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodTemplate:
    """A step: driver, the user's command, launcher."""

    name: str
    inputs: Mapping[str, str | None]
    environment: tuple[tuple[str, str], ...]
    """The driver's, by name."""
    image: str = ""
    """Of the user's command."""
    outputs: tuple[Output, ...] = ()
    retry: RetryStrategy | None = None
    deadline_seconds: int | None = None
    """How long one attempt may take."""
    decides: bool = False
    """Whether it runs a driver alone, which evaluates a condition or the items of a loop."""
    claim: ClaimChange | None = None
    """What it does in place of a step (a ``resource`` template)."""
    settings: tuple[str, ...] = ()
    """Kubernetes settings, which the engine ignores, e.g. ``tolerations``; sorted."""


Template: TypeAlias = DagTemplate | PodTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow as the engine interprets it."""

    name: str
    """``metadata.name``, else ``metadata.generateName``."""
    entrypoint: str
    templates: Mapping[str, Template]
    arguments: Mapping[str, str | None]
    """Parameter to value; ``None``: required."""
    on_exit: str | None = None
    """Template that runs when the entry template has ended, whatever its phase."""
    deadline_seconds: int | None = None
    """How long the run may take without ``onExit``, which has no deadline."""
    settings: tuple[str, ...] = ()
    """As :attr:`PodTemplate.settings`, of the workflow as a whole."""

"""The run context: what all tasks of a run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from argosy_schemas.formats.records import Artifact
from argosy_schemas.names import RunId
from argosy_schemas.pod import WORKSPACE_PATH
from argosy_schemas.values import JsonValue

if TYPE_CHECKING:
    from argosy_driver.stand_ins import LocalObjects


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a driver knows about its run besides the pipeline."""

    id: RunId
    name: str
    """The workflow's name: ``pipeline_job_name`` and ``pipeline_job_resource_name``."""
    created_at: datetime
    """Aware, UTC."""
    root: str
    """The pipeline root, where artifacts of this run go: ``<root>/<pipeline>/<run>/…``."""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """As :func:`argosy_schemas.checking.run_parameters.parse_run_parameters` returns them. A
    parameter without a value is absent."""
    artifacts: Mapping[str, tuple[Artifact, ...]] = field(
        default_factory=dict[str, tuple[Artifact, ...]]
    )
    """Input artifacts of the pipeline, as
    :func:`argosy_driver.resolving.run_parameters.parse_run_artifacts` returns them."""
    workspace: str = WORKSPACE_PATH
    """The path of the run's workspace for components; on a laptop a directory of the run."""
    objects: LocalObjects | None = None
    """What stands in for objects of a cluster on a laptop; ``None``: the cluster has them."""
    store_secrets: frozenset[str] = frozenset()
    """Secrets with credentials of the store, which no task may use; on a laptop none."""
    cache: bool = True
    """Whether the run may reuse results of earlier runs."""

"""The run spec: what a run was started with, as it is stored. It suffices to resume the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.run_parameters import parse_run_artifacts
from argosy_driver.stand_ins import LocalObjects, StandIns
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.checking.run_parameters import parse_run_parameters
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import RunId
from argosy_schemas.values import JsonValue, to_json

RUN_SPEC_VERSION = "1.1"
"""Major and minor; a reader refuses a newer major by name."""

_NO_STAND_INS = StandIns()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """What a run was started with."""

    run_id: RunId
    name: str
    """Of the workflow: what the SDK calls the job's name."""
    pipeline: str
    created_at: datetime
    parameters: Mapping[str, str]
    """Values of workflow parameters that the caller gave, input artifacts among them."""
    root: str
    """Where its artifacts go."""
    cache: bool
    workflow: Mapping[str, JsonValue]
    stand_ins: StandIns = _NO_STAND_INS

    def to_json(self) -> str:
        """Return the content of ``run.json``."""
        return to_json(
            {
                "version": RUN_SPEC_VERSION,
                "run_id": self.run_id,
                "name": self.name,
                "pipeline": self.pipeline,
                "created_at": self.created_at.isoformat(),
                "parameters": dict(self.parameters),
                "root": self.root,
                "cache": self.cache,
                "workflow": self.workflow,
                "stand_ins": self.stand_ins.to_json(),
            }
        )


def run_spec_from_json(text: bytes, run_id: RunId) -> RunSpec:
    """Return the spec behind the content of ``run.json``.

    Raises:
        InvalidArgumentError: It was made by a newer release, or is damaged.
    """
    try:
        document: dict[str, Any] = json.loads(text)
        major = str(document["version"]).partition(".")[0]
        if major != RUN_SPEC_VERSION.partition(".")[0]:
            raise InvalidArgumentError(
                f"run '{run_id}' was made by a newer release (format {document['version']}); "
                "update argosy to go on with it"
            )
        return RunSpec(
            run_id=RunId(document["run_id"]),
            name=document["name"],
            pipeline=document["pipeline"],
            created_at=datetime.fromisoformat(document["created_at"]),
            parameters=document["parameters"],
            root=document["root"],
            cache=document["cache"],
            workflow=document["workflow"],
            stand_ins=StandIns(**document.get("stand_ins", {})),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise make_unreadable_error(run_id, error) from error


def make_run_context(
    spec: RunSpec, pipeline: Pipeline, *, workspace: Path, objects: LocalObjects | None = None
) -> RunContext:
    """Return the context of a run, its parameters and input artifacts parsed.

    Args:
        spec: Of the run.
        pipeline: Likewise.
        workspace: As components see it.
        objects: What tasks that run on this machine have in place of objects of a cluster.

    Raises:
        InvalidArgumentError: A parameter or artifact is missing, not declared, or of the wrong
            type; all of them are named, one a line.
    """
    inputs, defaults = pipeline.root.inputs, WorkflowDocument(spec.workflow).arguments
    texts = {name: defaults.get(name) for name in (*inputs.parameters, *inputs.artifacts)}
    texts.update(spec.parameters)
    return RunContext(
        id=spec.run_id,
        name=spec.name,
        created_at=spec.created_at,
        root=spec.root,
        parameters=parse_run_parameters(pipeline, texts),
        artifacts=parse_run_artifacts(pipeline, texts),
        workspace=str(workspace),
        objects=objects,
        cache=spec.cache,
    )


def make_unreadable_error(run_id: RunId, error: Exception) -> InvalidArgumentError:
    """Return the error of a run whose files are damaged or missing."""
    return InvalidArgumentError(f"run '{run_id}' cannot be read ({error}); start a new run")

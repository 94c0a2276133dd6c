"""A run of this machine, read and checked: one that begins, goes on or is planned."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.run_parameters import check_artifact_names
from argosy_driver.stand_ins import LocalObjects, read_env_file
from argosy_engine.home.run_directory import RunDirectory
from argosy_engine.settings import PIPELINE_ROOT, RunSettings
from argosy_engine.workflow.model import Workflow
from argosy_runs.local.home import make_absolute
from argosy_runs.viewing.run_spec import RunSpec, make_run_context
from argosy_schemas.errors import InvalidArgumentError, StoreError
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import RunId
from argosy_schemas.values import JsonValue
from argosy_store.locations import parse_pipeline_root, parse_root

_ARTIFACTS = "artifacts"
"""Below the home: the pipeline root of runs that were given none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRun:
    """A run as the engine has it in memory, before anything of it happens."""

    spec: RunSpec
    workflow: Workflow
    pipeline: Pipeline
    context: RunContext


def create_run(
    workflow: Workflow,
    document: Mapping[str, JsonValue],
    ir: bytes,
    *,
    settings: RunSettings,
    parameters: Mapping[str, str] | None,
    artifacts: Mapping[str, str] | None,
    run_id: RunId | None = None,
) -> LocalRun:
    """Return a run that nobody has begun; nothing is written.

    Args:
        workflow: ``document`` as it was read, its templates need not be there.
        document: What the compiler made.
        ir: The packed IR that belongs to it.
        settings: Where and how.
        parameters: As for :func:`argosy_engine.run.run_workflow`.
        artifacts: Likewise.
        run_id: Likewise.

    Raises:
        InvalidArgumentError: A parameter or artifact is wrong, or nothing can be stored at the
            root.
    """
    pipeline = unpack(ir)
    check_artifact_names(pipeline, artifacts or {})
    spec = RunSpec(
        run_id=run_id or RunId(str(uuid.uuid4())),
        # As Kubernetes does with `generateName`.
        name=f"{workflow.name}-{secrets.token_hex(3)[:5]}",
        pipeline=pipeline.name,
        created_at=datetime.now(UTC),
        parameters={**(parameters or {}), **(artifacts or {})},
        root=_root(pipeline, settings),
        cache=settings.cache,
        workflow=document,
        stand_ins=settings.stand_ins,
    )
    return _local_run(spec, workflow, pipeline, settings)


def load_run(spec: RunSpec, workflow: Workflow, ir: bytes, *, settings: RunSettings) -> LocalRun:
    """Return a run that was begun before.

    Raises:
        InvalidArgumentError: A parameter or artifact is wrong.
    """
    return _local_run(spec, workflow, unpack(ir), settings)


def _local_run(
    spec: RunSpec, workflow: Workflow, pipeline: Pipeline, settings: RunSettings
) -> LocalRun:
    directory = RunDirectory(settings.home, spec.run_id)
    given = spec.stand_ins | settings.stand_ins
    objects = LocalObjects(
        given=given,
        variables={} if given.env_file is None else read_env_file(given.env_file),
        claims=str(directory.claims),
        home=str(directory.home),
    )
    context = make_run_context(spec, pipeline, workspace=directory.workspace, objects=objects)
    return LocalRun(spec=spec, workflow=workflow, pipeline=pipeline, context=context)


def _root(pipeline: Pipeline, settings: RunSettings) -> str:
    """Return where the artifacts of a run go; where nothing can be stored is refused."""
    root = settings.root
    parse = parse_root
    if root == PIPELINE_ROOT:
        root = pipeline.default_pipeline_root or None
        parse = parse_pipeline_root
    if root is None:
        return str(make_absolute(settings.home) / _ARTIFACTS)
    try:
        parse(root)
    except StoreError as error:
        raise InvalidArgumentError(str(error)) from error
    return root if "://" in root else os.path.abspath(root)

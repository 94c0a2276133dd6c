"""Plan a run: what would become of each task."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from argosy._pipelines import Pipeline, PipelineSource
from argosy._run_inputs import prepare_run_inputs
from argosy_driver.stand_ins import Directories, make_stand_ins
from argosy_engine.plan import RunPlan, plan_workflow
from argosy_engine.settings import RunSettings
from argosy_schemas.values import JsonValue


def plan(
    pipeline: Pipeline | PipelineSource,
    arguments: Mapping[str, JsonValue] | None = None,
    *,
    artifacts: Mapping[str, str | os.PathLike[str]] | None = None,
    home: str | os.PathLike[str] = ".argosy",
    root: str | None = None,
    cache: bool = True,
    claims: Directories | None = None,
    secrets: Directories | None = None,
    config_maps: Directories | None = None,
    env_file: str | os.PathLike[str] | None = None,
) -> RunPlan:
    """Return what would become of each task if the pipeline ran now; nothing runs.

    Args:
        pipeline: As for :func:`argosy.run`.
        arguments: Likewise.
        artifacts: Likewise.
        home: Likewise; the compiled pipeline is cached there, nothing else is written.
        root: Likewise.
        cache: Likewise; ``False``: as if every task had to run.
        claims: Likewise.
        secrets: Likewise.
        config_maps: Likewise.
        env_file: Likewise.

    Raises:
        InvalidPipelineError: As for :func:`argosy.run`.
        InvalidArgumentError: Likewise.
        StoreError: Likewise.
    """
    inputs = prepare_run_inputs(pipeline, arguments, artifacts, Path(home))
    return plan_workflow(
        inputs.pipeline.workflow,
        inputs.pipeline.ir,
        settings=RunSettings(
            home=Path(home),
            root=root,
            cache=cache,
            stand_ins=make_stand_ins(
                claims=claims, secrets=secrets, config_maps=config_maps, env_file=env_file
            ),
        ),
        parameters=inputs.parameters,
        artifacts=inputs.artifacts,
    )

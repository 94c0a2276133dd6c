"""Say what a run would do, without starting it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from argosy_driver.planning.foreseen import Foreseen
from argosy_driver.planning.foreseen_records import ForeseenPhases, ForeseenRecords
from argosy_driver.planning.foresight import foresee
from argosy_driver.preparing.places import LocalPlaces
from argosy_driver.preparing.prepare import look_ahead
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run import Run
from argosy_engine.home.run_context import new_run
from argosy_engine.settings import RunSettings
from argosy_engine.workflow.reading import read_head, read_workflow
from argosy_engine.workflow.refusal import EngineRefusal
from argosy_runs.results import path_order
from argosy_schemas.formats.step import Step
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.values import JsonValue
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run would do."""

    tasks: tuple[Foreseen, ...]
    """By path."""
    refusal: str | None = None
    """Why this engine would not run it, though a cluster may."""


def plan_workflow(
    workflow: Mapping[str, JsonValue],
    ir: bytes,
    *,
    settings: RunSettings,
    parameters: Mapping[str, str] | None = None,
    artifacts: Mapping[str, str] | None = None,
) -> RunPlan:
    """Return what would become of each task; nothing is written, nothing runs.

    Arguments are those of :func:`argosy_engine.run.run_workflow`, and so are the errors, except
    that of a workflow that only a cluster can run.
    """
    context = new_run(
        read_head(workflow),
        workflow,
        ir,
        settings=settings,
        parameters=parameters,
        artifacts=artifacts,
    )
    spec, pipeline, run = context.spec, context.pipeline, context.run
    with Stores(spec.root) as stores:
        home = settings.home.absolute()
        store = stores.open(home)
        records = ForeseenRecords(RunRecords(store, spec.run_id))
        phases = ForeseenPhases()

        def resolver_of(run: Run) -> Resolver:
            return Resolver(pipeline, run, records, phases=phases)

        def look_with(resolver: Resolver, path: TaskPath) -> Step:
            return look_ahead(
                path,
                resolver=resolver,
                store=store,
                stores=stores,
                places=LocalPlaces(home / "plan", workspace=Path(resolver.run.workspace)),
                now=lambda: spec.created_at,
            )

        resolver, other = resolver_of(run), resolver_of(_another(run))
        found = foresee(
            resolver,
            records,
            phases,
            look=lambda path: look_with(resolver, path),
            look_again=lambda path: look_with(other, path),
        )
        tasks = tuple(sorted(found, key=lambda one: path_order(one.path)))
    return RunPlan(tasks=tasks, refusal=_refusal(workflow))


def _another(run: Run) -> Run:
    """Return a run of the same pipeline with the same parameters, at another time."""
    return replace(
        run,
        id=RunId(str(uuid.uuid4())),
        name=f"{run.name}-another",
        created_at=run.created_at + timedelta(days=1),
        workspace=f"{run.workspace}-another",
    )


def _refusal(workflow: Mapping[str, JsonValue]) -> str | None:
    try:
        read_workflow(workflow)
    except EngineRefusal as error:
        return str(error)
    return None

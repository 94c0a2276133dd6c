"""Plan a run of the embedded engine without starting it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from argosy_driver.planning.plan import plan_tasks
from argosy_driver.planning.planned_task import PlannedTask
from argosy_driver.preparing.paths import LocalPaths
from argosy_driver.resolving.run_context import RunContext
from argosy_engine.home.local_run import create_run
from argosy_engine.settings import RunSettings
from argosy_engine.workflow.reading import read_workflow
from argosy_runs.local.home import make_absolute
from argosy_runs.results import make_path_key
from argosy_schemas.values import JsonValue
from argosy_store.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """The plan of a run."""

    tasks: tuple[PlannedTask, ...]
    """By path."""


def plan_workflow(
    workflow: Mapping[str, JsonValue],
    ir: bytes,
    *,
    settings: RunSettings,
    parameters: Mapping[str, str] | None = None,
    artifacts: Mapping[str, str] | None = None,
) -> RunPlan:
    """Plan a run; nothing is written and nothing runs.

    Takes the arguments of :func:`argosy_engine.run.run_workflow` and raises its errors.
    """
    run = create_run(
        read_workflow(workflow),
        workflow,
        ir,
        settings=settings,
        parameters=parameters,
        artifacts=artifacts,
    )
    home = make_absolute(settings.home)

    def make_paths(context: RunContext) -> LocalPaths:
        return LocalPaths(home / "plan", workspace=Path(context.workspace))

    with Stores(run.spec.root) as stores:
        tasks = plan_tasks(
            run.pipeline,
            run.context,
            store=stores.open(home),
            stores=stores,
            make_paths=make_paths,
        )
        in_order = sorted(tasks, key=lambda task: make_path_key(task.path))
    return RunPlan(tasks=tuple(in_order))

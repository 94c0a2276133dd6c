"""``argosy plan``."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from argosy_cli.arguments import parameter_texts, parse_assignments, read_parameters_file
from argosy_cli.commands.options import (
    artifacts_option,
    examples,
    home,
    max_size,
    param,
    params_file,
    root,
)
from argosy_cli.compile_cache import declared_parameters, runnable
from argosy_cli.compiling import compiled, placed, read
from argosy_cli.source import Source, read_source
from argosy_cli.views.plan import plan_lines, pods_line, wrapped
from argosy_cli.views.plan_json import task_to_json
from argosy_cli.views.statistics import size_lines
from argosy_compiler.stats import Stats
from argosy_driver.planning.foreseen import ForeseenPods, foreseen_pods
from argosy_engine.home.run_directory import unwritable
from argosy_engine.plan import RunPlan, plan_workflow
from argosy_engine.settings import RunSettings
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError


@click.command(epilog=examples("argosy plan pipeline.yaml --param name=World"))
@click.argument("pipeline", metavar="PIPELINE")
@param
@params_file
@artifacts_option
@home
@root
@click.option("--no-cache", is_flag=True, help="Plan as if every task had to run.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json prints one object on standard output.",
)
@max_size
def command(
    pipeline: str,
    assignments: tuple[str, ...],
    params_file: Path | None,
    artifacts: tuple[str, ...],
    home: Path,
    root: str | None,
    no_cache: bool,
    output: str,
    max_size_bytes: int,
) -> None:
    """Say what each task of a run would do, without running anything.

    For each task: whether it would run, be served from the cache (and from which run), be skipped,
    or cannot be known yet; with its fingerprint. Iterations that cannot be counted yet are one
    line: for-loop-1/*/train. Then what the workflow costs on Argo. The exit status is 0 whatever
    the tasks would come to, and that of the run if it could not start.
    """
    source = read_source(pipeline, max_size_bytes=max_size_bytes)
    _check_home(home)
    made = runnable(source, home=home, max_size_bytes=max_size_bytes)
    given: Mapping[str, Any] = {} if params_file is None else read_parameters_file(params_file)
    plan = plan_workflow(
        made.workflow,
        made.ir,
        settings=RunSettings(home=home, root=root, cache=not no_cache),
        parameters=parameter_texts(
            declared_parameters(made.ir), given, parse_assignments(assignments, option="--param")
        ),
        artifacts=parse_assignments(artifacts, option="--artifact"),
    )
    argo = _on_argo(source, plan, max_size_bytes)
    if output == "json":
        click.echo(json.dumps(_to_json(plan, argo)))
        return
    # A pipe gets each task on one line, whatever its length.
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in plan_lines(plan.tasks, columns):
        click.echo(line)
    click.echo("\non Argo")
    for line in _argo_lines(argo):
        for part in wrapped(line, columns, first="  ", others="    "):
            click.echo(part)
    if plan.refusal is not None:
        click.echo(f"note: argosy run does not run it: {plan.refusal}", err=True)


def _check_home(home: Path) -> None:
    """Refuse a home in which the run could not start, as the run would."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise unwritable(home.absolute(), error) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _OnArgo:
    """What a run comes to on Argo."""

    pods: ForeseenPods
    stats: Stats | None
    """``None``: no workflow is made for Argo."""
    refusals: tuple[str, ...]
    """Why there is none, or why Argo would stop a loop."""


def _on_argo(source: Source, plan: RunPlan, max_size_bytes: int) -> _OnArgo:
    from argosy_cli.on_argo import PlannedNodes
    from argosy_compiler.fitting import check_fits
    from argosy_compiler.options import CompileOptions, IrPlacement
    from argosy_compiler.stats import stats

    pods = foreseen_pods(plan.tasks)
    pipeline = read(source, max_size_bytes=max_size_bytes)
    options = CompileOptions()
    try:
        try:
            result = compiled(source, pipeline, options)
        except InvalidArgumentError:
            # Too large to travel inside: compile wants to be told of a store as well.
            options = replace(options, ir=IrPlacement.STORE)
            result = compiled(source, pipeline, options)
        with placed(source):
            check_fits(result, pipeline, options)
    except InvalidPipelineError as error:
        # What no run here minds: more nodes or tasks than Argo holds.
        return _OnArgo(pods=pods, stats=None, refusals=tuple(str(error).splitlines()))
    counted = stats(result, options)
    planned = PlannedNodes(pipeline, plan.tasks)
    nodes = planned.count() + counted.deciding
    limits = tuple(
        replace(one, value=nodes) if one.name == "nodes" else one for one in counted.limits
    )
    return _OnArgo(
        pods=pods,
        stats=replace(counted, limits=limits),
        refusals=tuple(planned.too_long(result.loop_limits)),
    )


def _argo_lines(argo: _OnArgo) -> list[str]:
    deciding = 0 if argo.stats is None else argo.stats.deciding
    return [
        pods_line(argo.pods, deciding),
        *(f"refused: {refusal}" for refusal in argo.refusals),
        *([] if argo.stats is None else size_lines(argo.stats)),
    ]


def _to_json(plan: RunPlan, argo: _OnArgo) -> dict[str, Any]:
    counted: dict[str, Any] = {
        "certain": argo.pods.certain,
        "possible": argo.pods.possible,
        "open_loops": [
            {"path": path, "per_iteration": number} for path, number in argo.pods.open_loops.items()
        ],
    }
    on_argo: dict[str, Any] = {"pods": counted, "refusal": "\n".join(argo.refusals) or None}
    if argo.stats is not None:
        counted["deciding"] = argo.stats.deciding
        on_argo |= {
            "workflow_bytes": argo.stats.workflow_bytes,
            "ir_bytes": argo.stats.ir_bytes,
            "limits": [
                {"name": one.name, "value": one.value, "maximum": one.maximum}
                for one in argo.stats.limits
            ],
        }
    return {
        "tasks": [task_to_json(task) for task in plan.tasks],
        "refusal": plan.refusal,
        "argo": on_argo,
    }

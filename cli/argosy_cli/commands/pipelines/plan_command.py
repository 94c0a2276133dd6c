"""``argosy plan``."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import click

from argosy_cli.arguments import (
    load_argument,
    parse_assignments,
    parse_parameters,
    parse_stand_ins,
)
from argosy_cli.options.shared import (
    artifacts_option,
    claims_option,
    config_maps_option,
    env_file_option,
    format_examples,
    home,
    max_size,
    output_option,
    param,
    params_file,
    root,
    secrets_option,
)
from argosy_cli.views.plan import format_plan, wrap_words
from argosy_cli.views.plan_json import plan_to_json
from argosy_cli.views.statistics import format_statistics
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_compiler.sources import compile_source, locate_problems, read_source
from argosy_compiler.stats import Stats, compute_stats
from argosy_compiler.workflow_size import check_workflow_size
from argosy_engine.home.run_directory import make_unwritable_error
from argosy_engine.plan import RunPlan, plan_workflow
from argosy_engine.settings import RunSettings
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.source import Source


@click.command(epilog=format_examples("argosy plan pipeline.yaml --param name=World"))
@click.argument("pipeline", metavar="PIPELINE")
@param
@params_file
@artifacts_option
@claims_option
@secrets_option
@config_maps_option
@env_file_option
@home
@root
@click.option("--no-cache", is_flag=True, help="Plan as if every task had to run.")
@output_option("json prints one object to standard output.")
@max_size
def command(
    pipeline: str,
    assignments: tuple[str, ...],
    params_file: Path | None,
    artifacts: tuple[str, ...],
    claims: tuple[str, ...],
    secrets: tuple[str, ...],
    config_maps: tuple[str, ...],
    env_file: Path | None,
    home: Path,
    root: str | None,
    no_cache: bool,
    output: str,
    max_size_bytes: int,
) -> None:
    """Show what each task of a run would do, without running it.

    For each task the plan shows whether it would run, take its result from the cache (and from
    which run), be skipped, or cannot be known yet, and its fingerprint. Iterations that cannot be
    counted yet are one line: for-loop-1/*/train. Below, it shows what compile --stats prints for
    Argo. The exit status is 0, even if a task would fail; if the run or compile would refuse the
    pipeline, it is theirs.
    """
    source = load_argument(pipeline, max_size_bytes=max_size_bytes)
    _check_home(home)
    result, options = _compile(source, max_size_bytes=max_size_bytes)
    parameters = parse_parameters(assignments, params_file, lambda: unpack(result.ir))
    plan = plan_workflow(
        result.workflow,
        result.ir,
        settings=RunSettings(
            home=home,
            root=root,
            cache=not no_cache,
            stand_ins=parse_stand_ins(
                claims=claims, secrets=secrets, config_maps=config_maps, env_file=env_file
            ),
        ),
        parameters=parameters,
        artifacts=parse_assignments(artifacts, option="--artifact", value_name="URI"),
    )
    argo = compute_stats(result, options)
    if output == "json":
        click.echo(json.dumps(plan_to_json(plan, argo)))
    else:
        _print(plan, argo)


def _check_home(home: Path) -> None:
    """Refuse a home in which the run could not start, as the run would."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise make_unwritable_error(home.absolute(), error) from error


def _compile(source: Source, *, max_size_bytes: int) -> tuple[CompiledPipeline, CompileOptions]:
    """Compile for Argo, with a store if the pipeline is too large to travel in the workflow."""
    pipeline = read_source(source, max_size_bytes=max_size_bytes)
    options = CompileOptions()
    try:
        result = compile_source(source, pipeline, options)
    except InvalidArgumentError:
        options = CompileOptions(ir=IrPlacement.STORE)
        result = compile_source(source, pipeline, options)
    with locate_problems(source):
        check_workflow_size(result)
    return result, options


def _print(plan: RunPlan, argo: Stats) -> None:
    # A pipe gets each task on one line, whatever its length.
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in format_plan(plan.tasks, columns):
        click.echo(line)
    click.echo("\non Argo")
    for line in format_statistics(argo):
        for part in wrap_words(line, columns, first="  ", others="    "):
            click.echo(part)

"""``argosy run``."""

from __future__ import annotations

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
    jobs_option,
    keep_pins,
    max_size,
    output_option,
    param,
    params_file,
    quiet,
    root,
    runner_option,
    sdk_logs,
    secrets_option,
)
from argosy_cli.views.choice import open_view
from argosy_cli.views.run_output import make_failed_result, print_json, show_result
from argosy_engine.home.compile_cache import compile_cached
from argosy_engine.run import resume_run, run_workflow
from argosy_engine.settings import RunnerName, RunSettings, get_default_jobs
from argosy_schemas.errors import ArgosyError, InvalidArgumentError, InvalidPipelineError
from argosy_schemas.formats.packed_ir import unpack


@click.command(
    epilog=format_examples(
        "argosy run pipeline.yaml --param name=World",
        "argosy run train.py:pipeline\n-f params.yaml --output json",
    )
)
@click.argument("pipeline", required=False, metavar="PIPELINE")
@param
@params_file
@artifacts_option
@claims_option
@secrets_option
@config_maps_option
@env_file_option
@home
@root
@click.option("--no-cache", is_flag=True, help="Run every task, even if its result is cached.")
@jobs_option
@click.option(
    "--resume",
    metavar="RUN",
    help="Go on with a run, as 'argosy retry' does; one that has succeeded is shown.",
)
@runner_option
@keep_pins
@output_option("json prints one object to standard output when the run ends.")
@quiet
@sdk_logs
@max_size
def command(
    pipeline: str | None,
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
    jobs: int | None,
    resume: str | None,
    runner: str,
    keep_pins: bool,
    output: str,
    quiet: bool,
    sdk_logs: bool,
    max_size_bytes: int,
) -> int:
    """Run a pipeline on this machine.

    PIPELINE is a compiled .yaml or .json file, '-' for standard input, or a .py file with one
    @dsl.pipeline, or with one @dsl.component alone (FILE.py:NAME selects one of several; needs
    kfp). Exit status: 0 the run succeeded, 1 it failed, 2 wrong usage or an invalid pipeline or
    parameter, 130 interrupted.
    """
    settings = RunSettings(
        home=home,
        root=root,
        cache=not no_cache,
        jobs=jobs or get_default_jobs(),
        runner=RunnerName(runner),
        keep_pins=keep_pins,
        stand_ins=parse_stand_ins(
            claims=claims, secrets=secrets, config_maps=config_maps, env_file=env_file
        ),
    )
    if (pipeline is None) == (resume is None):
        raise InvalidArgumentError("give either a PIPELINE to run or --resume RUN, not both")
    if resume is not None and (assignments or params_file or artifacts or root or no_cache):
        raise InvalidArgumentError(
            "--resume keeps the parameters, artifacts, root and cache setting of the run; leave "
            "them out"
        )
    try:
        if pipeline is None:
            with open_view(quiet=quiet, sdk_logs=sdk_logs) as listener:
                result = resume_run(resume or "", settings=settings, listener=listener)
        else:
            source = load_argument(pipeline, max_size_bytes=max_size_bytes)
            compiled = compile_cached(source, home=home, max_size_bytes=max_size_bytes)
            parameters = parse_parameters(assignments, params_file, lambda: unpack(compiled.ir))
            with open_view(quiet=quiet, sdk_logs=sdk_logs) as listener:
                result = run_workflow(
                    compiled.workflow,
                    compiled.ir,
                    settings=settings,
                    parameters=parameters,
                    artifacts=parse_assignments(artifacts, option="--artifact", value_name="URI"),
                    listener=listener,
                )
    except (InvalidPipelineError, InvalidArgumentError):
        raise  # wrong usage: nothing ran, so there is no result
    except ArgosyError as error:
        # The run could not start; a script that reads JSON gets that as JSON as well.
        if output == "json":
            print_json(make_failed_result(str(error)))
        raise
    return show_result(result, home, output)

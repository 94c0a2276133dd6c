"""``argosy compile``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from argosy._cluster_options import check_cluster_options
from argosy._compiling import compile_for_argo
from argosy._pipelines import check_source
from argosy_cli.arguments import load_argument, parse_assignments, read_patch_file
from argosy_cli.options.compiling import (
    compile_options,
    make_compile_options,
    patch_option,
)
from argosy_cli.options.shared import format_examples, max_size, param
from argosy_cli.views.pass_files import PassFiles
from argosy_cli.views.statistics import format_statistics
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.objects.arguments import give_arguments
from argosy_compiler.objects.kinds import ObjectOptions, WorkflowKind, make_object
from argosy_compiler.objects.merging import patch_workflow
from argosy_compiler.objects.schedules import Concurrency, Schedule
from argosy_compiler.options import CompileOptions
from argosy_schemas.errors import InvalidArgumentError, MachineError

_SUFFIX_FORMATS: Final = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


@click.command(
    epilog=format_examples(
        "argosy compile pipeline.yaml\n--store s3://bucket/argosy -o workflow.json",
        "argosy compile train.py |\nargo submit -p argosy-store=s3://bucket/argosy -",
    )
)
@click.argument("pipeline_name", metavar="PIPELINE")
@click.option(
    "-o",
    "--output-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file; its suffix (.json, .yaml) sets the format; '-' is standard output."
    "  [default: -]",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["json", "yaml"]),
    help="JSON is also valid YAML, and faster to write and read.  [default: json]",
)
@compile_options
@param
@patch_option
@click.option(
    "--kind",
    type=click.Choice([each.value for each in WorkflowKind], case_sensitive=False),
    default=WorkflowKind.WORKFLOW.value,
    show_default=True,
    help="Write a workflow that runs when it is created, a template to make workflows from, or a"
    " workflow that runs by a schedule.",
)
@click.option("--name", "object_name", metavar="NAME", help="Name of the object.")
@click.option(
    "--schedule",
    "times",
    multiple=True,
    metavar="TIME",
    help="When a CronWorkflow runs: '30 5 * * 1-5' (minute, hour, day, month, weekday), @daily;"
    " can be repeated.",
)
@click.option("--timezone", metavar="ZONE", help="Time zone of --schedule, e.g. Europe/Berlin.")
@click.option(
    "--concurrency",
    type=click.Choice([each.value for each in Concurrency], case_sensitive=False),
    default=Concurrency.ALLOW.value,
    show_default=True,
    help="What a CronWorkflow does while its previous run is still running.",
)
@click.option("--suspended", is_flag=True, help="A CronWorkflow waits until it is resumed.")
@click.option(
    "--explain",
    is_flag=True,
    help="Explain which tasks need a pod to decide, which wait longer than they need to, and which"
    " templates are shared.",
)
@click.option(
    "--stats", "show_stats", is_flag=True, help="Print the number of pods, sizes and limits."
)
@click.option(
    "--dump-passes",
    "dump_directory",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Debug the compiler: write the result of each pass to a numbered JSON file in DIR.",
)
@max_size
def command(
    pipeline_name: str,
    output_file: Path | None,
    output_format: str | None,
    assignments: tuple[str, ...],
    patch_files: tuple[Path, ...],
    kind: str,
    object_name: str | None,
    times: tuple[str, ...],
    timezone: str | None,
    concurrency: str,
    suspended: bool,
    explain: bool,
    show_stats: bool,
    dump_directory: Path | None,
    max_size_bytes: int,
    **chosen: Any,
) -> None:
    """Compile a pipeline to an Argo Workflow, WorkflowTemplate or CronWorkflow.

    PIPELINE is a compiled .yaml or .json file, '-' for standard input, or a .py file with one
    @dsl.pipeline (FILE.py:NAME selects one of several; needs kfp). --explain and --stats print to
    standard error.
    """
    from argosy_compiler.emit import TextFormat, UnknownFieldError, emit

    options = make_compile_options(**chosen)
    check_cluster_options(options)
    objects = ObjectOptions(
        kind=WorkflowKind(kind),
        name=object_name,
        schedule=_make_schedule(times, timezone, concurrency, suspended),
    )
    texts = parse_assignments(assignments, option="--param")
    patches = [read_patch_file(file) for file in patch_files]
    pipeline = check_source(
        load_argument(pipeline_name, max_size_bytes=max_size_bytes), max_size_bytes
    )

    def inspect(compiled: CompiledPipeline) -> None:
        if explain:
            _explain(compiled)
        if show_stats:
            _print_stats(compiled, options)

    on_pass = None if dump_directory is None else PassFiles(dump_directory)
    result = compile_for_argo(pipeline, options, inspect=inspect, on_pass=on_pass)
    workflow = give_arguments(result.workflow, pipeline.ir, texts)
    for patch in patches:
        workflow = patch_workflow(workflow, patch)
    written = replace(result, workflow=make_object(workflow, objects))
    try:
        text = emit(written, TextFormat(output_format or _format(output_file)))
    except UnknownFieldError as error:
        if not patches:
            raise
        raise InvalidArgumentError(f"--patch: {error}") from error
    _write(output_file, text)


def _make_schedule(
    times: tuple[str, ...], timezone: str | None, concurrency: str, suspended: bool
) -> Schedule | None:
    if times:
        return Schedule(
            times=times,
            timezone=timezone,
            concurrency=Concurrency(concurrency),
            is_suspended=suspended,
        )
    if timezone is not None or suspended:
        raise InvalidArgumentError("--timezone and --suspended belong to a --schedule; give one")
    return None


def _format(output_file: Path | None) -> str:
    return _SUFFIX_FORMATS.get("" if output_file is None else output_file.suffix, "json")


def _write(output_file: Path | None, text: str) -> None:
    if output_file is None or str(output_file) == "-":
        click.echo(text, nl=False)
        return
    try:
        output_file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MachineError(f"'{output_file}' cannot be written: {error.strerror}") from error


def _explain(result: CompiledPipeline) -> None:
    if not result.notes:
        click.echo("No task needs a pod to decide.", err=True)
    for note in result.notes:
        click.echo(f"{note.path}: {note.message}", err=True)


def _print_stats(result: CompiledPipeline, options: CompileOptions) -> None:
    from argosy_compiler.stats import compute_stats

    for line in format_statistics(compute_stats(result, options)):
        click.echo(line, err=True)

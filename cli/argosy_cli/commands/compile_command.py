"""``argosy compile``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from argosy._cluster_options import check_cluster_options
from argosy._compiling import compile_for_argo
from argosy._pipelines import check_source
from argosy_cli.arguments import load_argument, parse_assignments, read_patch_file
from argosy_cli.commands.options import Count, format_examples, max_size, param
from argosy_cli.views.pass_files import PassFiles
from argosy_cli.views.statistics import format_statistics
from argosy_compiler.argo.images import parse_image_rules
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.config_objects import parse_config_object
from argosy_compiler.objects.arguments import give_arguments
from argosy_compiler.objects.kinds import ObjectOptions, WorkflowKind, make_object
from argosy_compiler.objects.merging import patch_workflow
from argosy_compiler.objects.schedules import Concurrency, Schedule
from argosy_compiler.options import ARGO_LINES, CompileOptions, IrPlacement, get_default_options
from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_schemas.formats.providers import Provider

SUFFIX_FORMATS = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}


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
@click.option(
    "--store",
    metavar="URL",
    help="Object store of the runs; a pipeline too large for the workflow is put there. Without"
    " this option, pass it to Argo: argo submit -p argosy-store=URL.",
)
@click.option(
    "--store-from",
    metavar="KIND/NAME",
    help="Take the URL of the store from the key ARGOSY_STORE of a configmap or secret; its other"
    " keys become environment variables of driver and launcher.",
)
@click.option(
    "--ir",
    "placement",
    type=click.Choice([placement.value for placement in IrPlacement]),
    default=IrPlacement.AUTO.value,
    show_default=True,
    help="How the pipeline reaches the drivers: inside the workflow if it is small, else from the"
    " store (auto), from the store, or from a ConfigMap that is written before the workflow.",
)
@click.option("--root", default="", metavar="URI", help="Write artifacts below this URI.")
@click.option(
    "--image",
    default=CompileOptions().image,
    show_default=True,
    help="Image of driver and launcher.",
)
@click.option(
    "--store-secret",
    metavar="NAME",
    help="Secret whose keys become environment variables of driver and launcher.",
)
@click.option(
    "--providers",
    "providers_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Options and secrets of buckets, in the format of KFP's ConfigMap kfp-launcher.",
)
@click.option(
    "--ca-bundle",
    metavar="KIND/NAME[/KEY]",
    help="Certificates that driver and launcher trust, in a configmap or secret.  [default KEY:"
    " ca.crt]",
)
@click.option(
    "--ca-bundle-for-tasks",
    "tasks_use_ca_bundle",
    is_flag=True,
    help="The commands of tasks trust the certificates of --ca-bundle instead of their image's.",
)
@click.option("--service-account", metavar="NAME", help="Service account of the pods.")
@click.option(
    "--image-map",
    "image_rules",
    multiple=True,
    metavar="FROM=TO",
    help="Take images whose name begins with FROM from TO, e.g. docker.io=registry.example.org/hub;"
    " can be repeated.",
)
@param
@click.option(
    "--patch",
    "patch_files",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Merge a YAML or JSON document into the workflow, as kubectl does by a strategic merge;"
    " can be repeated.",
)
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
    help="What a CronWorkflow does while its run before still runs.",
)
@click.option("--suspended", is_flag=True, help="A CronWorkflow waits until it is resumed.")
@click.option(
    "--argo",
    type=click.Choice(ARGO_LINES),
    help="Compile for one Argo version line; default: works on 3.5 to 4.1.",
)
@click.option(
    "--max-dag-tasks",
    type=Count(3),
    metavar="N",
    help="Maximum tasks in one DAG; stock Argo 4 refuses more than 200.  [default: 200; no limit"
    " with --argo 3.x]",
)
@click.option(
    "--max-templates",
    type=Count(1),
    metavar="N",
    help="Maximum templates in the workflow; stock Argo 4 refuses more than 200.  [default: 200; no"
    " limit with --argo 3.x]",
)
@click.option(
    "--max-nodes",
    type=Count(1),
    default=CompileOptions().max_nodes,
    show_default=True,
    metavar="N",
    help="Maximum nodes that one loop may create, with everything in it; a workflow with more does"
    " not fit into Argo's object.",
)
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
    store: str | None,
    store_from: str | None,
    placement: str,
    root: str,
    image: str,
    store_secret: str | None,
    providers_file: Path | None,
    ca_bundle: str | None,
    tasks_use_ca_bundle: bool,
    service_account: str | None,
    image_rules: tuple[str, ...],
    assignments: tuple[str, ...],
    patch_files: tuple[Path, ...],
    kind: str,
    object_name: str | None,
    times: tuple[str, ...],
    timezone: str | None,
    concurrency: str,
    suspended: bool,
    argo: str | None,
    max_dag_tasks: int | None,
    max_templates: int | None,
    max_nodes: int,
    explain: bool,
    show_stats: bool,
    dump_directory: Path | None,
    max_size_bytes: int,
) -> None:
    """Compile a pipeline to an Argo Workflow, WorkflowTemplate or CronWorkflow.

    PIPELINE is a compiled .yaml or .json file, '-' for standard input, or a .py file with one
    @dsl.pipeline (FILE.py:NAME selects one of several; needs kfp). --explain and --stats print to
    standard error.
    """
    from argosy_compiler.emit import TextFormat, UnknownFieldError, emit

    defaults = get_default_options(argo)
    options = replace(
        defaults,
        ir=IrPlacement(placement),
        store=store,
        store_from=None
        if store_from is None
        else parse_config_object(store_from, option="--store-from"),
        root=root,
        image=image,
        image_rules=parse_image_rules(image_rules),
        store_secret=store_secret,
        providers=_read_providers(providers_file),
        ca_bundle=None
        if ca_bundle is None
        else parse_config_object(ca_bundle, option="--ca-bundle", default_key="ca.crt"),
        tasks_use_ca_bundle=tasks_use_ca_bundle,
        service_account=service_account,
        max_dag_tasks=max_dag_tasks or defaults.max_dag_tasks,
        max_templates=max_templates or defaults.max_templates,
        max_nodes=max_nodes,
    )
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
    return SUFFIX_FORMATS.get("" if output_file is None else output_file.suffix, "json")


def _read_providers(file: Path | None) -> tuple[Provider, ...]:
    if file is None:
        return ()
    # Needed with the option only.
    from argosy_compiler.providers import parse_providers

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgumentError(f"--providers {file}: cannot be read ({error})") from error
    return parse_providers(text, name=str(file))


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

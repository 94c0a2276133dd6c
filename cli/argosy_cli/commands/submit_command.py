"""``argosy submit``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from argosy_cli.commands.compile_options import (
    compile_options,
    make_compile_options,
    patch_option,
)
from argosy_cli.commands.options import (
    artifacts_option,
    format_examples,
    max_size,
    output_option,
    param,
    params_file,
    target_options,
)
from argosy_cli.configuration import ConfiguredCommand


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy submit pipeline.yaml -n ml\n--store s3://bucket/argosy --param name=World",
        "argosy submit train.py:pipeline -f params.yaml --dry-run",
    ),
)
@click.argument("pipeline", metavar="PIPELINE")
@param
@params_file
@artifacts_option
@target_options
@click.option("--name", metavar="NAME", help="Name of the workflow.  [default: the pipeline's]")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    help="Add a label to the workflow; can be repeated.",
)
@click.option("--no-cache", is_flag=True, help="Run every task, even if its result is cached.")
@click.option("--dry-run", is_flag=True, help="Let the cluster check the workflow; run nothing.")
@output_option("name prints that of the workflow, json and yaml all of it.", "name", "yaml")
@compile_options
@patch_option
@max_size
def command(
    pipeline: str,
    assignments: tuple[str, ...],
    params_file: Path | None,
    artifacts: tuple[str, ...],
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    name: str | None,
    labels: tuple[str, ...],
    no_cache: bool,
    dry_run: bool,
    output: str,
    patch_files: tuple[Path, ...],
    max_size_bytes: int,
    **chosen: Any,
) -> None:
    """Submit a pipeline to a cluster with Argo Workflows.

    PIPELINE is a compiled .yaml or .json file, '-' for standard input, or a .py file with one
    @dsl.pipeline (FILE.py:NAME selects one of several; needs kfp). What a cluster needs to know,
    such as --namespace and --store, can stand in ~/.config/argosy/config.toml or in ARGOSY_…
    variables. The right to create Workflows is enough.
    """
    # Not above: help texts need none of it.
    from argosy._pipelines import check_source
    from argosy._submitting import submit_pipeline
    from argosy_cli.arguments import (
        load_argument,
        parse_assignments,
        read_parameters_file,
        read_patch_file,
    )
    from argosy_cluster.targets import Target, connect_cluster
    from argosy_schemas.checking.run_parameters import list_parameter_types, write_run_parameters

    options = make_compile_options(**chosen)
    read = check_source(load_argument(pipeline, max_size_bytes=max_size_bytes), max_size_bytes)
    parameters = parse_assignments(assignments, option="--param")
    if params_file is not None:
        values = read_parameters_file(params_file, list_parameter_types(read.ir))
        parameters = write_run_parameters(read.ir, values) | parameters
    run = submit_pipeline(
        read,
        parameters,
        cluster=connect_cluster(
            Target(namespace=namespace, context=context, kubeconfig=kubeconfig)
        ),
        options=options,
        artifacts=parse_assignments(artifacts, option="--artifact", value_name="URI"),
        cache=not no_cache,
        name=name,
        labels=parse_assignments(labels, option="--label"),
        patches=[read_patch_file(file) for file in patch_files],
        dry_run=dry_run,
    )
    if output == "name":
        click.echo(run.name)
    elif output == "text":
        _print(run.name, run.run_id, run.namespace, dry_run)
    else:
        _print_document(run.workflow, output)


def _print(name: str, run_id: str, namespace: str, dry_run: bool) -> None:
    if dry_run:
        click.echo(f"namespace '{namespace}' takes workflow '{name}'; nothing was created")
        return
    click.echo(f"run {run_id} submitted as workflow '{name}' in namespace '{namespace}'")
    print(f"see it with: argosy get {name} -n {namespace}", file=sys.stderr)


def _print_document(document: object, output: str) -> None:
    if output == "json":
        import json

        click.echo(json.dumps(document, indent=2))
        return
    import yaml

    click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)

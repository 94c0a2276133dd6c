"""``argosy submit``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.exit_codes import ExitCode
from argosy_cli.options.compiling import (
    compile_options,
    make_compile_options,
    patch_option,
)
from argosy_cli.options.following import following_options, make_following
from argosy_cli.options.shared import (
    artifacts_option,
    format_examples,
    max_size,
    output_option,
    param,
    params_file,
    target_options,
)
from argosy_schemas.errors import InvalidArgumentError

if TYPE_CHECKING:
    from argosy._submitting import SubmittedRun


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy submit pipeline.yaml -n ml\n--store s3://bucket/argosy --param name=World",
        "argosy submit train.py:pipeline -f params.yaml --dry-run",
        "argosy submit pipeline.yaml -n ml\n--wait --timeout 2h -o json",
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
@click.option(
    "--pods-for-cached",
    is_flag=True,
    help="Give each cached task a pod; without it, only tasks that may have to run have one.",
)
@click.option("--dry-run", is_flag=True, help="Let the cluster check the workflow; run nothing.")
@following_options
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
    pods_for_cached: bool,
    dry_run: bool,
    is_watched: bool,
    is_awaited: bool,
    with_log: bool,
    timeout_seconds: float | None,
    output: str,
    patch_files: tuple[Path, ...],
    max_size_bytes: int,
    **chosen: Any,
) -> int:
    """Submit a pipeline to a cluster with Argo Workflows.

    PIPELINE is a compiled .yaml or .json file, '-' for standard input, or a .py file with one
    @dsl.pipeline (FILE.py:NAME selects one of several; needs kfp). What a cluster needs to know,
    such as --namespace and --store, can stand in ~/.config/argosy/config.toml or in ARGOSY_…
    variables. The right to create Workflows is enough; --watch, --wait and --log read them too.
    With one of these, Ctrl-C ends the command and the run goes on, --output json prints the result
    of the run, and the exit status is 0 if it succeeded, 1 if it failed, 7 if it was stopped, 8
    after --timeout.
    """
    # Not above: help texts need none of it.
    from argosy._pipelines import check_source
    from argosy._submitting import submit_pipeline
    from argosy_cli.arguments import (
        load_argument,
        parse_assignments,
        parse_parameters,
        read_patch_file,
    )
    from argosy_cluster.targets import Target, connect_cluster
    from argosy_runs.places import RunReference, write_command

    following = make_following(
        is_watched=is_watched,
        is_awaited=is_awaited,
        with_log=with_log,
        timeout_seconds=timeout_seconds,
    )
    if following.is_chosen and dry_run:
        raise InvalidArgumentError("a --dry-run makes no run to wait for; leave one out")
    options = make_compile_options(**chosen)
    read = check_source(load_argument(pipeline, max_size_bytes=max_size_bytes), max_size_bytes)
    parameters = parse_parameters(assignments, params_file, lambda: read.ir)
    cluster = connect_cluster(Target(namespace=namespace, context=context, kubeconfig=kubeconfig))
    run = submit_pipeline(
        read,
        parameters,
        cluster=cluster,
        options=options,
        artifacts=parse_assignments(artifacts, option="--artifact", value_name="URI"),
        cache=not no_cache,
        pods_for_cached=pods_for_cached,
        name=name,
        labels=parse_assignments(labels, option="--label"),
        patches=[read_patch_file(file) for file in patch_files],
        dry_run=dry_run,
    )
    for notice in run.notices:
        print(f"note: {notice}", file=sys.stderr)
    reference = RunReference(run_id=run.run_id, name=run.name)
    if output == "text" or following.is_chosen:
        _print(run, dry_run=dry_run, is_data=output == "text")
        if not following.is_chosen and not dry_run:
            come_back = write_command("get", reference, cluster.options)
            print(f"see it with: {come_back}", file=sys.stderr)
    if output == "name":
        click.echo(run.name)
    elif output != "text" and not following.is_chosen:
        _print_document(run.workflow, output)
    if not following.is_chosen:
        return ExitCode.SUCCEEDED
    # Only who follows a run reads it.
    from argosy_cli.following import wait_for_run
    from argosy_cluster.runs.place import ClusterRuns

    with ClusterRuns(cluster) as place:
        return wait_for_run(place, reference, following, output)


def _print(run: SubmittedRun, *, dry_run: bool, is_data: bool) -> None:
    if run.known:
        tasks = "cached task needs" if run.known == 1 else "cached tasks need"
        print(f"{run.known} {tasks} no pod", file=sys.stderr)
    if dry_run:
        click.echo(f"namespace '{run.namespace}' takes workflow '{run.name}'; nothing was created")
        return
    line = f"run {run.run_id} submitted as workflow '{run.name}' in namespace '{run.namespace}'"
    click.echo(line, err=not is_data)


def _print_document(document: object, output: str) -> None:
    if output == "json":
        import json

        click.echo(json.dumps(document, indent=2))
    else:
        from argosy_cli.views.run_output import print_yaml

        print_yaml(document)

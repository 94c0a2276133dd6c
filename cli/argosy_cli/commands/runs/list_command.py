"""``argosy list``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.options.shared import (
    Count,
    format_examples,
    home,
    output_format,
    target_options,
)
from argosy_cli.places import open_place
from argosy_cli.views.run_table import format_run_table, runs_to_json
from argosy_runs.states import RunState


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy list", "argosy list --state failed --pipeline train -o name", "argosy list -n ml"
    ),
)
@home
@target_options
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in RunState], case_sensitive=False),
    multiple=True,
    help="List only runs in this state; can be repeated.",
)
@click.option("--pipeline", metavar="NAME", help="List only runs of this pipeline.")
@click.option(
    "--limit",
    type=Count(1),
    default=50,
    show_default=True,
    metavar="N",
    help="List at most N runs.",
)
@output_format
def command(
    home: Path,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    states: tuple[str, ...],
    pipeline: str | None,
    limit: int,
    output: str,
) -> None:
    """List the runs of this machine or of a namespace of a cluster, newest first."""
    with open_place(home, namespace, context, kubeconfig) as place:
        runs = [
            run
            for run in place.list()
            if (not states or run.state in states) and pipeline in (None, run.pipeline)
        ]
    shown = runs[:limit]
    if output == "json":
        click.echo(runs_to_json(shown, left_out=len(runs) - len(shown)))
    elif output == "name":
        for run in shown:
            click.echo(run.name or run.run_id)
    else:
        click.echo(format_run_table(shown, [run.run_id for run in runs]), nl=bool(shown))
        if not shown:
            print(f"no runs in {place.label}", file=sys.stderr)
    if len(runs) > limit:
        print(f"{len(runs) - limit:,} more; show them with --limit", file=sys.stderr)

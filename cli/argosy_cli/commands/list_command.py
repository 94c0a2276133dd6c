"""``argosy list``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from argosy_cli.commands.options import Count, format_examples, home, output_format
from argosy_cli.views.run_table import format_run_table, runs_to_json
from argosy_runs.local.listing import list_runs
from argosy_runs.states import RunState


@click.command(
    epilog=format_examples("argosy list", "argosy list --state failed --pipeline train -o name")
)
@home
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
    home: Path, states: tuple[str, ...], pipeline: str | None, limit: int, output: str
) -> None:
    """List the runs of this machine, newest first."""
    runs = [
        run
        for run in list_runs(home)
        if (not states or run.state in states) and pipeline in (None, run.pipeline)
    ]
    shown = runs[:limit]
    if output == "json":
        click.echo(runs_to_json(shown, left_out=len(runs) - len(shown)))
    elif output == "name":
        for run in shown:
            click.echo(run.run_id)
    else:
        click.echo(format_run_table(shown, [run.run_id for run in runs]), nl=bool(shown))
        if not shown:
            print(f"no runs in '{home}'", file=sys.stderr)
    if len(runs) > limit:
        print(f"{len(runs) - limit:,} more; show them with --limit", file=sys.stderr)

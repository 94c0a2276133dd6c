"""``argosy get``."""

from __future__ import annotations

from pathlib import Path

import click

from argosy_cli.commands.options import format_examples, home, output_format, run_argument
from argosy_cli.views.run_details import format_run
from argosy_runs.local.reading import read_run
from argosy_runs.local.selecting import select_run
from argosy_schemas.values import to_json


@click.command(epilog=format_examples("argosy get @latest", "argosy get 7f3a -o json"))
@run_argument
@home
@output_format
def command(run: str, home: Path, output: str) -> None:
    """Show a run of this machine: the state of each task, and the outputs.

    RUN is an id, its first characters, @latest or @latest-failed. The JSON is that of 'argosy run'.
    """
    result = read_run(home, select_run(home, run))
    if output == "json":
        click.echo(to_json(result.to_json()))
    elif output == "name":
        click.echo(result.run_id)
    else:
        click.echo(format_run(result, home))

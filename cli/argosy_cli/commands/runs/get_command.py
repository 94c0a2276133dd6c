"""``argosy get``."""

from __future__ import annotations

from pathlib import Path

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.following import watch
from argosy_cli.options.shared import (
    format_examples,
    home,
    output_format,
    run_argument,
    target_options,
)
from argosy_cli.places import open_place
from argosy_cli.views.run_details import format_run
from argosy_cli.views.run_output import print_json


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy get @latest", "argosy get 7f3a -o json", "argosy get hello-x7k2p -n ml"
    ),
)
@run_argument
@home
@target_options
@click.option(
    "-w", "--watch", "is_watched", is_flag=True, help="Show the run live until it is over."
)
@output_format
def command(
    run: str,
    home: Path,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    is_watched: bool,
    output: str,
) -> None:
    """Show a run: the state of each task, and the outputs.

    RUN is an id, its first characters, @latest or @latest-failed; on a cluster also the name of a
    workflow. The JSON is that of 'argosy run'. Ctrl-C ends --watch, and the run goes on.
    """
    with open_place(home, namespace, context, kubeconfig) as place:
        selected = place.select(run)
        if output == "name":
            click.echo(selected.label)
            return
        if is_watched:
            watch(place, selected)
        result = place.read(selected, with_values=output == "json")
    for notice in result.notices:
        click.echo(f"note: {notice}", err=True)
    if output == "json":
        print_json(result)
    else:
        click.echo(format_run(result, place.command("retry", selected)))

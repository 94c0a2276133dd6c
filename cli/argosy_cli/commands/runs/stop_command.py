"""``argosy stop``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.options.shared import format_examples, home, run_argument, target_options
from argosy_cli.places import open_place

_LOOK_SECONDS = 0.1
_LONGEST_LOOK_SECONDS = 2.0


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy stop @latest", "argosy stop 7f3a --no-wait", "argosy stop hello-x7k2p -n ml"
    ),
)
@run_argument
@home
@target_options
@click.option("--no-wait", is_flag=True, help="Do not wait for the end of the run.")
@click.option(
    "--now",
    "at_once",
    is_flag=True,
    help="Kill running tasks, and run no exit handlers (on a cluster: terminate).",
)
def command(
    run: str,
    home: Path,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    no_wait: bool,
    at_once: bool,
) -> None:
    """Stop a run, as Ctrl-C does in the terminal that started it.

    RUN is an id, its first characters, @latest or @latest-failed; on a cluster also the name of a
    workflow. Running tasks get SIGTERM, exit handlers run, and the run is CANCELED; 'argosy
    retry' goes on with it. Stop a run of this machine twice to kill its tasks.
    """
    with open_place(home, namespace, context, kubeconfig) as place:
        selected = place.select(run)
        place.stop(selected, at_once=at_once)
        if no_wait:
            click.echo(f"run {selected.label} is stopping")
            return
        print(f"run {selected.label} is stopping; Ctrl-C stops only the waiting", file=sys.stderr)
        pause = _LOOK_SECONDS
        while not place.is_over(selected):
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS if selected.name else _LOOK_SECONDS)
        click.echo(f"run {selected.label} {place.read(selected, with_values=False).state}")

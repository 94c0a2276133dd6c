"""``argosy stop``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from argosy_cli.commands.options import examples, home, run_argument
from argosy_runs.home import RunFiles
from argosy_runs.reading import read_run
from argosy_runs.selecting import select_run
from argosy_schemas.errors import InvalidArgumentError

_LOOK_SECONDS = 0.1


@click.command(epilog=examples("argosy stop @latest", "argosy stop 7f3a --no-wait"))
@run_argument
@home
@click.option("--no-wait", is_flag=True, help="Do not wait until the run has ended.")
def command(run: str, home: Path, no_wait: bool) -> None:
    """Stop a run that goes on, as Ctrl-C does where it was started.

    RUN is an id, its first characters, @latest or @latest-failed. Tasks that run are told to end,
    exit handlers run, and the run is CANCELED; 'argosy run --resume' goes on with it. Stop a run
    twice to kill what does not listen.
    """
    run_id = select_run(home, run)
    files = RunFiles(home, run_id)
    if not files.is_locked():
        state = read_run(home, run_id).state
        raise InvalidArgumentError(f"run '{run_id}' does not go on: it is {state}")
    files.request_stop()
    if no_wait:
        click.echo(f"run {run_id} is stopping")
        return
    print(f"run {run_id} is stopping; Ctrl-C stops only the waiting", file=sys.stderr)
    while files.is_locked():
        time.sleep(_LOOK_SECONDS)
    click.echo(f"run {run_id} {read_run(home, run_id).state}")

"""``argosy stop``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from argosy_cli.commands.options import format_examples, home, run_argument
from argosy_runs.local.home import RunFiles
from argosy_runs.local.reading import read_run
from argosy_runs.local.selecting import select_run
from argosy_schemas.errors import InvalidArgumentError

_LOOK_SECONDS = 0.1


@click.command(epilog=format_examples("argosy stop @latest", "argosy stop 7f3a --no-wait"))
@run_argument
@home
@click.option("--no-wait", is_flag=True, help="Do not wait for the end of the run.")
def command(run: str, home: Path, no_wait: bool) -> None:
    """Stop a run, as Ctrl-C does in the terminal that started it.

    RUN is an id, its first characters, @latest or @latest-failed. Running tasks get SIGTERM, exit
    handlers run, and the run is CANCELED; 'argosy run --resume' continues it. Stop a run twice to
    kill its tasks.
    """
    run_id = select_run(home, run)
    files = RunFiles(home, run_id)
    if not files.is_locked():
        state = read_run(home, run_id).state
        raise InvalidArgumentError(
            f"run '{run_id}' is {state}; only a run that has not ended can be stopped"
        )
    files.request_stop()
    if no_wait:
        click.echo(f"run {run_id} is stopping")
        return
    print(f"run {run_id} is stopping; Ctrl-C stops only the waiting", file=sys.stderr)
    while files.is_locked():
        time.sleep(_LOOK_SECONDS)
    click.echo(f"run {run_id} {read_run(home, run_id).state}")

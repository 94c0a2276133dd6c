"""``argosy logs``."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable
from pathlib import Path

import click

from argosy_cli.commands.options import (
    Count,
    format_examples,
    home,
    run_argument,
    sdk_logs,
    select_tasks,
)
from argosy_cli.views.words import strip_controls
from argosy_runs.local.home import RunFiles
from argosy_runs.local.logs import LogLine, LogReader
from argosy_runs.local.reading import read_run
from argosy_runs.local.selecting import select_run
from argosy_schemas.names import TaskPath

_LOOK_SECONDS = 0.3


@click.command(
    epilog=format_examples(
        "argosy logs @latest", "argosy logs 7f3a train --tail 20", "argosy logs 7f3a -f"
    )
)
@run_argument
@click.argument("task", required=False)
@home
@click.option("-f", "--follow", is_flag=True, help="Keep printing until the run ends.")
@click.option(
    "--tail", type=Count(1), metavar="N", help="Print only the last N lines of each task."
)
@click.option(
    "--raw",
    is_flag=True,
    help="Print all lines as the tasks wrote them, with colours and without names.",
)
@sdk_logs
def command(
    run: str,
    task: str | None,
    home: Path,
    follow: bool,
    tail: int | None,
    raw: bool,
    sdk_logs: bool,
) -> None:
    """Print the output of the tasks of a run, each line after the name of its task.

    RUN is an id, its first characters, @latest or @latest-failed. TASK is a path or the last part
    of one; a group stands for all tasks in it. All attempts of a task are printed, in order. With
    one task, or with --raw, the name is left out.
    """
    run_id = select_run(home, run)
    files = RunFiles(home, run_id)
    # Asked before the logs are read, so that lines written meanwhile are read as well.
    is_over = not files.is_locked()
    is_named = not raw and len(select_tasks(read_run(home, run_id), task)) > 1
    reader = LogReader(files, task, sdk_lines=sdk_logs or raw)
    _print(_last(reader.read(is_over=is_over), tail), is_named=is_named, raw=raw)
    while follow and not is_over:
        time.sleep(_LOOK_SECONDS)
        is_over = not files.is_locked()
        _print(reader.read(is_over=is_over), is_named=is_named, raw=raw)


def _last(lines: Iterable[LogLine], count: int | None) -> Iterable[LogLine]:
    """Return the last ``count`` lines of each task, task by task; ``None``: all."""
    if count is None:
        return lines
    last: dict[TaskPath, deque[LogLine]] = defaultdict(lambda: deque(maxlen=count))
    for line in lines:
        last[line.path].append(line)
    return (line for kept in last.values() for line in kept)


def _print(lines: Iterable[LogLine], *, is_named: bool, raw: bool) -> None:
    for line in lines:
        text = line.text if raw else strip_controls(line.text)
        # As it is: Click would leave colours out where no terminal is.
        print(f"{line.path} | {text}" if is_named else text, flush=True)

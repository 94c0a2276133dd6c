"""``argosy logs``."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from pathlib import Path

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.following import take_results
from argosy_cli.options.shared import (
    Count,
    format_examples,
    home,
    run_argument,
    sdk_logs,
    select_tasks,
    target_options,
)
from argosy_cli.places import open_place
from argosy_cli.views.words import strip_controls
from argosy_runs.places import LogLine, RunLog
from argosy_schemas.names import TaskPath


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy logs @latest",
        "argosy logs 7f3a train --tail 20",
        "argosy logs hello-x7k2p -n ml -f",
    ),
)
@run_argument
@click.argument("task", required=False)
@home
@target_options
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
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    follow: bool,
    tail: int | None,
    raw: bool,
    sdk_logs: bool,
) -> None:
    """Print the output of the tasks of a run, each line after the name of its task.

    RUN is an id, its first characters, @latest or @latest-failed; on a cluster also the name of a
    workflow. TASK is a path or the last part of one; a group stands for all tasks in it. All
    attempts of a task are printed, in order. With one task, or with --raw, the name is left out. On
    a cluster, tasks that run are read from their pods, and others from the store.
    """
    with open_place(home, namespace, context, kubeconfig) as place:
        selected = place.select(run)
        logs = place.open_log(selected, task, sdk_lines=sdk_logs or raw)
        notes = _Notes(logs)
        results = (
            take_results(place.follow(selected))
            if follow
            else [place.read(selected, with_values=False)]
        )
        is_named: bool | None = None
        for result in results:
            is_first = is_named is None
            if is_named is None:
                if result is None:
                    continue
                is_named = not raw and len(select_tasks(result, task)) > 1
            # The state is older than what is read now, so that the last lines are not missed.
            is_over = result is not None and result.state.is_final
            lines = logs.read(is_over=is_over)
            _print(_last(lines, tail) if is_first else lines, is_named=is_named, raw=raw)
            notes.print()


class _Notes:
    """Prints what could not be read, each once."""

    def __init__(self, logs: RunLog) -> None:
        self._logs = logs
        self._printed = 0

    def print(self) -> None:
        for notice in self._logs.notices[self._printed :]:
            click.echo(f"note: {notice}", err=True)
        self._printed = len(self._logs.notices)


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

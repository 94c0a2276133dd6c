"""``argosy why``."""

from __future__ import annotations

from pathlib import Path

import click

from argosy_cli.commands.options import Count, format_examples, home, output_option, select_tasks
from argosy_cli.views.explanation import explanation_to_json, format_explanation
from argosy_runs.causes import find_causes
from argosy_runs.local.home import RunFiles
from argosy_runs.local.logs import read_last_lines
from argosy_runs.local.reading import read_run
from argosy_runs.local.selecting import select_run
from argosy_runs.places import LATEST_FAILED


@click.command(
    epilog=format_examples("argosy why", "argosy why 7f3a train", "argosy why 7f3a -o json")
)
@click.argument("run", metavar="RUN", default=LATEST_FAILED)
@click.argument("task", required=False)
@home
@click.option(
    "--tail",
    type=Count(1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many of the last lines of a task to show.",
)
@output_option("json prints one object.")
def command(run: str, task: str | None, home: Path, tail: int, output: str) -> None:
    """Explain why a run failed: each task that failed, its last lines, and what to do next.

    RUN is an id, its first characters, @latest or @latest-failed (the default). The task that
    failed first comes first; a group that failed because of its tasks is left out. TASK is a path
    or the last part of one.
    """
    run_id = select_run(home, run)
    result = read_run(home, run_id)
    tasks = select_tasks(result, task)
    causes = tuple(cause for cause in find_causes(result) if cause.task in tasks)
    files = RunFiles(home, run_id)
    lines = {cause.task.path: read_last_lines(files, cause.task.path, tail) for cause in causes}
    others = tasks if task is not None else ()
    if output == "json":
        click.echo(explanation_to_json(result, causes, lines, others))
    else:
        click.echo(format_explanation(result, causes, lines, others))

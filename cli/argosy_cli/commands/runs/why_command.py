"""``argosy why``."""

from __future__ import annotations

from pathlib import Path

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.options.shared import (
    Count,
    format_examples,
    home,
    output_option,
    select_tasks,
    target_options,
)
from argosy_cli.places import open_place
from argosy_cli.views.explanation import explanation_to_json, format_explanation
from argosy_runs.places import LATEST_FAILED


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy why", "argosy why 7f3a train", "argosy why hello-x7k2p -n ml -o json"
    ),
)
@click.argument("run", metavar="RUN", default=LATEST_FAILED)
@click.argument("task", required=False)
@home
@target_options
@click.option(
    "--tail",
    type=Count(1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many of the last lines of a task to show.",
)
@output_option("json prints one object.")
def command(
    run: str,
    task: str | None,
    home: Path,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    tail: int,
    output: str,
) -> None:
    """Explain why a run failed or does not go on: each task, its last lines, and what to do next.

    RUN is an id, its first characters, @latest or @latest-failed (the default); on a cluster also
    the name of a workflow. The task that failed first comes first; a group that failed because of
    its tasks is left out. TASK is a path or the last part of one. On a cluster a pod that does not
    start, or was stopped, explains itself: by its conditions, its events and what Argo says.
    """
    with open_place(home, namespace, context, kubeconfig) as place:
        explanation = place.explain(place.select(run), task=task, tail=tail)
    others = () if task is None else select_tasks(explanation.run, task)
    for notice in explanation.notices:
        click.echo(f"note: {notice}", err=True)
    if output == "json":
        click.echo(explanation_to_json(explanation, others))
    else:
        click.echo(format_explanation(explanation, others))

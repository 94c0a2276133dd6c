"""``argosy delete``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.options.shared import format_examples, home, target_options
from argosy_cli.places import open_place
from argosy_runs.places import Deletion


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy delete 7f3a", "argosy delete 7f3a 19c2 --artifacts --yes", "argosy delete x7 -n ml"
    ),
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@home
@target_options
@click.option("--artifacts", is_flag=True, help="Also delete their artifacts.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
def command(
    runs: tuple[str, ...],
    home: Path,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    artifacts: bool,
    yes: bool,
) -> None:
    """Delete runs: their records, logs and work, and on a cluster their workflows.

    RUN is an id, its first characters, @latest or @latest-failed; on a cluster also the name of a
    workflow. Artifacts are kept unless --artifacts is given; artifacts that another run took from
    the cache are always kept.
    """
    with open_place(home, namespace, context, kubeconfig) as place:
        selected = list(dict.fromkeys(place.select(run) for run in runs))
        if not yes and sys.stdin.isatty():
            what = "with all artifacts" if artifacts else "without artifacts"
            names = ", ".join(run.label for run in selected)
            click.confirm(f"Delete {names} {what}?", abort=True, err=True)
        for run in selected:
            deletion = place.delete(run, artifacts=artifacts)
            click.echo("\n".join(_lines(run.label, deletion, artifacts)))
            for notice in deletion.notices:
                click.echo(f"note: {notice}", err=True)


def _lines(label: str, deletion: Deletion, artifacts: bool) -> list[str]:
    count = deletion.deleted_artifacts
    files = f" and {count:,} artifact file{'' if count == 1 else 's'}" if artifacts else ""
    lines = [f"run {label} deleted{files}"]
    return lines + [f"  kept because another run uses it: {uri}" for uri in deletion.kept]

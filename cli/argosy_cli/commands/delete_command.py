"""``argosy delete``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from argosy_cli.commands.options import format_examples, home
from argosy_runs.local.deleting import Deletion, delete_run
from argosy_runs.local.selecting import select_run


@click.command(
    epilog=format_examples("argosy delete 7f3a", "argosy delete 7f3a 19c2 --artifacts --yes")
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@home
@click.option("--artifacts", is_flag=True, help="Also delete their artifacts.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
def command(runs: tuple[str, ...], home: Path, artifacts: bool, yes: bool) -> None:
    """Delete runs of this machine: their records, logs and work.

    RUN is an id, its first characters, @latest or @latest-failed. Artifacts are kept unless
    --artifacts is given; artifacts that another run took from the cache are always kept.
    """
    ids = list(dict.fromkeys(select_run(home, run) for run in runs))
    if not yes and sys.stdin.isatty():
        what = "with all artifacts" if artifacts else "without artifacts"
        names = ", ".join(ids)
        click.confirm(f"Delete {names} {what}?", abort=True, err=True)
    for run_id in ids:
        click.echo("\n".join(_lines(delete_run(home, run_id, artifacts=artifacts), artifacts)))


def _lines(deletion: Deletion, artifacts: bool) -> list[str]:
    count = deletion.deleted_artifacts
    files = f" and {count:,} artifact file{'' if count == 1 else 's'}" if artifacts else ""
    lines = [f"run {deletion.run_id} deleted{files}"]
    return lines + [f"  kept because another run uses it: {uri}" for uri in deletion.kept]

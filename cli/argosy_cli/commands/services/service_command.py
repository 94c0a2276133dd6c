"""``argosy service`` and its commands."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.extras import need_service
from argosy_cli.options.shared import (
    FOR_CLUSTERS,
    format_examples,
    home,
    is_for_cluster,
    target_options,
)
from argosy_cli.usage import refuse_options
from argosy_schemas.errors import ArgosyError, MachineError
from argosy_service.settings import ServiceSettings

if TYPE_CHECKING:
    from argosy_service.engines.protocol import RunSource

_F = TypeVar("_F", bound=Callable[..., Any])


def _database_options(command: _F) -> _F:
    """Add the options that say which database it is, as those of ``argosy serve``."""
    return home(
        click.option(
            "--database",
            envvar="ARGOSY_DATABASE",
            metavar="URL",
            help="Database of the service, as for 'argosy serve'.  [default: ARGOSY_DATABASE, else"
            " SQLite in --home]",
        )(command)
    )


@click.group()
def command() -> None:
    """Look after the database of a service.

    Needs the extra 'service' of the package.
    """


@command.command(
    epilog=format_examples(
        "argosy service upgrade",
        "argosy service upgrade --database postgresql://argosy@db/argosy",
    )
)
@_database_options
def upgrade(home: Path, database: str | None) -> None:
    """Bring the database up to date for this release, or create its tables.

    First stop all services that use it, and make a backup. For SQLite 'argosy serve' does the same
    by itself; it refuses a PostgreSQL database of an earlier release.
    """
    with need_service():
        from argosy_service.database.upkeep import upgrade_database
    before, after = upgrade_database(_find_url(home, database))
    if before == after:
        click.echo(f"the database has schema {after}, the newest of this release")
    else:
        click.echo(f"the database has schema {after} now; before, it had {before or 'none'}")


@command.command(
    epilog=format_examples(
        "argosy service backup monday.db",
        "argosy service backup monday.db --home /srv/argosy",
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_database_options
def backup(file: Path, home: Path, database: str | None) -> None:
    """Copy the database to FILE, also while a service uses it.

    FILE is a database of SQLite; to restore it, put it in the place of the other one. PostgreSQL
    has pg_dump for this. Records, logs and artifacts of runs are not part of the database: they are
    files in the home or the store.
    """
    with need_service():
        from argosy_service.database.upkeep import back_up_database
    size = back_up_database(_find_url(home, database), file)
    click.echo(f"{file}: {size / 2**20:,.1f} MiB")


@command.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy service rebuild",
        "argosy service rebuild 7f3ab2c4-91d0-4c1f-9a55-0123456789ab",
        "argosy service rebuild -n ml --store s3://bucket/argosy --database postgresql://db/argosy",
    ),
)
@click.argument("run_ids", metavar="[RUN_ID]...", nargs=-1)
@_database_options
@click.option(
    "--engine",
    type=click.Choice(["local", "argo"]),
    help="Where the runs took place, as for 'argosy serve'.",
)
@target_options
@click.option(
    "--store", metavar="URL", help="Object store with the records of runs whose Workflow is gone."
)
@click.option(
    "--store-from",
    metavar="KIND/NAME",
    help="Take the URL of the store from the key ARGOSY_STORE of a configmap or secret.",
)
def rebuild(
    run_ids: tuple[str, ...],
    home: Path,
    database: str | None,
    engine: str | None,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    store: str | None,
    store_from: str | None,
) -> None:
    """Rebuild what the database says of the tasks and artifacts of runs: all runs, or some.

    The tasks are read from the journals and records in the home, or on a cluster from Workflows and
    the records in the store. A run that ended after the backup that was restored gets its end. A
    run that has left nothing stays as it is.

    First stop all services that use the database. A run that cannot be read stays as it is, and the
    exit status is not 0 then.
    """
    with need_service():
        from argosy_service.background.rebuilding import Rebuilding, rebuild_runs

    on_cluster = is_for_cluster(engine, namespace, context, kubeconfig)
    if not on_cluster:
        refuse_options(("namespace", "context", "kubeconfig", "store", "store_from"), FOR_CLUSTERS)

    def open_source() -> AbstractContextManager[RunSource]:
        if on_cluster:
            return _open_cluster(namespace, context, kubeconfig, store, store_from)
        from argosy_service.engines.local.reports import LocalRunSource

        return nullcontext(LocalRunSource(home))

    counts = dict.fromkeys(Rebuilding, 0)
    failed = 0
    ids = tuple(dict.fromkeys(run_ids))
    url = _find_url(home, database)
    for run_id, came in rebuild_runs(url, open_source, ids, lambda: datetime.now(UTC)):
        if isinstance(came, ArgosyError):
            failed += 1
            click.echo(f"run {run_id}: {' '.join(str(came).splitlines())}", err=True)
        else:
            counts[came] += 1
    for outcome, words in (
        (Rebuilding.REBUILT, "rebuilt"),
        (Rebuilding.COMPLETED, "completed from records, since their Workflow is gone"),
        (Rebuilding.LEFT, "left as they were: nothing is kept of them"),
    ):
        if counts[outcome] or outcome is Rebuilding.REBUILT:
            click.echo(f"{counts[outcome]:,} runs {words}")
    if failed:
        raise MachineError(f"{failed:,} runs cannot be read, and stayed as they were")


def _open_cluster(
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    store: str | None,
    store_from: str | None,
) -> AbstractContextManager[RunSource]:
    # Not above: runs of this machine need none of it.
    from argosy_cluster.targets import Target, connect_cluster
    from argosy_compiler.config_objects import parse_config_object
    from argosy_compiler.options import CompileOptions
    from argosy_service.engines.argo.settings import ArgoSettings
    from argosy_service.engines.argo.source import ArgoRunSource

    found = None if store_from is None else parse_config_object(store_from, option="--store-from")
    target = Target(namespace=namespace, context=context, kubeconfig=kubeconfig)
    return ArgoRunSource(
        ArgoSettings(
            connect=lambda: connect_cluster(target),
            connect_to=lambda name: connect_cluster(replace(target, namespace=name)),
            options=CompileOptions(store=store, store_from=found),
        )
    )


def _find_url(home: Path, database: str | None) -> str:
    return ServiceSettings(home=home, database=database).database_url

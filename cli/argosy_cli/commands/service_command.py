"""``argosy service`` and its commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from argosy_cli.options.shared import format_examples, home
from argosy_schemas.errors import MachineError
from argosy_service.settings import ServiceSettings

_F = TypeVar("_F", bound=Callable[..., Any])


def _database_options(command: _F) -> _F:
    """Add the options that say which database it is, as those of ``argosy serve``."""
    return home(
        click.option(
            "--database",
            envvar="ARGOSY_DATABASE",
            metavar="URL",
            help="Of the service, as for 'argosy serve'.  [default: ARGOSY_DATABASE, else SQLite in"
            " --home]",
        )(command)
    )


@click.group()
def command() -> None:
    """Look after the database of a service.

    Needs argosy[service].
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

    Stop all services that use it before, and make a backup. 'argosy serve' does it by itself for
    SQLite, and refuses PostgreSQL of an earlier release.
    """
    try:
        from argosy_service.database.upkeep import upgrade_database
    except ModuleNotFoundError as error:
        raise _make_missing_error(error) from error
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

    FILE is a database of SQLite; put it in the place of the other one to restore it. PostgreSQL has
    pg_dump for this. Records, logs and artifacts of runs are files in the home or the store, and
    not part of it.
    """
    try:
        from argosy_service.database.upkeep import back_up_database
    except ModuleNotFoundError as error:
        raise _make_missing_error(error) from error
    size = back_up_database(_find_url(home, database), file)
    click.echo(f"{file}: {size / 2**20:,.1f} MiB")


def _find_url(home: Path, database: str | None) -> str:
    return ServiceSettings(home=home, database=database).database_url


def _make_missing_error(error: ModuleNotFoundError) -> MachineError:
    return MachineError(f"the service needs the package '{error.name}'; install argosy[service]")

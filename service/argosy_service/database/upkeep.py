"""What an operator does with a database while no service uses it, or beside one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_service.database.database import open_database
from argosy_service.database.schema import HEAD, read_version, upgrade_schema


def upgrade_database(url: str) -> tuple[str | None, str]:
    """Bring a database up to date; return its version before, ``None`` for none, and after.

    Raises:
        InvalidArgumentError: The URL is none of a database.
        MachineError: The database cannot be used, is that of a later release, or is in use by a
            service that runs pipelines on its own machine.
    """
    found: list[str | None] = []

    def prepare(connection: Connection) -> None:
        found.append(read_version(connection))

    with (
        contextlib.closing(open_database(url, prepare=prepare)) as database,
        database.claim(),
        database.write() as connection,
    ):
        upgrade_schema(connection)
    return found[0], HEAD


def back_up_database(url: str, file: Path) -> int:
    """Copy a database of SQLite to a new file, also while a service uses it; return its bytes.

    Raises:
        InvalidArgumentError: The URL is none of a database, or one of PostgreSQL; or the file is
            there already.
        MachineError: The database cannot be read, or the file cannot be written.
    """
    source = _find_file(url)
    if file.exists():
        raise InvalidArgumentError(f"'{file}' is there already; choose another file, or delete it")
    part = file.with_name(f"{file.name}.part")
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as old,
            contextlib.closing(sqlite3.connect(part)) as new,
        ):
            # In one go: a service that writes meanwhile would have it begin anew.
            old.backup(new)
        os.replace(part, file)
        return file.stat().st_size
    except (sqlite3.Error, OSError) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise MachineError(
            f"'{source}' cannot be copied to '{file}': {error}; check both paths and the room on "
            "the disk"
        ) from error


def _find_file(url: str) -> Path:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidArgumentError(
            f"'{url.partition(':')[0]}' is no URL of a database; write sqlite:///PATH"
        ) from error
    if parsed.drivername != "sqlite" or not parsed.database:
        shown = parsed.render_as_string()
        raise InvalidArgumentError(
            f"'{shown}' is no file; back it up with the program of its server: "
            f"pg_dump --format=custom --file=FILE '{shown}'"
        )
    return Path(parsed.database).absolute()

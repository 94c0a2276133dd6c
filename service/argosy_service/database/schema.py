"""The version of a database: made new, brought up to date, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, inspect, select, text

from argosy_schemas.errors import MachineError

HEAD: Final = "0009"
"""The newest migration; a test compares it with the files."""

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_UPGRADING: Final = 0x6172676F7380
"""The number of the advisory lock that a service holds while it changes the tables."""


def upgrade_schema(connection: Connection) -> None:
    """Create the tables, or change those of an earlier release.

    Raises:
        MachineError: The database is that of a later release.
    """
    if connection.dialect.name == "postgresql":
        # Several services may start on it at once.
        connection.execute(select(func.pg_advisory_xact_lock(_UPGRADING)))
    version = read_version(connection)
    if version == HEAD:
        return
    known = {path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")}
    if version is not None and version not in known:
        raise MachineError(
            f"the database has schema {version}, and this release knows it up to {HEAD}; "
            "start the release of Argosy that wrote it, or a later one"
        )
    # Alembic takes a while to import, and is needed once.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def prepare_schema(connection: Connection) -> None:
    """Create the tables; change those of an earlier release where nobody else can be using them.

    Raises:
        MachineError: The database is that of a later release; or it is that of an earlier one, and
            services of other machines may be using it.
    """
    version = read_version(connection)
    if connection.dialect.name == "postgresql" and version is not None and version < HEAD:
        raise MachineError(
            f"the database has schema {version}, and this release needs {HEAD}; stop all services "
            "that use it, make a backup, and run 'argosy service upgrade' with its --database"
        )
    upgrade_schema(connection)


def read_version(connection: Connection) -> str | None:
    """Return the version of the schema; ``None`` where there are no tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)

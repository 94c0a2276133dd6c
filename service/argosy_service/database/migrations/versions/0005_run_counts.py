"""Numbers of runs, and indexes that have what lists are filtered by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COLUMNS = ("namespace", "experiment_id", "pipeline_id", "state", "storage_state")
_NAMES = ", ".join(_COLUMNS)


def upgrade() -> None:
    """Create the table, count what is there, and have triggers count from now on."""
    op.create_table(
        "run_counts",
        *(sa.Column(name, _TEXT, nullable=False, server_default="") for name in _COLUMNS),
        sa.Column("number", sa.Integer(), nullable=False),
    )
    op.execute(
        f"INSERT INTO run_counts ({_NAMES}, number) "
        f"SELECT {_NAMES}, count(*) FROM runs GROUP BY {_NAMES}"
    )
    if op.get_bind().dialect.name == "postgresql":
        _create_triggers_of_postgresql()
    else:
        _create_triggers_of_sqlite()
    for name, columns in (
        ("runs_created", ["created_at", "id", "name_key"]),
        ("runs_experiment", ["experiment_id", "created_at", "id", "state", "storage_state"]),
        ("runs_pipeline", ["pipeline_id", "created_at", "id", "state", "storage_state"]),
    ):
        op.drop_index(name, "runs")
        op.create_index(name, "runs", columns)


def _write_line(row: str, number: int) -> str:
    """Return the statement that counts a row as one more or less."""
    values = ", ".join(f"{row}.{name}" for name in _COLUMNS)
    return f"INSERT INTO run_counts ({_NAMES}, number) VALUES ({values}, {number});"


def _create_triggers_of_sqlite() -> None:
    less, more = _write_line("OLD", -1), _write_line("NEW", 1)
    for name, event, lines in (
        ("runs_inserted", "INSERT", more),
        ("runs_updated", f"UPDATE OF {_NAMES}", f"{less} {more}"),
        ("runs_deleted", "DELETE", less),
    ):
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON runs BEGIN {lines} END")


def _create_triggers_of_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION count_runs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP <> 'INSERT' THEN {_write_line('OLD', -1)} END IF; "
        f"IF TG_OP <> 'DELETE' THEN {_write_line('NEW', 1)} END IF; "
        "RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER runs_counted AFTER INSERT OR DELETE OR UPDATE OF {_NAMES} ON runs "
        "FOR EACH ROW EXECUTE FUNCTION count_runs()"
    )

"""What searches for parts of the names of runs go by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Leave the index by name as the narrowest one with names; add trigrams where they are."""
    op.drop_index("runs_created", "runs")
    op.create_index("runs_created", "runs", ["created_at", "id"])
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    query = sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
    if connection.execute(query).first() is None:
        return
    try:
        with connection.begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            op.execute("CREATE INDEX runs_name_trigrams ON runs USING gin (name_key gin_trgm_ops)")
    except DBAPIError:
        pass  # it needs a right that not all owners of databases have; lists go without

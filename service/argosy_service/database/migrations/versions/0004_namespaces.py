"""Namespaces that are kept apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Give recurring runs a namespace, and each list the index for those of one."""
    op.add_column(
        "recurring_runs", sa.Column("namespace", _TEXT, nullable=False, server_default="")
    )
    for table in ("experiments", "pipelines", "recurring_runs", "runs"):
        op.create_index(f"{table}_namespace", table, ["namespace", "created_at", "id"])

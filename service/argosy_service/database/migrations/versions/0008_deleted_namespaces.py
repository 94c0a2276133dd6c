"""Namespaces of deleted runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add where each of them took place."""
    op.add_column(
        "deleted_runs", sa.Column("namespace", sa.Text(), server_default="", nullable=False)
    )

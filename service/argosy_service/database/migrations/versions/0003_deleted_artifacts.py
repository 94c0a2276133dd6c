"""Artifacts of deleted runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add whether they go as well."""
    op.add_column(
        "deleted_runs",
        sa.Column("artifacts", sa.Boolean(), server_default=sa.false(), nullable=False),
    )

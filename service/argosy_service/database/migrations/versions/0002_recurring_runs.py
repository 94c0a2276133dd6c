"""Recurring runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create their table."""
    op.create_table(
        "recurring_runs",
        _id("id"),
        _id("experiment_id"),
        _text("name"),
        _text("name_key"),
        _text("description"),
        _text("error"),
        _text("pipeline_id"),
        _text("pipeline_version_id"),
        _text("spec_digest"),
        _text("parameters"),
        _text("pipeline_root"),
        _text("service_account"),
        sa.Column("max_concurrency", sa.Integer(), nullable=False),
        _text("cron"),
        _number("interval_seconds"),
        _number("start_at"),
        _number("end_at"),
        sa.Column("no_catchup", sa.Boolean(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        _number("created_at"),
        _number("updated_at"),
        _number("next_at"),
        sa.Column("fired", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("recurring_runs_created", "recurring_runs", ["created_at", "id"])
    op.create_index("recurring_runs_due", "recurring_runs", ["is_enabled", "next_at", "id"])
    op.create_index(
        "recurring_runs_experiment", "recurring_runs", ["experiment_id", "created_at", "id"]
    )
    op.create_index("recurring_runs_name_key", "recurring_runs", ["name_key", "id"])


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False, server_default="")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")

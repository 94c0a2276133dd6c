"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table("deleted_runs", _id("run_id"), sa.PrimaryKeyConstraint("run_id"))
    op.create_table(
        "experiments",
        _id("id"),
        _text("namespace"),
        _text("name"),
        _text("name_key"),
        _text("description"),
        _text("storage_state"),
        _time("created_at"),
        _time("last_run_created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("namespace", "name", name="experiments_name"),
    )
    op.create_index("experiments_created", "experiments", ["created_at", "id"])
    op.create_index("experiments_last_run", "experiments", ["last_run_created_at", "id"])
    op.create_index("experiments_name_key", "experiments", ["name_key", "id"])
    op.create_table(
        "pipeline_versions",
        _id("id"),
        _id("pipeline_id"),
        _text("name"),
        _text("name_key"),
        _text("display_name"),
        _text("display_name_key"),
        _text("description"),
        _text("package_url"),
        _text("code_source_url"),
        _text("spec_digest"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pipeline_id", "name", name="pipeline_versions_name"),
    )
    op.create_index(
        "pipeline_versions_created", "pipeline_versions", ["pipeline_id", "created_at", "id"]
    )
    op.create_index(
        "pipeline_versions_name_key", "pipeline_versions", ["pipeline_id", "name_key", "id"]
    )
    op.create_index("pipeline_versions_spec", "pipeline_versions", ["spec_digest"])
    op.create_table(
        "pipelines",
        _id("id"),
        _text("namespace"),
        _text("name"),
        _text("name_key"),
        _text("display_name"),
        _text("display_name_key"),
        _text("description"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("namespace", "name", name="pipelines_name"),
    )
    op.create_index("pipelines_created", "pipelines", ["created_at", "id"])
    op.create_index("pipelines_display_name_key", "pipelines", ["display_name_key", "id"])
    op.create_index("pipelines_name_key", "pipelines", ["name_key", "id"])
    op.create_table(
        "runs",
        _id("id"),
        _id("experiment_id"),
        _text("namespace"),
        _text("name"),
        _text("name_key"),
        _text("description"),
        _text("storage_state"),
        _text("state"),
        _text("state_history"),
        _text("error"),
        _text("pipeline_id"),
        _text("pipeline_version_id"),
        _text("spec_digest"),
        _text("parameters"),
        _text("pipeline_root"),
        _text("service_account"),
        _text("recurring_run_id"),
        sa.Column("ends", sa.Integer(), server_default="0", nullable=False),
        _time("created_at"),
        _time("scheduled_at"),
        _time("finished_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("runs_created", "runs", ["created_at", "id"])
    op.create_index("runs_experiment", "runs", ["experiment_id", "created_at", "id"])
    op.create_index("runs_finished", "runs", ["finished_at", "id"])
    op.create_index("runs_name_key", "runs", ["name_key", "id"])
    op.create_index("runs_pipeline", "runs", ["pipeline_id", "created_at", "id"])
    op.create_index("runs_recurring_run", "runs", ["recurring_run_id", "created_at", "id"])
    op.create_index("runs_spec", "runs", ["spec_digest"])
    op.create_index("runs_state", "runs", ["state", "created_at", "id"])
    op.create_index("runs_storage_state", "runs", ["storage_state", "created_at", "id"])
    op.create_table("specs", _id("digest"), _text("document"), sa.PrimaryKeyConstraint("digest"))
    op.create_table(
        "tags",
        _id("owner_id"),
        sa.Column("key", _TEXT, nullable=False),
        _text("value"),
        sa.PrimaryKeyConstraint("owner_id", "key"),
    )
    op.create_index("tags_value", "tags", ["key", "value", "owner_id"])
    op.create_table(
        "tasks",
        _id("run_id"),
        sa.Column("path", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("display_name"),
        _text("state"),
        _text("error"),
        _text("pod_name"),
        _time("started_at"),
        _time("finished_at"),
        sa.PrimaryKeyConstraint("run_id", "path"),
    )


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False, server_default="")


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")

"""Tasks with ids, inputs and outputs; artifacts; revisions."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Widen the tables of runs and tasks, and create the others."""
    op.add_column("runs", _number("revision"))
    op.create_index("runs_revision", "runs", ["revision"])
    op.add_column("tasks", sa.Column("id", sa.String(length=64), nullable=True))
    for name in ("parent_id", "name", "name_key", "kind", "state_history", "inputs", "outputs"):
        op.add_column("tasks", _text(name))
    op.add_column("tasks", _text("mark"))
    op.add_column(
        "tasks", sa.Column("is_cached", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("tasks", _number("created_at"))
    op.add_column("tasks", _number("revision"))
    _name_tasks()
    with op.batch_alter_table("tasks") as tasks:
        tasks.alter_column("id", existing_type=sa.String(length=64), nullable=False)
    op.create_index("tasks_id", "tasks", ["id"], unique=True)
    op.create_index("tasks_parent", "tasks", ["run_id", "parent_id", "position", "id"])
    op.create_index("tasks_revision", "tasks", ["run_id", "revision"])
    op.create_table(
        "artifacts",
        _id("id"),
        _text("namespace"),
        _text("name"),
        _text("name_key"),
        _text("type"),
        _text("uri"),
        _text("metadata"),
        _text("content"),
        _number("size_bytes"),
        _number("created_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("artifacts_created", "artifacts", ["created_at", "id"])
    op.create_index("artifacts_name_key", "artifacts", ["name_key", "id"])
    op.create_index("artifacts_type", "artifacts", ["type", "created_at", "id"])
    op.create_index("artifacts_uri", "artifacts", ["uri"])
    op.create_table(
        "artifact_links",
        _id("id"),
        _id("artifact_id"),
        _id("run_id"),
        _id("task_id"),
        _text("type"),
        _text("key"),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("producer"),
        _number("created_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "artifact_links_artifact", "artifact_links", ["artifact_id", "created_at", "id"]
    )
    op.create_index("artifact_links_task", "artifact_links", ["task_id"])
    op.create_index("artifact_links_run", "artifact_links", ["run_id", "created_at", "id"])
    op.create_index("artifact_links_created", "artifact_links", ["created_at", "id"])
    op.create_table(
        "gone_runs",
        _id("run_id"),
        _text("namespace"),
        _text("experiment_id"),
        _number("deleted_at"),
        _number("revision"),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_index("gone_runs_revision", "gone_runs", ["revision"])
    op.create_table(
        "counters",
        _id("name"),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _name_tasks() -> None:
    """Give the tasks that are there ids; what else is new comes with their next report."""
    names = ("run_id", "path", "id", "parent_id", "name")
    tasks = sa.table("tasks", *(sa.column(name, sa.Text()) for name in names))
    connection = op.get_bind()
    for run_id, path in connection.execute(sa.select(tasks.c.run_id, tasks.c.path)).all():
        outer, _, name = path.rpartition("/")
        values = {
            "id": _make_id(run_id, path),
            "parent_id": _make_id(run_id, outer) if outer else "",
            "name": name,
        }
        is_it = sa.and_(tasks.c.run_id == run_id, tasks.c.path == path)
        connection.execute(sa.update(tasks).where(is_it).values(**values))


def _make_id(run_id: str, path: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run_id}/{path}"))


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False, server_default="")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")

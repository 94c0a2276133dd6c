"""The tables.

Times are microseconds since 1970 in UTC, 0 where there is none. Texts are never NULL: empty stands
for absent. Beside each name that lists are sorted by is its *key*, the case-folded name, so that
both databases sort alike.

A change here is a migration as well, see ``migrations``; a test compares the two.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

METADATA: Final = MetaData()

_ID: Final = String(64)
# PostgreSQL compares texts by the rules of a language unless told otherwise, SQLite by bytes.
TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str) -> Column[str]:
    return Column(name, TEXT, nullable=False, default="", server_default="")


def _name(name: str) -> tuple[Column[str], Column[str]]:
    """Return the column of a name, and that of its key."""
    return _text(name), _text(f"{name}_key")


def _execution() -> tuple[Column[str], ...]:
    """Return the columns that say what a run or a recurring run executes."""
    return (
        _text("pipeline_id"),
        # Of a recurring run: empty where each run takes the newest version of the pipeline.
        _text("pipeline_version_id"),
        # Of the spec where it is inline, else of the version, also where that is gone by now.
        _text("spec_digest"),
        # JSON: the parameters that the caller gave; empty where it gave no runtime_config.
        _text("parameters"),
        _text("pipeline_root"),
        _text("service_account"),
    )


def _time(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, default=0, server_default="0")


EXPERIMENTS: Final = Table(
    "experiments",
    METADATA,
    Column("id", _ID, primary_key=True),
    _text("namespace"),
    *_name("name"),
    _text("description"),
    _text("storage_state"),
    _time("created_at"),
    _time("last_run_created_at"),
    UniqueConstraint("namespace", "name", name="experiments_name"),
    Index("experiments_created", "created_at", "id"),
    Index("experiments_namespace", "namespace", "created_at", "id"),
    Index("experiments_last_run", "last_run_created_at", "id"),
    Index("experiments_name_key", "name_key", "id"),
)

PIPELINES: Final = Table(
    "pipelines",
    METADATA,
    Column("id", _ID, primary_key=True),
    _text("namespace"),
    *_name("name"),
    *_name("display_name"),
    _text("description"),
    _time("created_at"),
    UniqueConstraint("namespace", "name", name="pipelines_name"),
    Index("pipelines_created", "created_at", "id"),
    Index("pipelines_namespace", "namespace", "created_at", "id"),
    Index("pipelines_name_key", "name_key", "id"),
    Index("pipelines_display_name_key", "display_name_key", "id"),
)

PIPELINE_VERSIONS: Final = Table(
    "pipeline_versions",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("pipeline_id", _ID, nullable=False),
    *_name("name"),
    *_name("display_name"),
    _text("description"),
    _text("package_url"),
    _text("code_source_url"),
    _text("spec_digest"),
    _time("created_at"),
    UniqueConstraint("pipeline_id", "name", name="pipeline_versions_name"),
    Index("pipeline_versions_created", "pipeline_id", "created_at", "id"),
    Index("pipeline_versions_name_key", "pipeline_id", "name_key", "id"),
    Index("pipeline_versions_spec", "spec_digest"),
)

SPECS: Final = Table(
    "specs",
    METADATA,
    # The SHA-256 of the text.
    Column("digest", _ID, primary_key=True),
    # JSON: a pipeline spec, or an object with pipeline_spec and platform_spec.
    _text("document"),
)

TAGS: Final = Table(
    "tags",
    METADATA,
    # A pipeline or a version; their ids differ.
    Column("owner_id", _ID, primary_key=True),
    Column("key", TEXT, primary_key=True),
    _text("value"),
    Index("tags_value", "key", "value", "owner_id"),
)

RUNS: Final = Table(
    "runs",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("experiment_id", _ID, nullable=False),
    _text("namespace"),
    *_name("name"),
    _text("description"),
    _text("storage_state"),
    _text("state"),
    # JSON: a list of {"at": microseconds, "state": name}, oldest first.
    _text("state_history"),
    _text("error"),
    *_execution(),
    _text("recurring_run_id"),
    # How often an engine has brought it to an end; more than once after retries.
    Column("ends", Integer, nullable=False, default=0, server_default="0"),
    # The number of the change that wrote it, or one of its tasks.
    Column("revision", BigInteger, nullable=False, default=0, server_default="0"),
    _time("created_at"),
    _time("scheduled_at"),
    _time("finished_at"),
    # Behind the id: what lists are filtered by, so that rows that do not match are not read.
    Index("runs_created", "created_at", "id"),
    Index("runs_namespace", "namespace", "created_at", "id"),
    Index("runs_experiment", "experiment_id", "created_at", "id", "state", "storage_state"),
    Index("runs_state", "state", "created_at", "id"),
    Index("runs_storage_state", "storage_state", "created_at", "id"),
    Index("runs_pipeline", "pipeline_id", "created_at", "id", "state", "storage_state"),
    Index("runs_recurring_run", "recurring_run_id", "created_at", "id"),
    Index("runs_name_key", "name_key", "id"),
    Index("runs_finished", "finished_at", "id"),
    Index("runs_spec", "spec_digest"),
    Index("runs_revision", "revision"),
)

RUN_COUNTS: Final = Table(
    "run_counts",
    METADATA,
    # Triggers on the runs write a line whenever their number changes by one, and never change one,
    # so that transactions do not wait for each other; a job adds lines that are alike.
    *(_text(name) for name in ("namespace", "experiment_id", "pipeline_id")),
    *(_text(name) for name in ("state", "storage_state")),
    Column("number", Integer, nullable=False),
)

TASKS: Final = Table(
    "tasks",
    METADATA,
    Column("run_id", _ID, primary_key=True),
    # The task path; the order of the tasks is that of `position`.
    Column("path", TEXT, primary_key=True),
    # It follows from run and path.
    Column("id", _ID, nullable=False),
    # The id of the task that it is in; empty for those of the pipeline itself.
    _text("parent_id"),
    Column("position", Integer, nullable=False),
    *_name("name"),
    _text("display_name"),
    _text("kind"),
    _text("state"),
    # As those of runs.
    _text("state_history"),
    Column("is_cached", Boolean, nullable=False, default=False, server_default=false()),
    _text("error"),
    _text("pod_name"),
    # JSON: parameters by name, each {"value", "type", "task"}; artifacts are links.
    _text("inputs"),
    _text("outputs"),
    _time("created_at"),
    _time("started_at"),
    _time("finished_at"),
    # Changes whenever something in the row has to.
    _text("mark"),
    # The number of the change that wrote it.
    Column("revision", BigInteger, nullable=False, default=0, server_default="0"),
    Index("tasks_id", "id", unique=True),
    Index("tasks_parent", "run_id", "parent_id", "position", "id"),
    Index("tasks_revision", "run_id", "revision"),
)

ARTIFACTS: Final = Table(
    "artifacts",
    METADATA,
    # A number in decimal digits, which follows from what the artifact is.
    Column("id", _ID, primary_key=True),
    _text("namespace"),
    *_name("name"),
    _text("type"),
    _text("uri"),
    # JSON.
    _text("metadata"),
    # What is at the URI: file, directory or absent; empty: not known.
    _text("content"),
    Column("size_bytes", BigInteger, nullable=False, default=0, server_default="0"),
    _time("created_at"),
    Index("artifacts_created", "created_at", "id"),
    Index("artifacts_name_key", "name_key", "id"),
    Index("artifacts_type", "type", "created_at", "id"),
    Index("artifacts_uri", "uri"),
)

ARTIFACT_LINKS: Final = Table(
    "artifact_links",
    METADATA,
    # A task that made or used an artifact; the id follows from both and from the key.
    Column("id", _ID, primary_key=True),
    Column("artifact_id", _ID, nullable=False),
    Column("run_id", _ID, nullable=False),
    Column("task_id", _ID, nullable=False),
    # The name of an IOType.
    _text("type"),
    # The name of the input or output.
    _text("key"),
    # In a list of artifacts.
    Column("position", Integer, nullable=False),
    # The task that an input comes from, by its key.
    _text("producer"),
    _time("created_at"),
    Index("artifact_links_artifact", "artifact_id", "created_at", "id"),
    Index("artifact_links_task", "task_id"),
    Index("artifact_links_run", "run_id", "created_at", "id"),
    Index("artifact_links_created", "created_at", "id"),
)

RECURRING_RUNS: Final = Table(
    "recurring_runs",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("experiment_id", _ID, nullable=False),
    _text("namespace"),
    *_name("name"),
    _text("description"),
    _text("error"),
    *_execution(),
    Column("max_concurrency", Integer, nullable=False),
    # Neither cron nor interval: it is due once.
    _text("cron"),
    Column("interval_seconds", BigInteger, nullable=False, default=0, server_default="0"),
    _time("start_at"),
    _time("end_at"),
    Column("no_catchup", Boolean, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    # The slot of the run that is made next; 0: there will be none.
    _time("next_at"),
    # How many slots there were.
    Column("fired", Integer, nullable=False, default=0, server_default="0"),
    Index("recurring_runs_created", "created_at", "id"),
    Index("recurring_runs_namespace", "namespace", "created_at", "id"),
    Index("recurring_runs_experiment", "experiment_id", "created_at", "id"),
    Index("recurring_runs_name_key", "name_key", "id"),
    Index("recurring_runs_due", "is_enabled", "next_at", "id"),
)

DELETED_RUNS: Final = Table(
    "deleted_runs",
    METADATA,
    # A run that clients see no more, and whose engine has not removed it yet.
    Column("run_id", _ID, primary_key=True),
    # Whether its artifacts go as well.
    Column("artifacts", Boolean, nullable=False, default=False, server_default=false()),
    _text("namespace"),
)

GONE_RUNS: Final = Table(
    "gone_runs",
    METADATA,
    # A run that was deleted a while ago, for those who follow the list.
    Column("run_id", _ID, primary_key=True),
    _text("namespace"),
    _text("experiment_id"),
    _time("deleted_at"),
    Column("revision", BigInteger, nullable=False, default=0, server_default="0"),
    Index("gone_runs_revision", "revision"),
)

COUNTERS: Final = Table(
    "counters",
    METADATA,
    Column("name", _ID, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

LEASES: Final = Table(
    "leases",
    METADATA,
    Column("name", _ID, primary_key=True),
    # Which of several services has it, and until when.
    _text("holder"),
    _time("expires_at"),
)

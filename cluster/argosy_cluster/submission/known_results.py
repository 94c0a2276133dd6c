"""What is known of a run before its workflow is made, from the store that its pods will use."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_driver.planning.settled import Settled, find_settled_tasks
from argosy_driver.preparing.paths import ClusterPaths
from argosy_driver.preparing.prepare import PLANNED_ATTEMPT
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.run_parameters import parse_run_artifacts
from argosy_schemas.checking.run_parameters import parse_run_parameters
from argosy_schemas.formats.records import AttemptRecord
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_store.locations import join_uri
from argosy_store.objects import ObjectStore
from argosy_store.parallel import for_each
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

PATIENCE_SECONDS: Final = 5.0
"""How long a store may take to answer: a person waits here."""
_WRITERS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedArguments:
    """What a run is given."""

    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters and input artifacts of the pipeline."""
    cache: bool = True


def find_known_results(
    pipeline: Pipeline,
    options: CompileOptions,
    arguments: PlannedArguments,
    *,
    url: str,
) -> Settled:
    """Return the settled tasks of a run that has not begun.

    Args:
        pipeline: The pipeline.
        options: What its workflow is compiled with.
        arguments: Of the run.
        url: Of the store.

    Raises:
        StoreError: The store cannot be read from here.
    """
    now = datetime.now(UTC)
    run = RunContext(
        id=RunId(str(uuid.uuid4())),
        name=f"planned-{uuid.uuid4()}",
        created_at=now,
        root=options.root or pipeline.default_pipeline_root or join_uri(url, "artifacts"),
        parameters=parse_run_parameters(pipeline, arguments.texts),
        artifacts=parse_run_artifacts(pipeline, arguments.texts),
        cache=arguments.cache,
    )
    with Stores(url, run.root, patience_seconds=PATIENCE_SECONDS) as stores:
        return find_settled_tasks(
            pipeline, run, store=stores.open(url), stores=stores, make_paths=make_paths
        )


def adapt_options(options: CompileOptions, url: str) -> CompileOptions:
    """Return the options for a workflow with known results.

    Its IR belongs to one run: it gets no ConfigMap, which nobody would remove, and goes to the
    store if it is too large for the workflow.
    """
    ir = IrPlacement.AUTO if options.ir is IrPlacement.CONFIGMAP else options.ir
    return replace(options, ir=ir, store=options.store or url)


def write_known_records(
    records: Mapping[TaskPath, AttemptRecord], run_id: RunId, *, store: ObjectStore
) -> None:
    """Write success records for the known tasks of a run that has begun.

    Nothing depends on them while the run lasts, since its workflow says where the records are that
    they were made from. With them the run can be read when those are gone, and whoever deletes
    another run sees what this one still needs.

    Raises:
        StoreError: The store cannot be written from here.
    """
    own = RunRecords(store, run_id)

    def write(record: AttemptRecord) -> None:
        attempt = AttemptId(f"known-{uuid.uuid4()}")
        own.write_success(
            replace(record, run_id=run_id, attempt_id=attempt, finished_at=record.started_at)
        )

    found = [record for record in records.values() if record.attempt_id == PLANNED_ATTEMPT]
    for_each(write, found, width=min(len(found), _WRITERS))


def make_paths(_: RunContext) -> ClusterPaths:
    """Return the paths of artifacts in pods, which no task is run with here."""
    return ClusterPaths(Path("/"))

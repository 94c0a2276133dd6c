"""Say what a run would do, without starting it."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from argosy_driver.foresight import Foreseen, ForeseenRecords, foresee
from argosy_driver.places import LocalPlaces
from argosy_driver.prepare import look_ahead
from argosy_driver.resolver import Resolver
from argosy_driver.run_parameters import check_artifact_names
from argosy_engine.reading import read_workflow
from argosy_engine.results import path_order
from argosy_engine.run import root_of, run_facts_of
from argosy_engine.run_directory import RunDescription
from argosy_engine.settings import RunSettings
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.packed_ir import unpack
from argosy_schemas.step import Step
from argosy_schemas.values import JsonValue
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores


def plan_workflow(
    workflow: Mapping[str, JsonValue],
    ir: bytes,
    *,
    settings: RunSettings,
    parameters: Mapping[str, str] | None = None,
    artifacts: Mapping[str, str] | None = None,
) -> tuple[Foreseen, ...]:
    """Return what would become of each task, by path; nothing is written, nothing runs.

    Arguments are those of :func:`argosy_engine.run.run_workflow`, and so are the errors.
    """
    read = read_workflow(workflow)
    pipeline = unpack(ir)
    check_artifact_names(pipeline, artifacts or {})
    description = RunDescription(
        run_id=RunId(str(uuid.uuid4())),
        name=f"{read.name}-{secrets.token_hex(3)[:5]}",
        pipeline=pipeline.name,
        created_at=datetime.now(UTC),
        parameters={**(parameters or {}), **(artifacts or {})},
        root=root_of(pipeline, settings),
        cache=settings.cache,
        workflow=workflow,
    )
    run_facts = run_facts_of(description, read, pipeline, settings)
    with Stores(description.root) as stores:
        home = settings.home.absolute()
        store = stores.open(home)
        records = ForeseenRecords(RunRecords(store, description.run_id))
        resolver = Resolver(pipeline, run_facts, records)

        def look(path: TaskPath) -> Step:
            return look_ahead(
                path,
                resolver=resolver,
                store=store,
                stores=stores,
                places=LocalPlaces(home / "plan"),
                now=lambda: description.created_at,
            )

        found = foresee(resolver, records, look)
        return tuple(sorted(found, key=lambda one: path_order(one.path)))

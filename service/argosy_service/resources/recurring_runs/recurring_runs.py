"""Recurring runs: a pipeline, parameters, and a schedule by which runs are made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.status_pb2 import Status  # pyright: ignore[reportMissingTypeStubs] # it has none
from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from argosy_schemas.values import to_json
from argosy_service.database.listing import Field, FieldKind, ListedTable
from argosy_service.database.paging import list_page
from argosy_service.database.tables import RECURRING_RUNS
from argosy_service.errors import Code, InvalidRequestError, NotFoundError
from argosy_service.protos.recurring_run_pb2 import (
    CreateRecurringRunRequest,
    CronSchedule,
    DeleteRecurringRunRequest,
    DisableRecurringRunRequest,
    EnableRecurringRunRequest,
    GetRecurringRunRequest,
    ListRecurringRunsRequest,
    ListRecurringRunsResponse,
    PeriodicSchedule,
    RecurringRun,
    Trigger,
)
from argosy_service.resources.context import Context, make_id
from argosy_service.resources.experiments import find_default_experiment, find_experiment
from argosy_service.resources.fields import make_timestamp, read_timestamp
from argosy_service.resources.pipelines.references import fill_source, load_inline_specs
from argosy_service.resources.pipelines.sources import find_source
from argosy_service.resources.recurring_runs.schedules import SlotSchedule, check_cron
from argosy_service.resources.runs.run_rows import DEFAULT_SERVICE_ACCOUNT
from argosy_service.resources.specs.parameters import check_parameters, to_json_values
from argosy_service.resources.specs.specs import store_spec

_MAX_CONCURRENCY: Final = 10
_SLUG_LENGTH: Final = 25
_C: Final = RECURRING_RUNS.c
_NAME: Final = Field(column=_C.name, kind=FieldKind.NAME, key=_C.name_key)
_LISTED: Final = ListedTable(
    table=RECURRING_RUNS,
    fields={
        "id": Field(column=_C.id),
        "recurring_run_id": Field(column=_C.id),
        "name": _NAME,
        "display_name": _NAME,
        "created_at": Field(column=_C.created_at, kind=FieldKind.TIME),
        "updated_at": Field(column=_C.updated_at, kind=FieldKind.TIME),
        "description": Field(column=_C.description),
    },
)


def create_recurring_run(context: Context, request: CreateRecurringRunRequest) -> RecurringRun:
    """Create a recurring run.

    Raises:
        InvalidRequestError: The name is empty, the pipeline or a parameter is missing or wrong, or
            the schedule is.
        NotFoundError: There is no such experiment, pipeline or version.
    """
    given = request.recurring_run
    if not given.display_name:
        raise InvalidRequestError("display_name: The name is empty; give one")
    if not 1 <= given.max_concurrency <= _MAX_CONCURRENCY:
        raise InvalidRequestError(
            f"max_concurrency: {given.max_concurrency} must be 1 to {_MAX_CONCURRENCY}"
        )
    schedule = _read_schedule(given.trigger, context)
    with context.database.read() as connection:
        source = find_source(context, connection, given)
    check_parameters(source.spec.pipeline, given.runtime_config.parameters)
    is_pinned = bool(
        given.pipeline_version_reference.pipeline_version_id or given.pipeline_version_id
    )
    config = given.runtime_config
    parameters = to_json_values(config.parameters)
    recurring_run_id = make_id()
    with context.database.write() as connection:
        experiment_id = given.experiment_id or find_default_experiment(connection)
        namespace = find_experiment(connection, experiment_id).namespace
        store_spec(connection, source.spec)
        connection.execute(
            insert(RECURRING_RUNS).values(
                id=recurring_run_id,
                experiment_id=experiment_id,
                namespace=namespace,
                name=given.display_name,
                name_key=given.display_name.casefold(),
                description=given.description,
                pipeline_id=source.pipeline_id,
                pipeline_version_id=source.version_id if is_pinned else "",
                spec_digest=source.spec.digest,
                parameters=to_json(parameters) if parameters else "",
                pipeline_root=config.pipeline_root,
                service_account=given.service_account or DEFAULT_SERVICE_ACCOUNT,
                max_concurrency=given.max_concurrency,
                cron=schedule.cron,
                interval_seconds=schedule.interval_seconds,
                start_at=schedule.start_at,
                end_at=schedule.end_at,
                no_catchup=given.no_catchup,
                is_enabled=given.mode == RecurringRun.ENABLE,
                created_at=schedule.created_at,
                updated_at=schedule.created_at,
                next_at=schedule.first(),
            )
        )
        row = find_recurring_run(connection, recurring_run_id)
        specs = load_inline_specs(connection, [row])
    context.changes.notify()
    return _to_message(row, specs)


def get_recurring_run(context: Context, request: GetRecurringRunRequest) -> RecurringRun:
    """Return a recurring run.

    Raises:
        NotFoundError: There is no such recurring run.
    """
    with context.database.read() as connection:
        row = find_recurring_run(connection, request.recurring_run_id)
        return _to_message(row, load_inline_specs(connection, [row]))


def list_recurring_runs(
    context: Context, request: ListRecurringRunsRequest
) -> ListRecurringRunsResponse:
    """Return a page of the recurring runs.

    Raises:
        InvalidRequestError: Token, size, order or filter are wrong.
        NotFoundError: There is no such experiment.
    """
    conditions: list[ColumnElement[bool]] = []
    if request.experiment_id:
        conditions.append(_C.experiment_id == request.experiment_id)
    elif context.access.is_multi_user:
        conditions.append(_C.namespace == request.namespace)
    with context.database.read() as connection:
        if request.experiment_id:
            find_experiment(connection, request.experiment_id)
        page = list_page(connection, _LISTED, request, conditions=conditions)
        specs = load_inline_specs(connection, page.rows)
    return ListRecurringRunsResponse(
        recurringRuns=[_to_message(row, specs) for row in page.rows],
        total_size=page.total_size,
        next_page_token=page.next_page_token,
    )


def enable_recurring_run(context: Context, request: EnableRecurringRunRequest) -> Empty:
    """Have a recurring run make runs.

    Raises:
        NotFoundError: There is no such recurring run.
    """
    return _set_enabled(context, request.recurring_run_id, is_enabled=True)


def disable_recurring_run(context: Context, request: DisableRecurringRunRequest) -> Empty:
    """Have a recurring run make no runs; those that it made go on.

    Raises:
        NotFoundError: There is no such recurring run.
    """
    return _set_enabled(context, request.recurring_run_id, is_enabled=False)


def delete_recurring_run(context: Context, request: DeleteRecurringRunRequest) -> Empty:
    """Delete a recurring run; the runs that it made stay.

    Raises:
        NotFoundError: There is no such recurring run.
    """
    with context.database.write() as connection:
        row = find_recurring_run(connection, request.recurring_run_id)
        connection.execute(delete(RECURRING_RUNS).where(_C.id == row.id))
    return Empty()


def find_recurring_run(connection: Connection, recurring_run_id: str) -> Row[Any]:
    """Return the row of a recurring run.

    Raises:
        NotFoundError: There is no such recurring run.
    """
    row = connection.execute(select(RECURRING_RUNS).where(_C.id == recurring_run_id)).first()
    if row is None:
        raise NotFoundError(
            f"there is no recurring run '{recurring_run_id}'; list them for their ids"
        )
    return row


def make_slug(name: str) -> str:
    """Return the beginning of the names of the runs that a recurring run makes."""
    return re.sub(r"[^a-z0-9-]", "", name.lower())[:_SLUG_LENGTH] or "job-"


def read_schedule(row: Row[Any], zone: str) -> SlotSchedule:
    """Return the schedule in the row of a recurring run."""
    return SlotSchedule(
        created_at=row.created_at,
        start_at=row.start_at,
        end_at=row.end_at,
        cron=row.cron,
        interval_seconds=row.interval_seconds,
        zone=zone,
    )


def _read_schedule(trigger: Trigger, context: Context) -> SlotSchedule:
    kind = trigger.WhichOneof("trigger")
    if kind is None:
        return SlotSchedule(created_at=context.now(), zone=context.time_zone)
    given = trigger.cron_schedule if kind == "cron_schedule" else trigger.periodic_schedule
    start_at = _read_bound(given.start_time)
    end_at = _read_bound(given.end_time)
    if end_at and start_at > end_at:
        raise InvalidRequestError("end_time: It is before start_time; give a later one")
    interval = trigger.periodic_schedule.interval_second
    if kind == "periodic_schedule" and interval < 1:
        raise InvalidRequestError(
            f"interval_second: {interval} is less than a second; use 1 or more"
        )
    return SlotSchedule(
        created_at=context.now(),
        start_at=start_at,
        end_at=end_at,
        cron=check_cron(trigger.cron_schedule.cron) if kind == "cron_schedule" else "",
        interval_seconds=interval,
        zone=context.time_zone,
    )


def _read_bound(timestamp: Timestamp) -> int:
    # Go sends year 1 for a time that was not set.
    return max(0, read_timestamp(timestamp))


def _set_enabled(context: Context, recurring_run_id: str, *, is_enabled: bool) -> Empty:
    with context.database.write() as connection:
        row = find_recurring_run(connection, recurring_run_id)
        if row.is_enabled != is_enabled:
            connection.execute(
                update(RECURRING_RUNS)
                .where(_C.id == row.id)
                .values(is_enabled=is_enabled, updated_at=context.now())
            )
    context.changes.notify()
    return Empty()


def _to_message(row: Row[Any], specs: Mapping[str, str]) -> RecurringRun:
    message = RecurringRun(
        recurring_run_id=row.id,
        display_name=row.name,
        description=row.description,
        service_account=row.service_account,
        max_concurrency=row.max_concurrency,
        mode="ENABLE" if row.is_enabled else "DISABLE",
        status="ENABLED" if row.is_enabled else "DISABLED",
        created_at=make_timestamp(row.created_at),
        updated_at=make_timestamp(row.updated_at),
        no_catchup=row.no_catchup,
        namespace=row.namespace,
        experiment_id=row.experiment_id,
    )
    fill_source(message, row, specs)
    bounds = {
        name: make_timestamp(at)
        for name, at in (("start_time", row.start_at), ("end_time", row.end_at))
        if at
    }
    if row.cron:
        message.trigger.cron_schedule.CopyFrom(CronSchedule(cron=row.cron, **bounds))
    elif row.interval_seconds:
        periodic = PeriodicSchedule(interval_second=row.interval_seconds, **bounds)
        message.trigger.periodic_schedule.CopyFrom(periodic)
    if row.error:
        message.error.CopyFrom(Status(code=Code.ABORTED, message=row.error))
    return message

"""Runs: one execution of a pipeline each.

Creating a run only stores it; a background loop starts it, watches it and writes down what becomes
of it: :mod:`argosy_service.background`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from google.rpc.status_pb2 import Status  # pyright: ignore[reportMissingTypeStubs] # it has none
from sqlalchemy import ColumnElement, Connection, Row, case, select

from argosy_schemas.values import to_json
from argosy_service.database.listing import Field, FieldKind, ListedTable
from argosy_service.database.paging import list_page
from argosy_service.database.tables import EXPERIMENTS, RUN_COUNTS, RUNS
from argosy_service.errors import (
    AlreadyExistsError,
    Code,
    InvalidRequestError,
    PreconditionError,
    WrongStateError,
)
from argosy_service.protos.run_pb2 import (
    ArchiveRunRequest,
    CreateRunRequest,
    DeleteRunRequest,
    GetRunRequest,
    ListRunsRequest,
    ListRunsResponse,
    PipelineTask,
    RetryRunRequest,
    Run,
    RuntimeStatus,
    TerminateRunRequest,
    UnarchiveRunRequest,
)
from argosy_service.resources.context import Context, make_id
from argosy_service.resources.experiments import (
    ARCHIVED,
    AVAILABLE,
    find_default_experiment,
    find_experiment,
)
from argosy_service.resources.fields import make_timestamp, read_timestamp
from argosy_service.resources.pipelines.references import fill_source, load_inline_specs
from argosy_service.resources.pipelines.sources import PipelineSource, find_source
from argosy_service.resources.runs.pipeline_tasks import load_tasks
from argosy_service.resources.runs.removing import is_being_removed, remove_run
from argosy_service.resources.runs.run_rows import (
    NewRun,
    find_run_row,
    insert_run,
    lock_run_row,
    move_run,
    update_run,
)
from argosy_service.resources.runs.states import TERMINABLE
from argosy_service.resources.runs.tasks import load_run_details
from argosy_service.resources.specs.parameters import check_parameters, to_json_values
from argosy_service.resources.specs.specs import store_spec

MOST_FULL_RUNS: Final = 20
"""How many runs a page has at most where their tasks come with them."""

_ID: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,63}")
_C: Final = RUNS.c
_STATUS: Final = {
    "PENDING": "Pending",
    "RUNNING": "Running",
    "SUCCEEDED": "Succeeded",
    "SKIPPED": "Skipped",
    "FAILED": "Failed",
    "CANCELING": "Terminating",
}
"""The states in the words of KFP's API v1beta1, by which clients still filter."""

_NAME: Final = Field(column=_C.name, kind=FieldKind.NAME, key=_C.name_key)
_LISTED: Final = ListedTable(
    table=RUNS,
    counts=RUN_COUNTS,
    fields={
        "id": Field(column=_C.id),
        "run_id": Field(column=_C.id),
        "name": _NAME,
        "display_name": _NAME,
        "created_at": Field(column=_C.created_at, kind=FieldKind.TIME),
        "scheduled_at": Field(column=_C.scheduled_at, kind=FieldKind.TIME),
        "finished_at": Field(column=_C.finished_at, kind=FieldKind.TIME),
        "description": Field(column=_C.description),
        "storage_state": Field(column=_C.storage_state),
        "namespace": Field(column=_C.namespace),
        "experiment_id": Field(column=_C.experiment_id),
        "state": Field(column=_C.state),
        "status": Field(
            column=case(*((_C.state == state, name) for state, name in _STATUS.items()), else_="")
        ),
        "state_history": Field(column=_C.state_history),
        "pipeline_id": Field(column=_C.pipeline_id),
        "pipeline_version_id": Field(column=_C.pipeline_version_id),
        "recurring_run_id": Field(column=_C.recurring_run_id),
    },
)


def create_run(context: Context, request: CreateRunRequest) -> Run:
    """Create a run; it begins as soon as an engine has room for it.

    Raises:
        InvalidRequestError: The name is empty, the pipeline is missing or wrong, or a parameter is.
        NotFoundError: There is no such experiment, pipeline or version.
        AlreadyExistsError: Another run has the id.
    """
    given = request.run
    if not given.display_name:
        raise InvalidRequestError("display_name: The name is empty; give one")
    if given.plugins_output:
        raise InvalidRequestError("plugins_output: The service writes it; leave it out")
    run_id = given.run_id or make_id()
    if _ID.fullmatch(run_id) is None:
        raise InvalidRequestError(
            f"run_id: '{run_id}' is no id; use up to 64 letters, digits and dashes, or leave it out"
        )
    # What is inline is read before the database is locked: it may take a while.
    with context.database.read() as connection:
        source = find_source(context, connection, given)
    check_parameters(source.spec.pipeline, given.runtime_config.parameters)
    with context.database.write() as connection:
        row = _insert(connection, given, run_id, source, context.now())
        specs = load_inline_specs(connection, [row])
    context.changes.notify()
    return _to_message(row, specs)


def get_run(context: Context, request: GetRunRequest) -> Run:
    """Return a run with its tasks: in ``run_details``, or in ``tasks`` where all is asked for.

    Raises:
        NotFoundError: There is no such run.
    """
    with context.database.read() as connection:
        row = find_run_row(connection, request.run_id)
        message = _to_message(row, load_inline_specs(connection, [row]))
        if request.view == GetRunRequest.FULL:
            _fill_tasks(message, load_tasks(connection, [row.id]))
        else:
            details = load_run_details(connection, row.id)
            if details.task_details:
                message.run_details.CopyFrom(details)
    return message


def list_runs(context: Context, request: ListRunsRequest) -> ListRunsResponse:
    """Return a page of the runs; with their tasks only where all is asked for.

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
        if request.view == ListRunsRequest.FULL:
            size = min(request.page_size or MOST_FULL_RUNS, MOST_FULL_RUNS)
            request.page_size = size
        page = list_page(connection, _LISTED, request, conditions=conditions)
        specs = load_inline_specs(connection, page.rows)
        runs = [_to_message(row, specs) for row in page.rows]
        if request.view == ListRunsRequest.FULL:
            tasks = load_tasks(connection, [row.id for row in page.rows])
            for run in runs:
                _fill_tasks(run, tasks)
    return ListRunsResponse(
        runs=runs,
        total_size=page.total_size,
        next_page_token=page.next_page_token,
    )


def _fill_tasks(run: Run, tasks: Mapping[str, Sequence[PipelineTask]]) -> None:
    found = tasks.get(run.run_id, ())
    run.tasks.extend(found)
    run.task_count = len(found)


def archive_run(context: Context, request: ArchiveRunRequest) -> Empty:
    """Archive a run, which goes on if it has not ended.

    Raises:
        NotFoundError: There is no such run.
    """
    with context.database.write() as connection:
        row = lock_run_row(connection, request.run_id)
        update_run(connection, row.id, storage_state=ARCHIVED)
    return Empty()


def unarchive_run(context: Context, request: UnarchiveRunRequest) -> Empty:
    """Make a run available again.

    Raises:
        NotFoundError: There is no such run.
        PreconditionError: Its experiment is archived.
    """
    with context.database.write() as connection:
        row = lock_run_row(connection, request.run_id)
        query = select(EXPERIMENTS.c.storage_state).where(EXPERIMENTS.c.id == row.experiment_id)
        if connection.execute(query).scalar() == ARCHIVED:
            raise PreconditionError(
                f"the experiment of run '{row.id}' is archived; unarchive the experiment first"
            )
        update_run(connection, row.id, storage_state=AVAILABLE)
    return Empty()


def terminate_run(context: Context, request: TerminateRunRequest) -> Empty:
    """Have a run stopped; it ends as FAILED, which clients wait for.

    Raises:
        NotFoundError: There is no such run.
        InvalidRequestError: It has ended, or is being stopped.
    """
    with context.database.write() as connection:
        row = lock_run_row(connection, request.run_id)
        if row.state not in TERMINABLE:
            raise InvalidRequestError(
                f"run '{row.id}' is {row.state}; only a PENDING or RUNNING one can be terminated"
            )
        move_run(connection, row, "CANCELING", context.now())
    context.changes.notify()
    return Empty()


def retry_run(context: Context, request: RetryRunRequest) -> Empty:
    """Begin a run that failed once more; tasks that succeeded do not run again.

    Raises:
        NotFoundError: There is no such run.
        WrongStateError: It has not failed.
    """
    with context.database.write() as connection:
        row = lock_run_row(connection, request.run_id)
        if row.state not in ("FAILED", "CANCELED"):
            raise WrongStateError(
                f"run '{row.id}' is {row.state}; only a run that failed can be retried"
            )
        move_run(connection, row, "PENDING", context.now(), error="", finished_at=0)
    context.changes.notify()
    return Empty()


def delete_run(context: Context, request: DeleteRunRequest) -> Empty:
    """Delete a run but for its artifacts; if it has not ended, it is stopped.

    Raises:
        NotFoundError: There is no such run.
    """
    with context.database.write() as connection:
        row = lock_run_row(connection, request.run_id)
        remove_run(connection, row, artifacts=False, now=context.now())
    context.changes.notify()
    return Empty()


def _insert(
    connection: Connection, given: Run, run_id: str, source: PipelineSource, now: int
) -> Row[Any]:
    experiment_id = given.experiment_id or find_default_experiment(connection)
    namespace = find_experiment(connection, experiment_id).namespace
    store_spec(connection, source.spec)
    config = given.runtime_config
    parameters = to_json_values(config.parameters)
    run = NewRun(
        run_id=run_id,
        experiment_id=experiment_id,
        namespace=namespace,
        name=given.display_name,
        description=given.description,
        pipeline_id=source.pipeline_id,
        version_id=source.version_id,
        spec_digest=source.spec.digest,
        parameters=to_json(parameters) if parameters else "",
        pipeline_root=config.pipeline_root,
        service_account=given.service_account,
        recurring_run_id=given.recurring_run_id,
        # Go sends year 1 for a time that was not set.
        scheduled_at=max(0, read_timestamp(given.scheduled_at)),
    )
    if not insert_run(connection, run, now):
        raise AlreadyExistsError(
            f"run_id: there is a run '{run_id}' already; leave the id out, or give another"
        )
    # Asked afterwards, so that a deletion which was under way is over.
    if given.run_id and is_being_removed(connection, run_id):
        raise AlreadyExistsError(
            f"run_id: the run '{run_id}' that was deleted is still being removed; try again in a "
            "while, or give another id"
        )
    return find_run_row(connection, run_id)


def _to_message(row: Row[Any], specs: Mapping[str, str]) -> Run:
    message = Run(
        experiment_id=row.experiment_id,
        run_id=row.id,
        display_name=row.name,
        storage_state=row.storage_state,
        description=row.description,
        service_account=row.service_account,
        created_at=make_timestamp(row.created_at),
        scheduled_at=make_timestamp(row.scheduled_at),
        finished_at=make_timestamp(row.finished_at),
        state=row.state,
        recurring_run_id=row.recurring_run_id,
        state_history=[
            RuntimeStatus(update_time=make_timestamp(line["at"]), state=line["state"])
            for line in json.loads(row.state_history)
        ],
    )
    fill_source(message, row, specs)
    if row.error:
        message.error.CopyFrom(Status(code=Code.ABORTED, message=row.error))
    return message

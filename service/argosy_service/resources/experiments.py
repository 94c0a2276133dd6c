"""Experiments: they group runs."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from sqlalchemy import Connection, Row, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from argosy_service.database.listing import Field, FieldKind, ListedTable
from argosy_service.database.paging import list_page
from argosy_service.database.revisions import take_revision
from argosy_service.database.tables import EXPERIMENTS, RECURRING_RUNS, RUNS
from argosy_service.errors import AlreadyExistsError, NotFoundError, WrongStateError
from argosy_service.protos.experiment_pb2 import (
    ArchiveExperimentRequest,
    CreateExperimentRequest,
    DeleteExperimentRequest,
    Experiment,
    GetExperimentRequest,
    ListExperimentsRequest,
    ListExperimentsResponse,
    UnarchiveExperimentRequest,
)
from argosy_service.resources.context import Context, make_id
from argosy_service.resources.fields import check_name, check_namespace, make_timestamp

DEFAULT_NAME: Final = "Default"
"""Of the experiment that a run belongs to when it names none."""

AVAILABLE: Final = "AVAILABLE"
ARCHIVED: Final = "ARCHIVED"

_MAX_NAME_BYTES: Final = 128
_C: Final = EXPERIMENTS.c
_NAME: Final = Field(column=_C.name, kind=FieldKind.NAME, key=_C.name_key)
_LISTED: Final = ListedTable(
    table=EXPERIMENTS,
    fields={
        "id": Field(column=_C.id),
        "experiment_id": Field(column=_C.id),
        "name": _NAME,
        "display_name": _NAME,
        "created_at": Field(column=_C.created_at, kind=FieldKind.TIME),
        "last_run_created_at": Field(column=_C.last_run_created_at, kind=FieldKind.TIME),
        "description": Field(column=_C.description),
        "namespace": Field(column=_C.namespace),
        "storage_state": Field(column=_C.storage_state),
    },
)


def create_experiment(context: Context, request: CreateExperimentRequest) -> Experiment:
    """Create an experiment.

    Raises:
        InvalidRequestError: The name is empty or too long, or the namespace is.
        AlreadyExistsError: Another one has it.
    """
    given = request.experiment
    name = check_name(given.display_name, member="display_name", max_bytes=_MAX_NAME_BYTES)
    namespace = check_namespace(context.keep_namespace(given.namespace))
    with context.database.write() as connection:
        row = _insert(connection, name, namespace, given.description, context.now())
    return _to_message(row)


def ensure_default_experiment(context: Context) -> str:
    """Create the default experiment unless it is there; return its id."""
    with context.database.write() as connection:
        found = find_default_experiment(connection)
        if found:
            return found
        text = "Runs that name no experiment belong to this one"
        return str(_insert(connection, DEFAULT_NAME, "", text, context.now()).id)


def find_default_experiment(connection: Connection) -> str:
    """Return the id of the default experiment; empty before it was created."""
    query = select(_C.id).where(_C.name == DEFAULT_NAME, _C.namespace == "")
    return str(connection.execute(query).scalar() or "")


def get_experiment(context: Context, request: GetExperimentRequest) -> Experiment:
    """Return an experiment.

    Raises:
        NotFoundError: There is no such experiment.
    """
    with context.database.read() as connection:
        return _to_message(find_experiment(connection, request.experiment_id))


def list_experiments(context: Context, request: ListExperimentsRequest) -> ListExperimentsResponse:
    """Return a page of the experiments.

    Raises:
        InvalidRequestError: Token, size, order or filter are wrong.
    """
    conditions = [_C.namespace == request.namespace] if context.access.is_multi_user else []
    with context.database.read() as connection:
        page = list_page(connection, _LISTED, request, conditions=conditions)
    return ListExperimentsResponse(
        experiments=[_to_message(row) for row in page.rows],
        total_size=page.total_size,
        next_page_token=page.next_page_token,
    )


def archive_experiment(context: Context, request: ArchiveExperimentRequest) -> Empty:
    """Archive an experiment and its runs, which go on, and disable its recurring runs.

    Raises:
        NotFoundError: There is no such experiment.
    """
    experiment_id = request.experiment_id
    with context.database.write() as connection:
        recurring = RECURRING_RUNS.c
        # As all do: recurring runs, the experiment, runs in the order of their ids, the number.
        _lock_rows(connection, RECURRING_RUNS, experiment_id)
        _set_storage_state(connection, experiment_id, ARCHIVED)
        _lock_rows(connection, RUNS, experiment_id)
        connection.execute(
            update(RUNS).where(RUNS.c.experiment_id == experiment_id).values(storage_state=ARCHIVED)
        )
        connection.execute(
            update(RECURRING_RUNS)
            .where(recurring.experiment_id == experiment_id, recurring.is_enabled)
            .values(is_enabled=False, updated_at=context.now())
        )
        revision = take_revision(connection)
        connection.execute(
            update(RUNS).where(RUNS.c.experiment_id == experiment_id).values(revision=revision)
        )
    return Empty()


def unarchive_experiment(context: Context, request: UnarchiveExperimentRequest) -> Empty:
    """Make an experiment available again; its runs stay archived.

    Raises:
        NotFoundError: There is no such experiment.
    """
    with context.database.write() as connection:
        _set_storage_state(connection, request.experiment_id, AVAILABLE)
    return Empty()


def delete_experiment(context: Context, request: DeleteExperimentRequest) -> Empty:
    """Delete an experiment; its runs stay.

    Raises:
        NotFoundError: There is no such experiment.
        WrongStateError: It is the default experiment.
    """
    with context.database.write() as connection:
        row = find_experiment(connection, request.experiment_id)
        if row.name == DEFAULT_NAME and not row.namespace:
            raise WrongStateError("the default experiment cannot be deleted; runs need it")
        connection.execute(delete(EXPERIMENTS).where(_C.id == row.id))
    return Empty()


def find_experiment(connection: Connection, experiment_id: str) -> Row[Any]:
    """Return the row of an experiment.

    Raises:
        NotFoundError: There is no such experiment.
    """
    row = connection.execute(select(EXPERIMENTS).where(_C.id == experiment_id)).first()
    if row is None:
        raise NotFoundError(
            f"there is no experiment '{experiment_id}'; list the experiments for their ids"
        )
    return row


def _insert(
    connection: Connection, name: str, namespace: str, description: str, now: int
) -> Row[Any]:
    experiment_id = make_id()
    try:
        connection.execute(
            insert(EXPERIMENTS).values(
                id=experiment_id,
                namespace=namespace,
                name=name,
                name_key=name.casefold(),
                description=description,
                storage_state=AVAILABLE,
                created_at=now,
            )
        )
    except IntegrityError as error:
        raise AlreadyExistsError(
            f"an experiment is named '{name}' already. Please specify a new name"
        ) from error
    return find_experiment(connection, experiment_id)


def _lock_rows(connection: Connection, table: Table, experiment_id: str) -> None:
    columns = table.c
    query = select(columns.id).where(columns.experiment_id == experiment_id)
    connection.execute(query.order_by(columns.id).with_for_update()).all()


def _set_storage_state(connection: Connection, experiment_id: str, state: str) -> None:
    find_experiment(connection, experiment_id)
    connection.execute(
        update(EXPERIMENTS).where(_C.id == experiment_id).values(storage_state=state)
    )


def _to_message(row: Row[Any]) -> Experiment:
    return Experiment(
        experiment_id=row.id,
        display_name=row.name,
        description=row.description,
        created_at=make_timestamp(row.created_at),
        namespace=row.namespace,
        storage_state=row.storage_state,
        last_run_created_at=make_timestamp(row.last_run_created_at),
    )

"""Which rights a request needs where namespaces are kept apart.

The attributes are those that KFP asks for. What is not in the table is refused, so that a new
method is closed until somebody says who may call it. A service with one user asks for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from argosy_service.access.access import Action, Caller
from argosy_service.errors import AccessRefusedError, InvalidRequestError
from argosy_service.resources.artifacts import find_artifact
from argosy_service.resources.context import Context
from argosy_service.resources.experiments import find_experiment
from argosy_service.resources.pipelines.pipelines import find_pipeline
from argosy_service.resources.pipelines.versions import find_version
from argosy_service.resources.recurring_runs.recurring_runs import find_recurring_run
from argosy_service.resources.runs.run_rows import find_run_row

Rule: TypeAlias = Callable[[Context, Connection, Any], Iterator[Action]]
"""Yields what a request does."""


def check_permissions(context: Context, caller: Caller, name: str, request: Any) -> None:
    """Refuse a request whose sender lacks a right.

    Args:
        context: Of the service.
        caller: Who sent it.
        name: Of the method, or of a handler beside them: a key of :data:`RULES`.
        request: What its rule reads.

    Raises:
        AccessRefusedError: The sender lacks one.
        InvalidRequestError: The request names no namespace.
        NotFoundError: There is no such object.
        UnavailableError: Nobody says who may do what.
    """
    if not context.access.is_multi_user:
        return
    rule = RULES.get(name)
    if rule is None:
        raise AccessRefusedError(
            f"{name} is not available with --multi-user; ask the operator of this service"
        )
    with context.database.read() as connection:
        actions = tuple(rule(context, connection, request))
    # Without a transaction: it may take a while.
    for action in actions:
        context.access.check(caller, action)


def _on_experiment(verb: str) -> Rule:
    def find(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
        row = find_experiment(connection, request.experiment_id)
        yield Action(resource="experiments", verb=verb, namespace=row.namespace, name=row.id)

    return find


def _on_run(verb: str) -> Rule:
    def find(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
        row = find_run_row(connection, request.run_id)
        yield Action(resource="runs", verb=verb, namespace=row.namespace, name=row.id)

    return find


def _on_recurring_run(verb: str) -> Rule:
    def find(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
        row = find_recurring_run(connection, request.recurring_run_id)
        yield Action(resource="jobs", verb=verb, namespace=row.namespace, name=row.id)

    return find


def _on_pipeline(verb: str, find_id: Callable[[Any], str]) -> Rule:
    def find(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
        row = find_pipeline(connection, find_id(request))
        yield from _use_pipeline(context, verb, row.namespace, row.id)

    return find


def _on_version(verb: str, find_id: Callable[[Any], str]) -> Rule:
    def find(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
        version = find_version(connection, find_id(request))
        row = find_pipeline(connection, version.pipeline_id)
        yield from _use_pipeline(context, verb, row.namespace, row.id)

    return find


def _use_pipeline(context: Context, verb: str, namespace: str, name: str = "") -> Iterator[Action]:
    if namespace or verb not in ("get", "list"):
        # A pipeline without a namespace belongs to all: to read it is free.
        namespace = namespace or context.access.namespace
        yield Action(resource="pipelines", verb=verb, namespace=namespace, name=name)


def _in_namespace_of_pipelines(verb: str, find_namespace: Callable[[Any], str]) -> Rule:
    def find(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
        yield from _use_pipeline(context, verb, find_namespace(request))

    return find


def _create_experiment(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
    namespace = _need_namespace(request.experiment.namespace)
    yield Action(resource="experiments", verb="create", namespace=namespace)


def _list_experiments(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
    namespace = _need_namespace(request.namespace)
    yield Action(resource="experiments", verb="list", namespace=namespace)


def _list_of_experiment(resource: str) -> Rule:
    def find(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
        if request.experiment_id:
            namespace = find_experiment(connection, request.experiment_id).namespace
        else:
            namespace = _need_namespace(request.namespace)
        yield Action(resource=resource, verb="list", namespace=namespace)

    return find


def _get_artifact(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
    row = find_artifact(connection, request.artifact_id)
    yield Action(resource="runs", verb="readArtifact", namespace=row.namespace)


def _list_artifacts(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
    namespace = _need_namespace(request.namespace)
    yield Action(resource="runs", verb="readArtifact", namespace=namespace)


def _list_artifact_tasks(
    context: Context, connection: Connection, request: Any
) -> Iterator[Action]:
    if not request.run_ids:
        raise InvalidRequestError(
            "run_ids: must not be empty with --multi-user; give the ids of runs"
        )
    for run_id in request.run_ids:
        row = find_run_row(connection, run_id)
        yield Action(resource="runs", verb="get", namespace=row.namespace, name=row.id)


def _create_run(context: Context, connection: Connection, request: Any) -> Iterator[Action]:
    yield from _create_from_source(context, connection, request.run, "runs")


def _create_recurring_run(
    context: Context, connection: Connection, request: Any
) -> Iterator[Action]:
    yield from _create_from_source(context, connection, request.recurring_run, "jobs")


def _create_from_source(
    context: Context, connection: Connection, given: Any, resource: str
) -> Iterator[Action]:
    """Yield what the creation of a run or recurring run does: it also reads its pipeline."""
    if not given.experiment_id:
        raise InvalidRequestError(
            "Experiment id can not be empty in multi-user mode; give the experiment_id of an "
            "experiment of the namespace"
        )
    namespace = find_experiment(connection, given.experiment_id).namespace
    yield Action(resource=resource, verb="create", namespace=namespace)
    reference = given.pipeline_version_reference
    version_id = reference.pipeline_version_id or given.pipeline_version_id
    pipeline_id = (
        find_version(connection, version_id).pipeline_id if version_id else reference.pipeline_id
    )
    if pipeline_id:
        row = find_pipeline(connection, pipeline_id)
        yield from _use_pipeline(context, "get", row.namespace, row.id)
    recurring_run_id = given.recurring_run_id if resource == "runs" else ""
    if recurring_run_id:
        row = find_recurring_run(connection, recurring_run_id)
        if row.namespace != namespace:
            raise AccessRefusedError(
                "recurring_run_id: The recurring run is in another namespace; leave it out"
            )


def _need_namespace(namespace: str) -> str:
    if not namespace:
        raise InvalidRequestError(
            "namespace: must not be empty with --multi-user; give a namespace"
        )
    return namespace


RULES: Final[Mapping[str, Rule]] = {
    "CreateExperiment": _create_experiment,
    "GetExperiment": _on_experiment("get"),
    "ListExperiments": _list_experiments,
    "ArchiveExperiment": _on_experiment("archive"),
    "UnarchiveExperiment": _on_experiment("unarchive"),
    "DeleteExperiment": _on_experiment("delete"),
    "CreatePipeline": _in_namespace_of_pipelines("create", lambda it: it.pipeline.namespace),
    "CreatePipelineAndVersion": _in_namespace_of_pipelines(
        "create", lambda it: it.pipeline.namespace
    ),
    "UploadPipeline": _in_namespace_of_pipelines("create", lambda it: it.namespace),
    "GetPipeline": _on_pipeline("get", lambda it: it.pipeline_id),
    "GetPipelineByName": _in_namespace_of_pipelines("get", lambda it: it.namespace),
    "ListPipelines": _in_namespace_of_pipelines("list", lambda it: it.namespace),
    "UpdatePipeline": _on_pipeline("update", lambda it: it.pipeline.pipeline_id),
    "DeletePipeline": _on_pipeline("delete", lambda it: it.pipeline_id),
    "CreatePipelineVersion": _on_pipeline(
        "create", lambda it: it.pipeline_id or it.pipeline_version.pipeline_id
    ),
    "UploadPipelineVersion": _on_pipeline("create", lambda it: it.pipeline_id),
    "GetPipelineVersion": _on_version("get", lambda it: it.pipeline_version_id),
    "ListPipelineVersions": _on_pipeline("list", lambda it: it.pipeline_id),
    "UpdatePipelineVersion": _on_version(
        "update", lambda it: it.pipeline_version.pipeline_version_id
    ),
    "DeletePipelineVersion": _on_version("delete", lambda it: it.pipeline_version_id),
    "CreateRun": _create_run,
    "GetRun": _on_run("get"),
    "ReadLog": _on_run("get"),
    "ReadArtifact": _on_run("readArtifact"),
    "FollowRun": _on_run("get"),
    "FollowRuns": _list_of_experiment("runs"),
    "GetTask": _on_run("get"),
    "ListTasks": _on_run("get"),
    "GetArtifact": _get_artifact,
    "ListArtifacts": _list_artifacts,
    "ListArtifactTasks": _list_artifact_tasks,
    "ListRuns": _list_of_experiment("runs"),
    "ArchiveRun": _on_run("archive"),
    "UnarchiveRun": _on_run("unarchive"),
    "TerminateRun": _on_run("terminate"),
    "RetryRun": _on_run("retry"),
    "DeleteRun": _on_run("delete"),
    "CreateRecurringRun": _create_recurring_run,
    "GetRecurringRun": _on_recurring_run("get"),
    "ListRecurringRuns": _list_of_experiment("jobs"),
    "EnableRecurringRun": _on_recurring_run("enable"),
    "DisableRecurringRun": _on_recurring_run("disable"),
    "DeleteRecurringRun": _on_recurring_run("delete"),
}
"""Methods, and handlers beside them, with what they need."""

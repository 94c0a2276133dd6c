"""The methods of the API, as the ``.proto`` files declare them, each with the function behind it.

A method that has no function is part of the API and not of this release: it is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from google.api import annotations_pb2  # pyright: ignore[reportMissingTypeStubs] # it has none
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from argosy_service.api.database_errors import translate_database_errors
from argosy_service.errors import NotImplementedYetError
from argosy_service.protos import (
    artifact_pb2,
    auth_pb2,
    experiment_pb2,
    filter_pb2,
    healthz_pb2,
    pipeline_pb2,
    recurring_run_pb2,
    report_pb2,
    run_pb2,
    visualization_pb2,
)
from argosy_service.resources import artifacts, experiments, healthz
from argosy_service.resources.context import Call, Context
from argosy_service.resources.permissions import check_permissions
from argosy_service.resources.pipelines import pipelines, versions
from argosy_service.resources.recurring_runs import recurring_runs
from argosy_service.resources.runs import pipeline_tasks, runs

Function: TypeAlias = Callable[[Context, Any], Message]
FunctionOfCall: TypeAlias = Callable[[Context, Any, Call], Message]

_FILES: Final = (
    artifact_pb2,
    auth_pb2,
    experiment_pb2,
    filter_pb2,
    healthz_pb2,
    pipeline_pb2,
    recurring_run_pb2,
    report_pb2,
    run_pb2,
    visualization_pb2,
)

FUNCTIONS: Final[Mapping[str, Function]] = {
    "GetHealthz": healthz.get_healthz,
    "CreateExperiment": experiments.create_experiment,
    "GetExperiment": experiments.get_experiment,
    "ListExperiments": experiments.list_experiments,
    "ArchiveExperiment": experiments.archive_experiment,
    "UnarchiveExperiment": experiments.unarchive_experiment,
    "DeleteExperiment": experiments.delete_experiment,
    "CreatePipeline": pipelines.create_pipeline,
    "CreatePipelineAndVersion": pipelines.create_pipeline_and_version,
    "GetPipeline": pipelines.get_pipeline,
    "GetPipelineByName": pipelines.get_pipeline_by_name,
    "ListPipelines": pipelines.list_pipelines,
    "DeletePipeline": pipelines.delete_pipeline,
    "CreatePipelineVersion": versions.create_pipeline_version,
    "GetPipelineVersion": versions.get_pipeline_version,
    "ListPipelineVersions": versions.list_pipeline_versions,
    "DeletePipelineVersion": versions.delete_pipeline_version,
    "CreateRun": runs.create_run,
    "GetRun": runs.get_run,
    "ListRuns": runs.list_runs,
    "ArchiveRun": runs.archive_run,
    "UnarchiveRun": runs.unarchive_run,
    "TerminateRun": runs.terminate_run,
    "RetryRun": runs.retry_run,
    "DeleteRun": runs.delete_run,
    "GetTask": pipeline_tasks.get_task,
    "ListTasks": pipeline_tasks.list_tasks,
    "GetArtifact": artifacts.get_artifact,
    "ListArtifacts": artifacts.list_artifacts,
    "ListArtifactTasks": artifacts.list_artifact_tasks,
    "CreateRecurringRun": recurring_runs.create_recurring_run,
    "GetRecurringRun": recurring_runs.get_recurring_run,
    "ListRecurringRuns": recurring_runs.list_recurring_runs,
    "EnableRecurringRun": recurring_runs.enable_recurring_run,
    "DisableRecurringRun": recurring_runs.disable_recurring_run,
    "DeleteRecurringRun": recurring_runs.delete_recurring_run,
}
"""Method to its function; the names of methods differ across services."""

FUNCTIONS_OF_CALLS: Final[Mapping[str, FunctionOfCall]] = {
    "UpdatePipeline": pipelines.update_pipeline,
    "UpdatePipelineVersion": versions.update_pipeline_version,
}
"""Those that need to know more than the message."""

_HTTP: Final[Any] = cast("Any", annotations_pb2).http  # the package has no types
_VERBS: Final = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of the API."""

    service: str
    """Full name."""
    name: str
    request: type[Message]
    response: type[Message]
    verb: str
    """Of HTTP, upper case."""
    path: str
    """With variables in braces."""
    body: str
    """The member that the body is; ``*``: the whole message; empty: there is no body."""

    @property
    def is_free(self) -> bool:
        """Whether anybody may call it, whoever they are."""
        return self.name == "GetHealthz"

    def call(self, context: Context, request: Any, call: Call) -> Message:
        """Return the response.

        Raises:
            ServiceError: The request is refused.
        """
        self.check_served()
        function = FUNCTIONS.get(self.name)
        with translate_database_errors():
            if not self.is_free:
                check_permissions(context, call.caller, self.name, request)
            if function is not None:
                return function(context, request)
            return FUNCTIONS_OF_CALLS[self.name](context, request, call)

    def check_served(self) -> None:
        """Refuse a method that no function is behind.

        Raises:
            NotImplementedYetError: It is none of this release.
        """
        if self.name not in FUNCTIONS and self.name not in FUNCTIONS_OF_CALLS:
            raise NotImplementedYetError(f"this release of Argosy does not serve {self.name}")


def list_methods() -> Sequence[Method]:
    """Return all methods, file by file."""
    return tuple(
        _make_method(service, method)
        for file in _FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    )


def _make_method(service: ServiceDescriptor, method: MethodDescriptor) -> Method:
    extensions: Any = method.GetOptions().Extensions
    rule: Any = extensions[_HTTP]
    verb = next(each for each in _VERBS if getattr(rule, each))
    return Method(
        service=service.full_name,
        name=method.name,
        request=message_factory.GetMessageClass(method.input_type),
        response=message_factory.GetMessageClass(method.output_type),
        verb=verb.upper(),
        path=getattr(rule, verb),
        body=rule.body,
    )

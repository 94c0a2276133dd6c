"""What a run executes: a version, the newest version of a pipeline, or a spec."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from argosy_service.errors import InvalidRequestError
from argosy_service.protos.recurring_run_pb2 import RecurringRun
from argosy_service.protos.run_pb2 import Run
from argosy_service.resources.context import Context
from argosy_service.resources.pipelines.versions import find_newest_version, find_version
from argosy_service.resources.specs.specs import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSource:
    """What is executed."""

    spec: Spec
    pipeline_id: str = ""
    """Empty if the spec is inline."""
    version_id: str = ""
    """Empty if the spec is inline."""


def find_source(
    context: Context, connection: Connection, run: Run | RecurringRun
) -> PipelineSource:
    """Return what a run, or a recurring run at this moment, executes.

    Raises:
        InvalidRequestError: It names nothing, a version of another pipeline, or its spec is wrong.
        NotFoundError: There is no such version or pipeline.
    """
    reference = run.pipeline_version_reference
    version_id = reference.pipeline_version_id or run.pipeline_version_id
    if version_id:
        row = find_version(connection, version_id)
        if reference.pipeline_id not in ("", row.pipeline_id):
            raise InvalidRequestError(
                f"pipeline_version_reference: version '{version_id}' is not one of pipeline "
                f"'{reference.pipeline_id}'; leave pipeline_id out, or give that of the version"
            )
    elif reference.pipeline_id:
        row = find_newest_version(connection, reference.pipeline_id)
    elif run.HasField("pipeline_spec"):
        return PipelineSource(spec=context.specs.read_inline(run.pipeline_spec))
    else:
        raise InvalidRequestError(
            "the run names no pipeline; give pipeline_version_reference or pipeline_spec"
        )
    spec = context.specs.load(connection, row.spec_digest)
    return PipelineSource(spec=spec, pipeline_id=row.pipeline_id, version_id=row.id)

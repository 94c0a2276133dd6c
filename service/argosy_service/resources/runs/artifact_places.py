"""Where an artifact of a run is, by what the records of the run say."""

from __future__ import annotations

from sqlalchemy import select

from argosy_service.database.tables import ARTIFACT_LINKS, ARTIFACTS
from argosy_service.engines.artifacts import ArtifactPlace
from argosy_service.errors import InvalidRequestError, NotFoundError
from argosy_service.resources.context import Context
from argosy_service.resources.runs.logs import find_logged_task
from argosy_service.resources.runs.run_rows import find_run_row
from argosy_service.resources.runs.tasks import make_task_id


def find_artifact_place(context: Context, run_id: str, node: str, name: str) -> ArtifactPlace:
    """Return where an output of a task is, or an input of that name where it has no such output.

    Of a list it is the first.

    Raises:
        NotFoundError: There is no such run, task or artifact.
        InvalidRequestError: It is a directory, or its task wrote nothing to it.
    """
    path = find_logged_task(context, run_id, node).path
    links = ARTIFACT_LINKS.c
    query = (
        select(ARTIFACTS)
        .join(ARTIFACT_LINKS, links.artifact_id == ARTIFACTS.c.id)
        .where(links.task_id == make_task_id(run_id, path), links.key == name)
        .order_by(links.type != "OUTPUT", links.position)
        .limit(1)
    )
    with context.database.read() as connection:
        run = find_run_row(connection, run_id)
        found = connection.execute(query).first()
        pipeline = context.specs.load(connection, run.spec_digest).pipeline
    if found is None:
        raise NotFoundError(
            f"task '{path}' of run '{run_id}' has no artifact '{name}'; its inputs and outputs in "
            "run_details have their names"
        )
    if found.content in ("directory", "absent"):
        what = "a directory" if found.content == "directory" else "nothing"
        raise InvalidRequestError(
            f"artifact '{name}' of task '{path}' is {what}; read it from {found.uri}"
        )
    return ArtifactPlace(
        artifact_id=found.id,
        uri=found.uri,
        pipeline_root=run.pipeline_root,
        default_root=pipeline.default_pipeline_root,
        namespace=run.namespace,
    )

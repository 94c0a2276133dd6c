"""What became of the tasks of a run, as clients see it."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from google.rpc.status_pb2 import Status  # pyright: ignore[reportMissingTypeStubs] # it has none
from sqlalchemy import Connection, Row, select

from argosy_service.database.tables import ARTIFACT_LINKS, TASKS
from argosy_service.errors import Code
from argosy_service.protos.run_pb2 import PipelineTaskDetail, RunDetails, RuntimeStatus
from argosy_service.resources.artifacts import load_links
from argosy_service.resources.fields import make_timestamp


@lru_cache(maxsize=20_000)
def make_task_id(run_id: str, path: str) -> str:
    """Return the id of a task, the same whenever it is asked for."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run_id}/{path}"))


def load_run_details(connection: Connection, run_id: str) -> RunDetails:
    """Return the tasks of a run, in their order."""
    columns = TASKS.c
    # All but what they read and wrote, which may be large.
    wanted = [each for each in columns if each.name not in ("inputs", "outputs")]
    query = select(*wanted).where(columns.run_id == run_id).order_by(columns.position)
    rows = connection.execute(query).all()
    links = load_links(connection, ARTIFACT_LINKS.c.run_id == run_id)
    children = defaultdict[str, list[str]](list)
    for row in rows:
        children[row.parent_id].append(row.id)
    return RunDetails(
        task_details=[
            _make_detail(row, links.get(row.id, ()), children.get(row.id, ())) for row in rows
        ]
    )


def _make_detail(
    row: Row[Any], links: Sequence[Row[Any]], children: Sequence[str]
) -> PipelineTaskDetail:
    detail = PipelineTaskDetail(
        run_id=row.run_id,
        task_id=row.id,
        display_name=row.display_name,
        create_time=make_timestamp(row.started_at),
        start_time=make_timestamp(row.started_at),
        end_time=make_timestamp(row.finished_at),
        state=row.state,
        state_history=[
            RuntimeStatus(update_time=make_timestamp(line["at"]), state=line["state"])
            for line in json.loads(row.state_history or "[]")
        ],
        pod_name=row.pod_name,
        parent_task_id=row.parent_id,
        child_tasks=[PipelineTaskDetail.ChildTask(task_id=child) for child in children],
    )
    for link in links:
        held = detail.outputs if link.type == "OUTPUT" else detail.inputs
        held[link.key].artifact_ids.append(int(link.artifact_id))
    if row.error:
        detail.error.CopyFrom(Status(code=Code.ABORTED, message=row.error))
    return detail

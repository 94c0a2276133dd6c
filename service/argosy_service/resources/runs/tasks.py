"""What became of the tasks of a run, as clients see it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from google.rpc.status_pb2 import Status  # pyright: ignore[reportMissingTypeStubs] # it has none
from sqlalchemy import Row

from argosy_service.errors import Code
from argosy_service.protos.run_pb2 import PipelineTaskDetail, RunDetails
from argosy_service.resources.fields import make_timestamp


def make_task_id(run_id: str, path: str) -> str:
    """Return the id of a task, the same whenever it is asked for."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run_id}/{path}"))


def make_run_details(run_id: str, rows: Sequence[Row[Any]]) -> RunDetails:
    """Return the tasks of a run from their rows, in the order of these."""
    children = defaultdict[str, list[str]](list)
    for row in rows:
        children[_parent(row.path)].append(make_task_id(run_id, row.path))
    return RunDetails(
        task_details=[_make_detail(run_id, row, children.get(row.path, ())) for row in rows]
    )


def _make_detail(run_id: str, row: Row[Any], children: Sequence[str]) -> PipelineTaskDetail:
    parent = _parent(row.path)
    detail = PipelineTaskDetail(
        run_id=run_id,
        task_id=make_task_id(run_id, row.path),
        display_name=row.display_name,
        create_time=make_timestamp(row.started_at),
        start_time=make_timestamp(row.started_at),
        end_time=make_timestamp(row.finished_at),
        state=row.state,
        pod_name=row.pod_name,
        parent_task_id=make_task_id(run_id, parent) if parent else "",
        child_tasks=[PipelineTaskDetail.ChildTask(task_id=child) for child in children],
    )
    if row.error:
        detail.error.CopyFrom(Status(code=Code.ABORTED, message=row.error))
    return detail


def _parent(path: str) -> str:
    """Return the path of the task that another one is in; empty for the outermost."""
    return path.rpartition("/")[0]

"""What became of a run, from its Workflow, its records, and what the cluster says of its pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from argosy_cluster.cluster import Document, find_object
from argosy_cluster.runs.diagnoses import Diagnoses, diagnose_tasks
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import is_over, read_attempt
from argosy_runs.causes import explain_run, find_causes
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import RunState
from argosy_schemas.errors import ArgosyError, ClusterError, InvalidArgumentError
from argosy_schemas.formats.dataclass_json import time_from_json
from argosy_schemas.logger import Logger
from argosy_service.engines.protocol import RunReport

_LOGGER: Final = Logger("service.argo")
_RETRY: Final = "retry the run"
"""What a person does to go on with a run."""


def read_report(runs: ClusterRuns, workflow: Document, run_id: str) -> RunReport:
    """Return what became of a run by the Workflow that works on it.

    Raises:
        StoreError: The store with its pipeline cannot be read.
        ClusterError: The cluster cannot be asked for the object with its pipeline.
    """
    report = RunReport(
        run_id=run_id, state="RUNNING", started_at=read_status_time(workflow, "startedAt")
    )
    try:
        result = runs.reader.read(workflow, with_values=is_over(workflow))
    except InvalidArgumentError as error:
        return report_unread(workflow, run_id, str(error)) if is_over(workflow) else report
    report = replace(report, tasks=result.tasks)
    if not is_over(workflow):
        return report
    if result.state is RunState.FAILED:
        result = _explain(runs, workflow, result)
    is_fine = result.state in (RunState.SUCCEEDED, RunState.CANCELED)
    return replace(
        report,
        state=result.state.value if is_fine else "FAILED",
        error=result.error or "",
        tasks=result.tasks,
        finished_at=result.finished_at,
        ends=_count_ends(workflow),
    )


def report_unread(workflow: Document, run_id: str, problem: str) -> RunReport:
    """Return the report of a run that has ended, and whose tasks cannot be read."""
    status: Mapping[str, Any] = find_object(workflow, "status")
    is_fine = status.get("phase") == "Succeeded"
    said = status.get("message") or "the workflow ended in an error"
    return RunReport(
        run_id=run_id,
        state="SUCCEEDED" if is_fine else "FAILED",
        error="" if is_fine else f"{said}; what its tasks did is not known: {problem}",
        started_at=read_status_time(workflow, "startedAt"),
        finished_at=read_status_time(workflow, "finishedAt"),
        ends=_count_ends(workflow),
    )


def read_status_time(workflow: Document, name: str) -> datetime | None:
    """Return a time of a Workflow's status; ``None``: nothing says it, or it is no time."""
    try:
        return time_from_json(find_object(workflow, "status")[name])
    except (KeyError, TypeError, ValueError):
        return None


def _count_ends(workflow: Document) -> int:
    return read_attempt(find_object(workflow, "metadata")) + 1


def _explain(runs: ClusterRuns, workflow: Document, result: RunResult) -> RunResult:
    """Return a result whose errors are what ``argosy why`` says."""
    try:
        diagnoses = diagnose_tasks(runs.cluster, workflow, result, go_on=_RETRY)
    except (ClusterError, InvalidArgumentError) as error:
        _LOGGER.info("run %s: its pods cannot be looked at: %s", result.run_id, error)
        diagnoses = Diagnoses()
    causes = find_causes(result, diagnoses.by_path, go_on=_RETRY)
    errors = {cause.task.path: cause.error for cause in causes}

    def explain(task: TaskResult) -> TaskResult:
        return replace(task, error=errors[task.path]) if task.path in errors else task

    return replace(
        result,
        error=explain_run(result, causes),
        tasks=tuple(explain(task) for task in result.tasks),
    )


def describe(error: Exception) -> str:
    """Return why a run could not be begun or read, on one line."""
    if not isinstance(error, ArgosyError):
        return f"the workflow is not what Argo writes ({error!r})"
    return " ".join(str(error).splitlines())

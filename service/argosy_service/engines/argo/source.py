"""What a namespace and a store keep of runs, without following them."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs import ClusterRuns
from argosy_schemas.errors import MissingObjectError
from argosy_schemas.names import RunId
from argosy_service.engines.argo.reading import read_report
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.protocol import RunReport


class ArgoRunSource:
    """The Workflows of a namespace, and the records of runs whose Workflow is gone."""

    def __init__(self, settings: ArgoSettings) -> None:
        """List the Workflows.

        Raises:
            ClusterError: The cluster does not give them.
        """
        self._runs = settings.open_runs()
        self._names = {str(entry.run_id): entry.name for entry in self._runs.list()}
        """Of the Workflow that works on a run, or did so last."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._runs.__exit__(kind, error, traceback)

    def read(self, run_id: str) -> RunReport | None:
        """Return what became of a run so far; ``None``: neither Workflow nor records are there.

        Raises:
            ClusterError: The cluster does not give its Workflow.
            StoreError: Its store cannot be read.
        """
        name = self._names.get(run_id)
        if name is not None:
            try:
                return read_report(self._runs, self._runs.cluster.get(WORKFLOWS, name), run_id)
            except MissingObjectError:
                pass  # it was deleted meanwhile
        return _read_recorded(self._runs, RunId(run_id))


def _read_recorded(runs: ClusterRuns, run_id: RunId) -> RunReport | None:
    if runs.store_url is None:
        return None
    result = runs.reader.read_recorded(runs.store_url, run_id, with_values=True)
    if result is None:
        return None
    return RunReport(
        run_id=run_id,
        state="FAILED",
        tasks=result.tasks,
        started_at=result.started_at,
        finished_at=result.finished_at,
        is_partial=True,
    )

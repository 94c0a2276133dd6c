"""What a namespace and a store keep of runs, without following them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.place import ClusterRuns
from argosy_schemas.errors import MissingObjectError
from argosy_schemas.names import RunId
from argosy_service.engines.argo.reading import read_report
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.protocol import RunReport


class ArgoRunSource:
    """The Workflows of a namespace, and the records of runs whose Workflow is gone.

    Those of users' namespaces are looked at when a run of one is asked for.
    """

    def __init__(self, settings: ArgoSettings) -> None:
        """List the Workflows of the namespace of the service.

        Raises:
            ClusterError: The cluster does not give them.
        """
        self._settings = settings
        self._opened = ExitStack()
        self._places: dict[str, _Place] = {}
        self._find("")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def read(self, run_id: str, *, namespace: str = "") -> RunReport | None:
        """Return what became of a run so far; ``None``: neither Workflow nor records are there.

        Raises:
            InvalidArgumentError: It is of a user's namespace, and nothing names the store.
            ClusterError: The cluster does not give its Workflow.
            StoreError: Its store cannot be read.
        """
        place = self._find(namespace)
        name = place.names.get(run_id)
        if name is not None:
            try:
                return read_report(place.runs, place.runs.cluster.get(WORKFLOWS, name), run_id)
            except MissingObjectError:
                pass  # it was deleted meanwhile
        return _read_recorded(place.runs, RunId(run_id))

    def _find(self, namespace: str) -> _Place:
        found = self._places.get(namespace)
        if found is None:
            runs = self._opened.enter_context(self._settings.of(namespace).open_runs())
            names = {str(entry.run_id): entry.name for entry in runs.list()}
            found = self._places[namespace] = _Place(runs=runs, names=names)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    runs: ClusterRuns
    names: Mapping[str, str | None]
    """Of the Workflow that works on a run, or did so last, by run."""


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

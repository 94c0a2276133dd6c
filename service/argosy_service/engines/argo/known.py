"""Which Workflows work on which run, as far as the cluster has said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from argosy_cluster.cluster import Document, find_object
from argosy_cluster.runs.workflows import is_over, read_attempt
from argosy_runs.argo.identity import RunIdentity, read_run_identity
from argosy_schemas.formats.dataclass_json import time_from_json
from argosy_schemas.pod import RUN_LABEL
from argosy_service.engines.argo.reading import read_status_time


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWorkflow:
    """What is kept of a Workflow that was seen."""

    name: str
    identity: RunIdentity
    made_at: datetime
    attempt: int
    is_over: bool
    is_own: bool
    """Whether it has the label of the service: that made it, or the one it goes on after."""
    finished_at: datetime | None = None


class KnownWorkflows:
    """All Workflows of Argosy in a namespace."""

    def __init__(self) -> None:
        self._by_name: dict[str, KnownWorkflow] = {}
        self._by_run: dict[str, dict[str, KnownWorkflow]] = {}

    def take(self, document: Document) -> KnownWorkflow:
        """Take note of a Workflow, and return what is kept of it.

        Nothing more is known of another one that had its name.

        Raises:
            InvalidArgumentError: It does not say which run it belongs to.
        """
        metadata = find_object(document, "metadata")
        known = KnownWorkflow(
            name=metadata["name"],
            identity=read_run_identity(metadata),
            made_at=time_from_json(metadata["creationTimestamp"]),
            attempt=read_attempt(metadata),
            is_over=is_over(document),
            is_own=RUN_LABEL in find_object(metadata, "labels"),
            finished_at=read_status_time(document, "finishedAt"),
        )
        self.forget(known.name)
        self._by_name[known.name] = known
        self._by_run.setdefault(known.identity.run_id, {})[known.name] = known
        return known

    def get(self, name: str) -> KnownWorkflow | None:
        """Return what is kept of a Workflow; ``None``: there is none of this name."""
        return self._by_name.get(name)

    def forget(self, name: str) -> KnownWorkflow | None:
        """Forget a Workflow that is gone, and return what was kept of it."""
        known = self._by_name.pop(name, None)
        if known is not None:
            own = self._by_run[known.identity.run_id]
            del own[name]
            if not own:
                del self._by_run[known.identity.run_id]
        return known

    def list_ended(self, before: datetime) -> list[KnownWorkflow]:
        """Return those of the service that ended before a time, the oldest first."""
        found = [
            (each.finished_at, each.name, each)
            for each in self._by_name.values()
            if each.is_own and each.is_over and each.finished_at and each.finished_at < before
        ]
        return [each for _, _, each in sorted(found, key=lambda one: one[:2])]

    def newest(self, run_id: str) -> KnownWorkflow | None:
        """Return the Workflow that works on a run, or did so last; ``None``: it has none."""
        own = self._by_run.get(run_id, {}).values()
        return max(own, key=lambda each: (each.made_at, each.attempt), default=None)

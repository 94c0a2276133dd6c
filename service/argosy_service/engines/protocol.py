"""What the service asks of an engine.

All calls come from one thread. An engine keeps nothing that the service could not tell it again:
after a restart the service starts every run that has not ended, and the engine goes on with what it
finds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from argosy_runs.results import TaskResult
from argosy_schemas.values import JsonValue
from argosy_service.engines.artifacts import ArtifactPlace, OpenedArtifact


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """A run as an engine gets it."""

    run_id: str
    spec: str
    """JSON, as :mod:`argosy_service.resources.specs.specs` keeps it."""
    parameters: Mapping[str, JsonValue]
    pipeline_root: str = ""
    """Empty: the engine's own."""
    service_account: str = ""
    """The service account of its pods; empty: the engine's own."""
    created_at: datetime
    namespace: str = ""
    """Whose users may see it; empty: there is one user."""
    has_begun: bool = False
    """Whether the engine reported, since the run was ordered last, that it had begun."""
    ends: int = 0
    """How often it has ended so far, by the reports of the engine. A run that ended more often than
    this did what was ordered while the service was not there to see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What became of a run so far."""

    run_id: str
    state: str
    """RUNNING, SUCCEEDED, FAILED, or CANCELED for a run that was stopped."""
    error: str = ""
    """One sentence about a run that ended and did not succeed, or why it could not begin so far."""
    tasks: Sequence[TaskResult] = ()
    started_at: datetime | None = None
    """When the engine began to work on it, the last time; ``None``: it has not."""
    finished_at: datetime | None = None
    ends: int = 0
    """How often it has ended; of a final report."""
    ends_before: int | None = None
    """How often it had ended when it was ordered; ``None``: not known. Whoever gave the order says
    so, not the engine. A report is of no use where the run has ended and was ordered again."""
    is_partial: bool = False
    """Whether its engine knows nothing of it any more, so that only tasks with records are there,
    and what is said of the run as a whole is a guess."""

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self.state != "RUNNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun:
    """A run that somebody has started without the service."""

    run_id: str
    name: str
    created_at: datetime
    spec: str
    """JSON, as in :class:`RunOrder`."""
    parameters: Mapping[str, JsonValue]
    service_account: str = ""


class RunSource(Protocol):
    """What is kept of the runs of an engine, whoever works on them; for one thread."""

    def read(self, run_id: str, *, namespace: str = "") -> RunReport | None:
        """Return what became of a run so far; ``None``: nothing is kept of it.

        Args:
            run_id: Of the run.
            namespace: As in :class:`RunOrder`.

        Raises:
            ArgosyError: It cannot be read.
        """
        ...


class TaskLog(Protocol):
    """What a task wrote, while it does and afterwards."""

    def read(self, *, is_over: bool) -> bytes:
        """Return the lines that came since the last call; empty: none.

        Args:
            is_over: Whether nothing more is written: then the last line needs no line break.
        """
        ...

    def close(self) -> None:
        """Give back what reading it took, e.g. connections; nothing is read afterwards."""
        ...


class TaskLogs(Protocol):
    """The logs of the tasks of an engine; for many threads."""

    def open(self, run_id: str, path: str, *, namespace: str = "") -> TaskLog:
        """Return the log of a task; nothing has to be there yet.

        Args:
            run_id: Of the run.
            path: Of the task.
            namespace: Of the run; empty: there is one user.
        """
        ...


class EngineArtifacts(Protocol):
    """The artifacts of the runs of an engine; for many threads."""

    def open(self, place: ArtifactPlace) -> OpenedArtifact:
        """Return an artifact that is one file, so that it can be read.

        Raises:
            ServiceError: It is outside of the roots of its run, or gone.
            StoreError: Its store does not answer.
        """
        ...


class RunEngine(Protocol):
    """Where runs take place."""

    @property
    def active(self) -> Collection[str]:
        """The ids of runs that were started, and whose end was not reported yet."""
        ...

    @property
    def room(self) -> int:
        """How many more runs can be started now."""
        ...

    @property
    def lag_seconds(self) -> float:
        """How far what is known of runs is behind what became of them; also for other threads."""
        ...

    def start(self, order: RunOrder) -> None:
        """Begin a run, or go on with one; one that is active stays as it is."""
        ...

    def watch(self, run_id: str, *, namespace: str = "") -> None:
        """Report on a run without starting it, from what is there of it.

        Args:
            run_id: Of the run.
            namespace: As in :class:`RunOrder`.
        """
        ...

    def stop(self, run_id: str) -> None:
        """Have an active run stopped, exit handlers and all; may be called again."""
        ...

    def delete(self, run_id: str, *, artifacts: bool, namespace: str = "") -> bool:
        """Stop a run and remove what is kept of it; return whether that is done.

        Where it is not, the call has to be repeated.

        Args:
            run_id: Of the run.
            artifacts: Whether its artifacts are removed as well, but for those that another run
                uses.
            namespace: As in :class:`RunOrder`.
        """
        ...

    def find(
        self, choose_missing: Callable[[Collection[str]], Collection[str]]
    ) -> Sequence[FoundRun]:
        """Return runs that this engine did not start, each once.

        Args:
            choose_missing: Returns those ids of runs that are not known elsewhere.
        """
        ...

    def tidy(self, choose_ended: Callable[[Collection[str]], Collection[str]]) -> None:
        """Remove what is left of runs whose end is written down, and that nobody needs.

        Args:
            choose_ended: Returns those ids of runs whose end is written down.
        """
        ...

    def close(self) -> None:
        """Leave the runs alone; they go on."""
        ...

    def poll(self) -> Sequence[RunReport]:
        """Return reports of the runs about which there is news, each once; a final one ends it."""
        ...

"""An engine whose runs do what a test says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from argosy_schemas.errors import ArgosyError
from argosy_service.engines.protocol import FoundRun, RunOrder, RunReport


class FakeLogs:
    """Logs of tasks as a test says, by run and path; each is read whole at once."""

    def __init__(self, texts: Mapping[tuple[str, str], bytes] | None = None) -> None:
        self._texts = dict(texts or {})

    def open(self, run_id: str, path: str, *, namespace: str = "") -> FakeLog:
        """Return the log of a task."""
        return FakeLog(self._texts.get((run_id, path), b""))


class FakeLog:
    """A log that is there as a whole."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self.is_closed = False

    def read(self, *, is_over: bool) -> bytes:
        """Return all of it the first time, and nothing afterwards."""
        text, self._text = self._text, b""
        return text

    def close(self) -> None:
        """Note that nobody reads it any more."""
        self.is_closed = True


class FakeSource:
    """Knows of runs what a test says."""

    def __init__(self, reports: Mapping[str, RunReport | ArgosyError]) -> None:
        self.reports = dict(reports)
        """By run; an error is raised."""

    def read(self, run_id: str, *, namespace: str = "") -> RunReport | None:
        """Return what there is of a run."""
        found = self.reports.get(run_id)
        if isinstance(found, ArgosyError):
            raise found
        return found


class FakeEngine:
    """Keeps what it is told; a run ends when :meth:`report` says so."""

    def __init__(self, *, room: int = 100) -> None:
        self.orders: list[RunOrder] = []
        """All that was started, in this order."""
        self.watched: set[str] = set()
        self.stopped: set[str] = set()
        self.deleted: dict[str, bool] = {}
        """Run to whether its artifacts went as well."""
        self.deletes = True
        """Whether runs are removed as soon as that is asked."""
        self.found: list[FoundRun] = []
        """Runs of others, which :meth:`find` is going to return."""
        self.lag = 0.0
        """In seconds; what :attr:`lag_seconds` says."""
        self._most = room
        self._active: dict[str, RunOrder | None] = {}
        self._reports: list[RunReport] = []

    def report(self, report: RunReport) -> None:
        """Have the next poll return a report."""
        self._reports.append(report)

    @property
    def active(self) -> Collection[str]:
        """The ids of runs that were started, and have not ended."""
        return self._active.keys()

    @property
    def room(self) -> int:
        """How many more runs can be started."""
        return self._most - len(self._active)

    @property
    def lag_seconds(self) -> float:
        """How far what is known is behind."""
        return self.lag

    def start(self, order: RunOrder) -> None:
        """Take note of a run."""
        if order.run_id not in self._active:
            self.orders.append(order)
            self._active[order.run_id] = order

    def watch(self, run_id: str, *, namespace: str = "") -> None:
        """Take note that a run is asked about."""
        if run_id not in self._active:
            self.watched.add(run_id)
            self._active[run_id] = None

    def stop(self, run_id: str) -> None:
        """Take note that a run is to be stopped."""
        self.stopped.add(run_id)

    def delete(self, run_id: str, *, artifacts: bool, namespace: str = "") -> bool:
        """Forget a run."""
        self._active.pop(run_id, None)
        self.deleted[run_id] = artifacts
        return self.deletes

    def find(
        self, choose_missing: Callable[[Collection[str]], Collection[str]]
    ) -> Sequence[FoundRun]:
        """Return what is missing of what :attr:`found` holds, and forget it."""
        found, self.found = self.found, []
        missing = choose_missing([each.run_id for each in found])
        return [each for each in found if each.run_id in missing]

    def tidy(self, choose_ended: Callable[[Collection[str]], Collection[str]]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def poll(self) -> Sequence[RunReport]:
        """Return what :meth:`report` was given since the last call."""
        reports, self._reports = self._reports, []
        for report in reports:
            if report.is_final:
                self._active.pop(report.run_id, None)
        return reports

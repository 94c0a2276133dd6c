"""Runs as Workflows of a namespace.

What there is in the cluster is followed by a feed, and calls that change it are made by threads of
their own: a cluster that does not answer holds nothing up. Decisions wait until the feed has seen
all Workflows, so that none is made for a run that has one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from argosy_cluster.cluster import Document
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.workflows import find_newest, is_over
from argosy_schemas.errors import (
    AccessDeniedError,
    ArgosyError,
    MissingObjectError,
    StoreError,
    UnreachableClusterError,
)
from argosy_schemas.logger import Logger
from argosy_service.engines.argo.calls import Calls, make_executor
from argosy_service.engines.argo.feed import WorkflowFeed
from argosy_service.engines.argo.finding import ForeignRuns
from argosy_service.engines.argo.known import KnownWorkflow, KnownWorkflows
from argosy_service.engines.argo.reading import describe, read_report, report_unread
from argosy_service.engines.argo.removing import Removals, read_own_workflow, stop_on_cluster
from argosy_service.engines.argo.settings import ArgoSettings, RunsOfThreads
from argosy_service.engines.argo.submitting import Submitter
from argosy_service.engines.protocol import FoundRun, RunOrder, RunReport

_LOGGER: Final = Logger("service.argo")

_READ_SECONDS: Final = 1.0
"""How often a run that goes on is read at most."""
_PATIENCE_SECONDS: Final = 60.0
"""How long the end of a run waits for a store that cannot be read."""
_STOP_AGAIN_SECONDS: Final = 5.0
_SILENCE_SECONDS: Final = 60.0
"""How long a Workflow that the feed does not know may take to be heard of."""
_TIDY_SECONDS: Final = 10.0
"""How often old Workflows are looked for."""

_TIDIED_AT_ONCE: Final = 100
"""How many old Workflows are looked at then."""

_PASSING: Final = (UnreachableClusterError, AccessDeniedError, MissingObjectError, StoreError)
"""Errors after which a call is made again: rights and what is missing may come."""


@dataclass(slots=True, kw_only=True)
class _Active:
    """A run whose end was not reported yet."""

    order: RunOrder | None
    """``None``: it is only watched."""
    workflow: str = ""
    """The name of the Workflow that works on it; empty: none was found or made so far."""
    document: Document | None = None
    """As it is now, where that has not been read."""
    heard_at: float = float("-inf")
    """When something was heard of its Workflow last."""
    read_at: float = float("-inf")
    unread_since: float | None = None
    """When its end could not be read the first time."""
    is_stopping: bool = False
    stopped_at: float = float("-inf")
    said: str = ""
    """Why it could not begin, as it was reported last."""


class ArgoEngine:
    """Argo in a namespace of a cluster."""

    def __init__(
        self,
        settings: ArgoSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Begin to follow the Workflows.

        Args:
            settings: Where and how runs take place.
            monotonic: The clock.
            sleep: Waits for some seconds between two watches; for tests.
            now: The time, for tests.
        """
        self._settings = settings
        self._now = now
        self._monotonic = monotonic
        self._runs = settings.connect_runs()
        self._others = RunsOfThreads(settings)
        self._submitter = Submitter(settings, self._others)
        self._executor = make_executor()
        self._made = Calls[Document](self._executor, monotonic=monotonic)
        self._changes = Calls[bool](self._executor, monotonic=monotonic)
        self._looks = Calls[Document | None](self._executor, monotonic=monotonic)
        self._doubtful: set[str] = set()
        """The ids of runs that may have a Workflow, since the answer to its creation was lost."""
        self._removals = Removals(self._others, monotonic=monotonic)
        self._tidy_at = float("-inf")
        self._known = KnownWorkflows()
        self._active: dict[str, _Active] = {}
        self._foreign = ForeignRuns(self._runs)
        self._is_complete = False
        self._feed = WorkflowFeed(settings.connect, sleep=sleep)

    @property
    def active(self) -> Collection[str]:
        """The ids of runs that were started, and whose end was not reported yet."""
        return self._active.keys()

    @property
    def room(self) -> int:
        """How many more runs can be started now."""
        return self._settings.max_runs - len(self._active)

    @property
    def lag_seconds(self) -> float:
        """How far what is known is behind the cluster; see :class:`WorkflowFeed`."""
        return self._feed.lag_seconds

    @property
    def trouble(self) -> str:
        """Why nothing is known of the cluster now, one sentence; empty: it is followed."""
        return self._feed.trouble

    def start(self, order: RunOrder) -> None:
        """Begin a run, or go on with one; one that is active stays as it is."""
        if order.run_id not in self._active:
            self._add(order.run_id, order)

    def watch(self, run_id: str, *, namespace: str = "") -> None:
        """Report on a run without starting it, from what is there of it."""
        if run_id not in self._active:
            self._add(run_id, None)

    def _add(self, run_id: str, order: RunOrder | None) -> None:
        self._active[run_id] = _Active(order=order)
        document = self._foreign.take(run_id)
        known = None if document is None else self._take(document)
        if document is not None and known is not None:
            self._assign(known, document)

    def stop(self, run_id: str) -> None:
        """Have an active run stopped, exit handlers and all; may be called again."""
        active = self._active.get(run_id)
        if active is not None:
            active.is_stopping = True

    def delete(self, run_id: str, *, artifacts: bool, namespace: str = "") -> bool:
        """Stop a run and remove what is kept of it; return whether that is done."""
        self._active.pop(run_id, None)
        if self._removals.take(run_id):
            self._forget_calls(run_id)
            return True
        self._foreign.take(run_id)
        if self._is_complete and not self._made.is_under_way(run_id):
            newest = self._known.newest(run_id)
            name = None if newest is None else newest.name
            is_doubtful = run_id in self._doubtful
            self._removals.begin(run_id, name, artifacts=artifacts, is_doubtful=is_doubtful)
        return False

    def find(
        self, choose_missing: Callable[[Collection[str]], Collection[str]]
    ) -> Sequence[FoundRun]:
        """Return runs that this engine did not start, each once."""
        return self._foreign.find(choose_missing)

    def tidy(self, choose_ended: Callable[[Collection[str]], Collection[str]]) -> None:
        """Remove Workflows that ended long ago.

        Args:
            choose_ended: Returns those ids of runs whose end is written down.
        """
        self._removals.take_old()
        keep, now = self._settings.keep_workflows, self._monotonic()
        if keep is None or not self._is_complete or now < self._tidy_at:
            return
        self._tidy_at = now + _TIDY_SECONDS
        old = self._known.list_ended(self._now() - keep)[:_TIDIED_AT_ONCE]
        chosen = choose_ended([each.identity.run_id for each in old]) if old else ()
        for each in old:
            if each.identity.run_id in chosen:
                self._removals.begin_old(each, self._active.__contains__)

    def close(self) -> None:
        """Leave the runs alone; they go on."""
        self._feed.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._removals.close()
        self._others.close()
        self._runs.cluster.close()

    def poll(self) -> Sequence[RunReport]:
        """Return reports of the runs about which there is news; a final one ends a run."""
        reports = [*self._take_news(), *self._take_calls()]
        ended = {report.run_id for report in reports if report.is_final}
        for run_id, active in list(self._active.items()):
            # Nothing follows an end.
            report = None if run_id in ended else self._advance(run_id, active)
            if report is not None:
                reports.append(report)
        for report in reports:
            if report.is_final:
                self._active.pop(report.run_id, None)
                self._forget_calls(report.run_id)
        return reports

    def _forget_calls(self, run_id: str) -> None:
        # What comes of them is no news for who goes on with the run, nor are their pauses.
        for calls in (self._made, self._changes, self._looks):
            calls.drop(run_id)
        self._doubtful.discard(run_id)

    # What the cluster said.

    def _take_news(self) -> Iterator[RunReport]:
        news = self._feed.take()
        self._is_complete = news.is_complete
        for name, document in news.changed.items():
            before = self._known.get(name)
            known = self._take(document)
            if known is None:
                continue
            if before is not None and before.identity.run_id != known.identity.run_id:
                # Somebody deleted it, and gave its name to that of another run.
                yield from self._lose(before)
            self._assign(known, document)
        for name in news.deleted:
            forgotten = self._known.forget(name)
            if forgotten is not None:
                yield from self._lose(forgotten)

    def _take(self, document: Document) -> KnownWorkflow | None:
        """Take note of a Workflow; ``None``: it cannot be read, and is left out."""
        try:
            return self._known.take(document)
        except Exception as error:  # one that nobody foresaw must not keep other runs waiting
            _LOGGER.info("a workflow is left out: %s", describe(error))
            return None

    def _assign(self, known: KnownWorkflow, document: Document) -> None:
        run_id = known.identity.run_id
        active = self._active.get(run_id)
        if active is None:
            if known == self._known.newest(run_id):
                self._foreign.note(run_id, document)
            return
        is_own = active.workflow in ("", known.name) or known == self._known.newest(run_id)
        if is_own and not self._is_outdated(active, known):
            self._give(run_id, active, known, document)

    def _give(self, run_id: str, active: _Active, known: KnownWorkflow, document: Document) -> None:
        active.workflow, active.document = known.name, document
        active.heard_at = self._monotonic()
        self._doubtful.discard(run_id)

    def _is_outdated(self, active: _Active, known: KnownWorkflow) -> bool:
        """Return whether a Workflow is one that has ended before the run was ordered."""
        order = active.order
        if order is None or known.name == active.workflow:
            return False
        return known.is_over and known.attempt < order.ends

    def _lose(self, known: KnownWorkflow) -> Iterator[RunReport]:
        """Report a run whose Workflow was deleted before its end was seen."""
        run_id = known.identity.run_id
        active = self._active.get(run_id)
        self._foreign.lose(run_id, known.name)
        self._removals.forget_old(known.name)
        if active is None and self._known.newest(run_id) is None:
            self._foreign.forget(run_id)
        if active is None or active.workflow != known.name:
            return
        if active.document is not None and is_over(active.document):
            return
        yield self._report_lost(run_id, active, known.attempt)

    def _report_lost(self, run_id: str, active: _Active, attempt: int) -> RunReport:
        what = f"its workflow '{active.workflow}'" if active.workflow else "its workflow"
        return RunReport(
            run_id=run_id,
            state="CANCELED" if active.is_stopping else "FAILED",
            error=f"{what} was deleted before its end was seen; retry the run to go on with it",
            ends=attempt + 1,
        )

    # What came of calls.

    def _take_calls(self) -> list[RunReport]:
        reports: list[RunReport] = []
        for run_id, result in self._made.take():
            active = self._active.get(run_id)
            if isinstance(result, ArgosyError):
                if isinstance(result, _PASSING):
                    self._doubtful.add(run_id)
                if active is not None:
                    reports += self._fail(run_id, active, result)
                continue
            # What the feed said of it is newer; who deletes a run needs to know what was made.
            if active is None or not active.workflow:
                known = self._take(result)
                is_own = known is not None and known.identity.run_id == run_id
                # Otherwise somebody gave the name to another run.
                if active is not None and known is not None and is_own:
                    self._give(run_id, active, known, result)
        reports += self._take_looks()
        for run_id, stopped in self._changes.take():
            if isinstance(stopped, ArgosyError) and not isinstance(stopped, MissingObjectError):
                _LOGGER.info("run %s cannot be stopped: %s", run_id, describe(stopped))
        return reports

    def _take_looks(self) -> Iterator[RunReport]:
        for run_id, result in self._looks.take():
            active = self._active.get(run_id)
            if active is None or isinstance(result, ArgosyError):
                continue  # it is asked for again where it still matters
            if result is None and not active.workflow:
                self._doubtful.discard(run_id)
            elif result is None:
                lost = self._known.get(active.workflow)
                if lost is None or lost.identity.run_id != run_id:
                    ends = 0 if active.order is None else active.order.ends
                    yield self._report_lost(run_id, active, ends)
                else:
                    self._known.forget(lost.name)
                    yield self._report_lost(run_id, active, lost.attempt)
            elif not active.workflow or self._is_silent(active):
                known = self._take(result)
                if known is not None:
                    self._give(run_id, active, known, result)

    def _fail(self, run_id: str, active: _Active, error: ArgosyError) -> Iterator[RunReport]:
        """Report a run whose Workflow could not be made; a cause that passes lets it wait."""
        order = active.order
        if not isinstance(error, _PASSING):
            ends = 0 if order is None else order.ends
            yield RunReport(run_id=run_id, state="FAILED", error=describe(error), ends=ends)
        elif active.said != describe(error):
            active.said = describe(error)
            yield RunReport(run_id=run_id, state="RUNNING", error=f"it waits: {active.said}")

    # What is to be done next.

    def _advance(self, run_id: str, active: _Active) -> RunReport | None:
        if active.document is not None:
            return self._read(run_id, active, active.document)
        if active.workflow:
            if active.is_stopping:
                self._stop(run_id, active)
            if self._is_silent(active):
                # It may have been deleted before the feed could tell of it.
                self._look(run_id, active.workflow)
            return None
        if not self._is_complete:
            return self._report_trouble(run_id, active)
        if self._made.is_under_way(run_id):
            return None
        return self._begin(run_id, active)

    def _is_silent(self, active: _Active) -> bool:
        if not self._is_complete or self._feed.has(active.workflow):
            return False
        return self._monotonic() >= active.heard_at + _SILENCE_SECONDS

    def _look(self, run_id: str, name: str | None) -> None:
        """Ask the cluster for the Workflow of a run; without a name, for the newest."""

        def look() -> Document | None:
            runs = self._others.get()
            found = name or find_newest(runs.cluster, run_id)
            return None if found is None else read_own_workflow(runs, run_id, found)

        self._looks.begin(run_id, look)

    def _report_trouble(self, run_id: str, active: _Active) -> RunReport | None:
        """Report that a run waits for a cluster that cannot be followed, once."""
        trouble = self.trouble
        if not trouble or active.order is None or active.said == trouble:
            return None
        active.said = trouble
        return RunReport(run_id=run_id, state="RUNNING", error=f"it waits: {trouble}")

    def _begin(self, run_id: str, active: _Active) -> RunReport | None:
        """Find or make the Workflow of a run that has none assigned."""
        order, newest = active.order, self._known.newest(run_id)
        if newest is not None and not self._is_outdated(active, newest):
            name = newest.name
            self._made.begin(run_id, lambda: self._others.get().cluster.get(WORKFLOWS, name))
            return None
        if active.is_stopping and run_id in self._doubtful:
            self._look(run_id, None)
            return None
        if active.is_stopping:
            return RunReport(
                run_id=run_id, state="CANCELED", error="the run was stopped before it began"
            )
        if order is None or order.has_begun:
            return self._report_lost(run_id, active, -1 if order is None else order.ends)
        name_of_newest = None if newest is None else newest.name
        self._made.begin(run_id, lambda: self._submitter.submit(order, name_of_newest))
        return None

    def _read(self, run_id: str, active: _Active, document: Document) -> RunReport | None:
        now = self._monotonic()
        has_ended = is_over(document)
        if active.is_stopping and not has_ended:
            self._stop(run_id, active)
        if not has_ended and now < active.read_at + _READ_SECONDS:
            return None
        active.read_at = now
        try:
            report = read_report(self._runs, document, run_id)
        except Exception as error:  # a run that nobody foresaw must not keep others waiting
            if active.unread_since is None:
                active.unread_since = now
                _LOGGER.info("run %s cannot be read now: %s", run_id, describe(error))
            if not has_ended or now < active.unread_since + _PATIENCE_SECONDS:
                return None
            _LOGGER.info("run %s cannot be read: %s", run_id, describe(error))
            report = report_unread(document, run_id, describe(error))
        active.document = None
        return report

    def _stop(self, run_id: str, active: _Active) -> None:
        now, name = self._monotonic(), active.workflow
        if now < active.stopped_at + _STOP_AGAIN_SECONDS:
            return
        active.stopped_at = now
        self._changes.begin(run_id, lambda: stop_on_cluster(self._others.get(), run_id, name))

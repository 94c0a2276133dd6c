"""Has an engine do what the database says about runs, and writes down what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from argosy_schemas.errors import ArgosyError
from argosy_service.background.ledger import Agenda, Ledger, is_away
from argosy_service.database.times import to_microseconds
from argosy_service.engines.protocol import FoundRun, RunEngine, RunReport
from argosy_service.errors import describe_error
from argosy_service.health import Health

_NAME: Final = "keep"


class RunKeeper:
    """The job that submits runs, watches, stops and removes them."""

    def __init__(
        self,
        ledger: Ledger,
        engine: RunEngine,
        clock: Callable[[], datetime],
        health: Health | None = None,
    ) -> None:
        """Do nothing yet.

        Args:
            ledger: The runs in the database.
            engine: Where they take place.
            clock: The time.
            health: Is told what could not be done for a run.
        """
        self._ledger = ledger
        self._engine = engine
        self._clock = clock
        self._health = health or Health()
        self._found: dict[str, FoundRun] = {}
        """Runs of others that the database does not have so far, by id."""
        self._unwritten: dict[str, RunReport] = {}
        """The last report of each run that is not written down so far: engines give each once."""
        self._ends: dict[str, int] = {}
        """How often a run had ended when it was started here."""

    def step(self) -> bool:
        """Do what is to be done now; return whether there will be more soon.

        What goes wrong with one run keeps no other from going on.

        Raises:
            SQLAlchemyError: The database does not answer; what is not written comes again.
        """
        self._adopt()
        self._write_down(self._engine.poll())
        most = max(self._engine.room, 0) + len(self._engine.active)
        agenda = self._ledger.read_agenda(most_pending=most)
        for run_id, left in agenda.deleted.items():
            with self._kept_apart(f"run {run_id} cannot be removed"):
                if self._engine.delete(run_id, artifacts=left.artifacts, namespace=left.namespace):
                    self._ledger.forget(run_id)
                    self._ends.pop(run_id, None)
        for run_id, namespace in agenda.canceling.items():
            with self._kept_apart(f"run {run_id} cannot be stopped"):
                self._engine.watch(run_id, namespace=namespace)
                self._engine.stop(run_id)
        self._start(agenda)
        self._engine.tidy(self._ledger.choose_ended)
        return bool(self._engine.active or agenda.deleted)

    @contextmanager
    def _kept_apart(self, what: str) -> Generator[None]:
        """Tell what could not be done in the block, and go on."""
        try:
            yield
        except Exception as error:
            if is_away(error):
                raise  # it is no matter of one run
            self._health.warn(_NAME, f"{what}: {describe_error(error)}")

    def _adopt(self) -> None:
        for found in self._engine.find(self._ledger.choose_missing):
            self._found[found.run_id] = found
        for run_id, found in list(self._found.items()):
            with self._kept_apart(f"run {run_id} of others cannot be shown"):
                self._ledger.adopt(found)
            del self._found[run_id]

    def _write_down(self, reports: Iterable[RunReport]) -> None:
        for report in reports:
            known = replace(report, ends_before=self._ends.get(report.run_id))
            self._unwritten[report.run_id] = known
            if report.is_final:
                self._ends.pop(report.run_id, None)
        now = to_microseconds(self._clock())
        for problem in self._ledger.take(list(self._unwritten.values()), now):
            self._health.warn(_NAME, problem)
        self._unwritten.clear()

    def _start(self, agenda: Agenda) -> None:
        for run_id in agenda.running:
            # They had room before the service was started anew.
            self._start_run(run_id)
        for run_id in agenda.pending:
            if self._engine.room <= 0:
                return
            self._start_run(run_id)

    def _start_run(self, run_id: str) -> None:
        if run_id in self._engine.active:
            return
        ends = 0
        try:
            order = self._ledger.make_order(run_id)
            if order is None:
                return
            ends = self._ends[run_id] = order.ends
            self._engine.start(order)
        except Exception as error:
            if is_away(error):
                raise
            reason = describe_error(error)
            self._health.warn(_NAME, f"run {run_id} cannot be started: {reason}")
            report = RunReport(run_id=run_id, state="FAILED", error=reason, ends=ends)
            if isinstance(error, OSError):
                # This machine lacks something now, a process or room on its disk.
                report = replace(report, state="RUNNING", error=f"it waits: {reason}")
            elif not isinstance(error, ArgosyError):
                what = f"the service failed ({reason}); report it as a bug"
                report = replace(report, error=what)
            self._write_down([report])

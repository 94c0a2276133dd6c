"""Has an engine do what the database says about runs, and writes down what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from argosy_service.background.ledger import Agenda, Ledger
from argosy_service.database.times import to_microseconds
from argosy_service.engines.protocol import RunEngine


class RunKeeper:
    """The job that submits runs, watches, stops and removes them."""

    def __init__(self, ledger: Ledger, engine: RunEngine, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._engine = engine
        self._clock = clock

    def step(self) -> bool:
        """Do what is to be done now; return whether there will be more soon."""
        now = to_microseconds(self._clock())
        for found in self._engine.find(self._ledger.choose_missing):
            self._ledger.adopt(found)
        self._ledger.take(self._engine.poll(), now)
        most = max(self._engine.room, 0) + len(self._engine.active)
        agenda = self._ledger.read_agenda(most_pending=most)
        for run_id, left in agenda.deleted.items():
            if self._engine.delete(run_id, artifacts=left.artifacts, namespace=left.namespace):
                self._ledger.forget(run_id)
        for run_id, namespace in agenda.canceling.items():
            self._engine.watch(run_id, namespace=namespace)
            self._engine.stop(run_id)
        self._start(agenda)
        self._engine.tidy(self._ledger.choose_ended)
        return bool(self._engine.active or agenda.deleted)

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
        order = self._ledger.make_order(run_id)
        if order is not None:
            self._engine.start(order)

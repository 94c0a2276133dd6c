"""Has an engine do what the database says about runs, and writes down what becomes of them."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from argosy_schemas.logger import Logger
from argosy_service.background.ledger import Agenda, Ledger
from argosy_service.database.times import to_microseconds
from argosy_service.engines.protocol import RunEngine
from argosy_service.resources.changes import Changes

_LOGGER: Final = Logger("service.run_keeper")

_POLL_SECONDS: Final = 0.2
"""How often runs that have not ended are looked at."""

_REST_SECONDS: Final = 5.0
"""How often the database is, where nobody says that it changed."""


class RunKeeper:
    """The job that submits runs, watches, stops and removes them."""

    def __init__(
        self, ledger: Ledger, engine: RunEngine, changes: Changes, clock: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._changes = changes
        self._clock = clock

    @contextmanager
    def working(self) -> Generator[None]:
        """Work in a thread for as long as the block lasts."""
        over = threading.Event()
        thread = threading.Thread(target=self._work, args=(over,), name="run-keeper")
        thread.start()
        try:
            yield
        finally:
            over.set()
            self._changes.notify()
            thread.join()
            self._engine.close()

    def _work(self, over: threading.Event) -> None:
        while not over.is_set():
            try:
                is_busy = self.step()
            except Exception:  # the edge of the thread: the next step may succeed
                _LOGGER.info("a step failed: %s", traceback.format_exc())
                is_busy = False
            self._changes.wait(_POLL_SECONDS if is_busy else _REST_SECONDS)

    def step(self) -> bool:
        """Do what is to be done now; return whether there will be more soon."""
        for report in self._engine.poll():
            self._ledger.take(report, to_microseconds(self._clock()))
        most = max(self._engine.room, 0) + len(self._engine.active)
        agenda = self._ledger.read_agenda(most_pending=most)
        for run_id in agenda.deleted:
            if self._engine.delete(run_id):
                self._ledger.forget(run_id)
        for run_id in agenda.canceling:
            self._engine.watch(run_id)
            self._engine.stop(run_id)
        self._start(agenda)
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

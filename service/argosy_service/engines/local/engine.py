"""Runs as processes of this machine that outlive the service.

The engine finds a run again by its directory: the lock there says whether a process works on it,
and the journal says what became of it. So a service that was killed goes on where it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from argosy_runs.local.home import RunFiles
from argosy_runs.local.reading import RunFollower
from argosy_schemas.errors import ArgosyError
from argosy_schemas.names import RunId
from argosy_service.engines.local.deleting import RunRemover
from argosy_service.engines.local.journals import is_stopping
from argosy_service.engines.local.reports import (
    read_ended_run,
    report_running,
    report_unbegun,
)
from argosy_service.engines.protocol import FoundRun, RunOrder, RunReport
from argosy_service.errors import describe_error

_ASK_AGAIN_SECONDS: Final = 2.0
"""After which a run that goes on as if nothing was asked is asked once more to stop."""

_REST: Final = 10
"""How many times as long as it took to read a run it is left alone: large ones take a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """How runs of this machine take place."""

    home: Path
    max_runs: int
    """How many take place at once."""
    jobs: int
    """How many tasks of a run at once."""
    runner: str = "process"
    cache: bool = True


@dataclass(slots=True, kw_only=True)
class _Active:
    """A run that somebody works on."""

    files: RunFiles
    log: Path
    process: subprocess.Popen[bytes] | None
    """``None``: a worker of the service before this one."""
    mark: tuple[int, int] = (0, 0)
    """Size and time of the journal that was reported last."""
    follower: RunFollower | None = None
    """Has read it so far; ``None``: nothing was there to read."""
    read_again_at: float = float("-inf")
    asked_to_stop_at: float = -_ASK_AGAIN_SECONDS

    @property
    def is_working(self) -> bool:
        if self.process is not None and self.process.poll() is None:
            return True
        # Also after the end of a worker: one of the service before may have been faster.
        return self.files.is_locked()


class LocalEngine:
    """The embedded engine."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._home = settings.home.absolute()
        self._logs = self._home / "service" / "workers"
        self._active: dict[str, _Active] = {}
        self._remover = RunRemover(self._home)

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
        """0: each look is at the runs themselves."""
        return 0.0

    def start(self, order: RunOrder) -> None:
        """Begin a run, or go on with one; one that is active stays as it is."""
        if order.run_id in self._active:
            return
        files = RunFiles(self._home, RunId(order.run_id))
        log = self._logs / f"{order.run_id}.log"
        process = None if files.is_locked() else self._start_worker(order, log)
        self._active[order.run_id] = _Active(files=files, log=log, process=process)

    def watch(self, run_id: str, *, namespace: str = "") -> None:
        """Report on a run without starting it, from what is there of it."""
        if run_id not in self._active:
            files, log = RunFiles(self._home, RunId(run_id)), self._logs / f"{run_id}.log"
            self._active[run_id] = _Active(files=files, log=log, process=None)

    def _start_worker(self, order: RunOrder, log: Path) -> subprocess.Popen[bytes]:
        content = {
            "home": str(self._home),
            "log": str(log),
            "run_id": order.run_id,
            "spec": order.spec,
            "parameters": order.parameters,
            "root": order.pipeline_root,
            "ends": order.ends,
            "cache": self._settings.cache,
            "jobs": self._settings.jobs,
            "runner": self._settings.runner,
        }
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "argosy_service.engines.local.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                # Signals to the service are none to its runs.
                start_new_session=True,
            )
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(content).encode())
            process.stdin.close()
        except BrokenPipeError:
            pass  # it ended at once, and its log says why
        return process

    def stop(self, run_id: str) -> None:
        """Have an active run stopped, exit handlers and all; may be called again."""
        active = self._active.get(run_id)
        if active is None:
            return
        # An engine that begins drops a request, as one to the engine before it; so it is repeated
        # until it was heeded, and not further: a second one would kill the tasks.
        now = time.monotonic()
        if now - active.asked_to_stop_at < _ASK_AGAIN_SECONDS or not active.files.is_locked():
            return
        if not is_stopping(active.files.journal):
            active.files.request_stop()
            active.asked_to_stop_at = now

    def delete(self, run_id: str, *, artifacts: bool, namespace: str = "") -> bool:
        """Stop a run and remove what is kept of it; return whether that is done."""
        active = self._active.get(run_id)
        files = RunFiles(self._home, RunId(run_id))
        if active is not None and active.is_working:
            self.stop(run_id)
            return False
        if files.is_locked():
            files.request_stop()
            return False
        self._active.pop(run_id, None)
        if files.spec.exists():
            self._remover.remove(run_id, artifacts=artifacts)
            return False
        (self._logs / f"{run_id}.log").unlink(missing_ok=True)
        return True

    def find(
        self, choose_missing: Callable[[Collection[str]], Collection[str]]
    ) -> Sequence[FoundRun]:
        """Return none: a run of ``argosy run`` belongs to the terminal that it was started in."""
        return ()

    def tidy(self, choose_ended: Callable[[Collection[str]], Collection[str]]) -> None:
        """Do nothing: the files of a run are all that is kept of it."""

    def close(self) -> None:
        """Leave the runs alone; they go on."""
        self._remover.close()
        for active in self._active.values():
            if active.process is not None and active.process.poll() is None:
                # So that Python does not take a worker that goes on for one that was forgotten.
                active.process.returncode = 0

    def poll(self) -> Sequence[RunReport]:
        """Return reports of the runs about which there is news; a final one ends a run."""
        reports: list[RunReport] = []
        for run_id, active in list(self._active.items()):
            # Asked first: what a worker that has ended wrote is there by then.
            is_working = active.is_working
            try:
                read = self._follow if is_working else self._read_end
                report = read(run_id, active)
            except Exception as error:  # anything may be in files, and the other runs go on
                reason = f"its files cannot be read: {describe_error(error)}"
                report = None if is_working else _report_unread(run_id, reason)
            if report is not None:
                reports.append(report)
            if not is_working:
                del self._active[run_id]
        return reports

    def _follow(self, run_id: str, active: _Active) -> RunReport | None:
        """Return what became of a run that goes on; ``None``: nothing new."""
        mark, began_at = _mark(active.files.journal), time.monotonic()
        if mark == active.mark or began_at < active.read_again_at:
            return None
        active.mark = mark
        try:
            if active.follower is None:
                active.follower = RunFollower(self._home, RunId(run_id))
            report = report_running(active.follower.read())
        except ArgosyError:
            return None  # its end says it, if that is so still
        now = time.monotonic()
        active.read_again_at = now + _REST * (now - began_at)
        return report

    def _read_end(self, run_id: str, active: _Active) -> RunReport:
        if not active.files.spec.exists():
            return report_unbegun(run_id, active.log)
        try:
            report = read_ended_run(self._home, RunId(run_id))
        except ArgosyError as error:
            return _report_unread(run_id, str(error))
        active.log.unlink(missing_ok=True)
        return report


def _report_unread(run_id: str, reason: str) -> RunReport:
    return RunReport(run_id=run_id, state="FAILED", error=reason)


def _mark(journal: Path) -> tuple[int, int]:
    try:
        status = os.stat(journal)
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)

"""Run one command to its end: its output, its deadline, and its descendants.

As in a container, the end of the command is the end of everything that it started: its process
group is killed then. What is written goes through a pipe, not straight to a file, because commands
do write to ``/dev/stderr``, which would cut a file off.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path

from argosy_engine.pods.stop import StopSignal
from argosy_engine.pods.watchdog import Watchdog

_CHUNK = 65536
_REST_SECONDS = 1.0
"""How long output is still read when the command and its group are gone. Only a process that left
the group can write then."""
_LOOK_SECONDS = 0.05
"""How often to look whether a command has ended, where the system cannot tell by itself."""


class Cut(Enum):
    """Why a command did not come to its own end."""

    DEADLINE = "deadline"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and where."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    deadline: timedelta | None = None
    grace: timedelta = timedelta(seconds=5)
    """Between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    exit_code: int
    """Minus the number of the signal that ended it."""
    cut: Cut | None = None


def run_command(
    command: Command,
    *,
    watchdog: Watchdog,
    stop: StopSignal,
    write: Callable[[bytes], None],
) -> Ended:
    """Run ``command`` and return how it ended, when nothing of it is left.

    Args:
        command: What to run.
        watchdog: Kills it when this process is gone.
        stop: Ends it when raised.
        write: Gets its output as it comes, in pieces; the log file gets the same.

    Raises:
        OSError: The command cannot be started, or the log cannot be written.
    """
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, reading)
        try:
            log = stack.enter_context(command.log.open("ab", buffering=0))
            process = subprocess.Popen(
                watchdog.announcing(command.argv, command.environment),
                stdin=watchdog.descriptor,
                stdout=writing,
                stderr=writing,
                env={},
                cwd=command.directory,
                start_new_session=True,
            )
        finally:
            os.close(writing)

        def tee(data: bytes) -> None:
            log.write(data)
            write(data)

        run = _Running(process, reading, tee, command, stop)
        try:
            cut = run.attend()
        finally:
            # Before it is reaped, so that its number still belongs to it.
            _kill(process.pid, signal.SIGKILL)
            watchdog.forget(process.pid)
            exit_code = process.wait()
        run.read_rest()
        return Ended(exit_code=exit_code, cut=cut)


class _Running:
    """A command that runs; one thread attends to it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reading: int,
        write: Callable[[bytes], None],
        command: Command,
        stop: StopSignal,
    ) -> None:
        self._process = process
        self._reading = reading
        self._write = write
        self._command = command
        self._stop = stop
        self._open = True

    def attend(self) -> Cut | None:
        """Pass on output until the command has ended; return why it was cut short, if it was."""
        end = _end_descriptor(self._process.pid)
        started = time.monotonic()
        limit = self._command.deadline
        deadline = None if limit is None else started + limit.total_seconds()
        kill_at: float | None = None
        cut: Cut | None = None
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        poll.register(self._stop.descriptor, select.POLLIN)
        if end is not None:
            poll.register(end, select.POLLIN)
        try:
            while True:
                now = time.monotonic()
                if cut is None:
                    if self._stop.is_set:
                        cut = Cut.STOPPED
                    elif deadline is not None and now >= deadline:
                        cut = Cut.DEADLINE
                    if cut is not None:
                        poll.unregister(self._stop.descriptor)
                        _kill(self._process.pid, signal.SIGTERM)
                        kill_at = now + self._command.grace.total_seconds()
                elif kill_at is not None and (now >= kill_at or self._stop.at_once):
                    _kill(self._process.pid, signal.SIGKILL)
                    kill_at = None
                wake_at = kill_at if cut is not None else deadline
                wait = None if wake_at is None else max(0.0, wake_at - now)
                if end is None or (cut is not None and kill_at is not None):
                    # Also to see a second call to stop, which comes without a sign.
                    wait = _LOOK_SECONDS if wait is None else min(wait, _LOOK_SECONDS)
                ready = dict(poll.poll(None if wait is None else wait * 1000 + 1))
                if self._reading in ready and not self._read():
                    poll.unregister(self._reading)
                if end in ready if end is not None else _has_ended(self._process.pid):
                    return cut
        finally:
            if end is not None:
                os.close(end)

    def read_rest(self) -> None:
        """Pass on what was written and not yet read."""
        until = time.monotonic() + _REST_SECONDS
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        while self._open:
            left = until - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000) or not self._read():
                return

    def _read(self) -> bool:
        """Pass on what is there; return whether more may come."""
        try:
            data = os.read(self._reading, _CHUNK)
        except BlockingIOError:
            return True
        if data:
            self._write(data)
        self._open = bool(data)
        return self._open


def _kill(group: int, number: signal.Signals) -> None:
    # PermissionError: macOS says so of a group that has only dead members.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_descriptor(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends; ``None``: none here."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # macOS has none, and old kernels neither
        return None


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended, without reaping it."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    # Python before 3.13 has no waitid on macOS; a zombie still answers there, so ask `ps`.
    state = subprocess.run(
        ["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False, text=True
    ).stdout.strip()
    return not state or state.startswith("Z")

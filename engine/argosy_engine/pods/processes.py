"""Run one command to its end: pass on its output, keep its deadline, kill its descendants.

As in a container, everything that the command started ends with it: its process group is killed.
Output goes through a pipe, not straight to the log file, since a command that opens
``/dev/stderr`` would truncate the file.
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
from argosy_schemas.logger import Logger

_LOGGER = Logger("engine.processes")
_CHUNK = 65536
_REST_SECONDS = 1.0
"""How long to read output after the command and its group have ended. Only a process that left the
group can still write."""
_POLL_SECONDS = 0.05
"""How often to check whether a command has ended, where the system has no event for it."""


class Interruption(Enum):
    """Why the engine ended a command."""

    DEADLINE = "deadline"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to run."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    deadline: timedelta | None = None
    grace: timedelta = timedelta(seconds=5)
    """Between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The end of a command."""

    exit_code: int
    """Minus the number of the signal that killed it."""
    interruption: Interruption | None = None


def run_command(
    command: Command,
    *,
    watchdog: Watchdog,
    stop: StopSignal,
    write: Callable[[bytes], None],
) -> CommandResult:
    """Run ``command`` until it and its process group have ended, and return the result.

    Args:
        command: The command.
        watchdog: Kills the process group if this process dies.
        stop: Ends the command when set.
        write: Called with each piece of output, which also goes to the log file.

    Raises:
        OSError: The command cannot be started, or the log cannot be written.
    """
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, reading)
        try:
            log = stack.enter_context(command.log.open("ab", buffering=0))
            argv, environment = watchdog.wrap_command(command.argv, command.environment)
            process = subprocess.Popen(
                argv,
                stdin=watchdog.descriptor,
                stdout=writing,
                stderr=writing,
                env=environment,
                cwd=command.directory,
                start_new_session=True,
            )
        finally:
            os.close(writing)

        # Without its arguments, which may hold what is nobody's business.
        _LOGGER.debug("started process %d: %s", process.pid, command.argv[0])

        def tee(data: bytes) -> None:
            log.write(data)
            write(data)

        run = _Running(process, reading, tee, command, stop)
        try:
            interruption = run.wait()
        finally:
            # Before the process is reaped, so that no other has its id yet.
            _kill(process.pid, signal.SIGKILL)
            watchdog.forget(process.pid)
            exit_code = process.wait()
        run.read_rest()
        _LOGGER.debug("process %d ended with exit code %d", process.pid, exit_code)
        return CommandResult(exit_code=exit_code, interruption=interruption)


class _Running:
    """A running command, watched by one thread."""

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

    def wait(self) -> Interruption | None:
        """Pass on output until the command has ended; return why the engine ended it, if it did."""
        end = _end_descriptor(self._process.pid)
        started = time.monotonic()
        limit = self._command.deadline
        deadline = None if limit is None else started + limit.total_seconds()
        kill_at: float | None = None
        interruption: Interruption | None = None
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        poll.register(self._stop.descriptor, select.POLLIN)
        if end is not None:
            poll.register(end, select.POLLIN)
        try:
            while True:
                now = time.monotonic()
                if interruption is None:
                    if self._stop.is_set:
                        interruption = Interruption.STOPPED
                    elif deadline is not None and now >= deadline:
                        interruption = Interruption.DEADLINE
                    if interruption is not None:
                        poll.unregister(self._stop.descriptor)
                        _kill(self._process.pid, signal.SIGTERM)
                        kill_at = now + self._command.grace.total_seconds()
                elif kill_at is not None and (now >= kill_at or self._stop.is_forced):
                    _kill(self._process.pid, signal.SIGKILL)
                    kill_at = None
                wake_at = kill_at if interruption is not None else deadline
                seconds = None if wake_at is None else max(0.0, wake_at - now)
                if end is None or (interruption is not None and kill_at is not None):
                    # A second request to stop does not wake `poll`.
                    seconds = _POLL_SECONDS if seconds is None else min(seconds, _POLL_SECONDS)
                ready = dict(poll.poll(None if seconds is None else seconds * 1000 + 1))
                if self._reading in ready and not self._read():
                    poll.unregister(self._reading)
                if end in ready if end is not None else _has_ended(self._process.pid):
                    return interruption
        finally:
            if end is not None:
                os.close(end)

    def read_rest(self) -> None:
        """Pass on the output that is left in the pipe."""
        until = time.monotonic() + _REST_SECONDS
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        while self._open:
            left = until - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000) or not self._read():
                return

    def _read(self) -> bool:
        """Pass on available output; return whether more may come."""
        try:
            data = os.read(self._reading, _CHUNK)
        except BlockingIOError:
            return True
        if data:
            self._write(data)
        self._open = bool(data)
        return self._open


def _kill(group: int, number: signal.Signals) -> None:
    # macOS raises PermissionError for a group with dead members only.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_descriptor(pid: int) -> int | None:
    """Return a descriptor that is readable when the process has ended; ``None``: unsupported."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # macOS has none, and old kernels neither
        return None


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended, without reaping it."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    # On macOS Python before 3.13 has no waitid, and a zombie still exists, so ask `ps`.
    state = subprocess.run(
        ["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False, text=True
    ).stdout.strip()
    return not state or state.startswith("Z")

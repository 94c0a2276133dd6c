"""Run a program that prepares a task, e.g. an installer, until it ends or the run is to stop."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from argosy_engine.pods.stop import StopSignal

_POLL_SECONDS = 0.1
"""How often to check for a stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramEnd:
    """The end of a program."""

    status: int
    """Its exit code; minus the number of the signal that killed it."""
    output: str
    errors: str


def run_program(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    stop: StopSignal | None,
    text: str = "",
) -> ProgramEnd:
    """Run a program to its end, and kill it with its descendants when ``stop`` is set.

    Args:
        command: The program and its arguments.
        environment: All its environment variables.
        directory: Where it starts.
        stop: Ends it when set.
        text: Its standard input.

    Raises:
        OSError: It cannot be started.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment,
        cwd=directory,
        # Ctrl-C must reach the engine alone, which then kills this process.
        start_new_session=True,
    ) as process:
        try:
            output, errors = _communicate(process, text, stop)
        finally:
            _kill(process)
    return ProgramEnd(status=process.returncode, output=output, errors=errors)


def _communicate(
    process: subprocess.Popen[str], text: str, stop: StopSignal | None
) -> tuple[str, str]:
    unsent: str | None = text
    while True:
        try:
            return process.communicate(unsent, timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            unsent = None  # `communicate` keeps it for the next call.
        if stop is not None and stop.is_set:
            _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a program that still runs, and its descendants."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

"""How the user's command ended, and its explanation in words."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from argosy_launcher.endings.failure_reason import find_failure_reason
from argosy_schemas.formats.records import Failure, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEnd:
    """The end of the command of a step whose decision was ``RUN``."""

    exit_code: int | None
    """Minus the signal number where a signal ended it; ``None`` when it never started."""

    failure: Failure | None = None
    """The failure where its cause is known from another source than the exit code: the command was
    not found, the run was stopped, the deadline passed, memory ran out. Then the command counts as
    failed whatever its exit code."""

    interrupted: bool = False
    """The run was stopped, so that this is not how the task would have ended."""

    log: Path | None = None
    """The output of the command, to be stored; ``None``: there is none."""

    log_stored: bool = False
    """The log was written directly to ``log_key`` in the store; nothing is left to upload."""


def find_failure(ended: ProcessEnd) -> Failure | None:
    """Return why the command failed, or ``None`` when it succeeded."""
    if ended.failure is not None:
        return ended.failure
    code = ended.exit_code
    if code is None:
        return Failure(
            reason=Reason.INTERNAL,
            message="the command never started, for an unknown reason; report this as a bug",
        )
    if code == 0:
        return None
    if code < 0:
        return Failure(reason=Reason.COMMAND_KILLED, message=_explain_signal(-code), exit_code=code)
    reason = find_failure_reason(ended.log)
    printed = f": {reason}" if reason else ", it printed no reason"
    return Failure(
        reason=Reason.COMMAND_FAILED,
        message=f"the command ended with exit code {code}{_explain_shell_code(code)}{printed}",
        exit_code=code,
    )


def get_pod_exit_code(failure: Failure | None) -> int:
    """Return the exit code of the pod's main container: that of the command if it has one."""
    if failure is None:
        return 0
    if not failure.exit_code:
        return 1
    return failure.exit_code if failure.exit_code > 0 else 128 - failure.exit_code


def _explain_signal(number: int) -> str:
    name = _name_signal(number)
    if number == signal.SIGKILL:
        return (
            f"the command was killed by {name}, most likely because memory ran out; "
            "raise its limit with 'set_memory_limit'"
        )
    return f"the command was ended by {name}; see its log for what it was doing"


def _explain_shell_code(code: int) -> str:
    """Explain a special exit code of a shell, which reports the death of its child as 128 + n."""
    if code == 128 + signal.SIGKILL:
        return " (a process in it was killed by SIGKILL, most likely because memory ran out)"
    if code in {128 + number for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM)}:
        return f" (a process in it was ended by {_name_signal(code - 128)})"
    if code == 127:
        return " (a shell did not find a command)"
    return ""


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

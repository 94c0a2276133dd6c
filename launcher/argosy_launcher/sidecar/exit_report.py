"""Read and interpret the report of ``exec`` about the command."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from argosy_launcher.endings.process_end import ProcessEnd
from argosy_schemas.formats.records import Failure, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitReport:
    """The file ``exchange/exit`` (``docs/container-contract.md``)."""

    started: bool
    exit_code: int = 0
    signal: int = 0
    """The signal that ended the command; 0: it ended by itself."""
    error: int = 0
    """``errno`` of a command that could not start."""
    present: bool = False
    """Whether the file of a command that could not start exists."""
    stopped: int = 0
    """The first signal from outside that asked the pod to stop; 0: none."""
    leftover: int = 0
    """Processes that outlived the command and were killed."""
    out_of_memory: bool | None = None
    """Whether the kernel killed a process in the container because memory ran out; ``None``: the
    container cannot see that."""


_STOPS: Final = (0, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_NUMBERS: Final[Mapping[str, Sequence[int]]] = {
    "exit_code": range(256),
    "signal": range(65),
    "error": range(4096),
    "stopped": _STOPS,
    "leftover": range(2**31),
}
_FLAGS: Final[Mapping[str, Sequence[bool | None]]] = {
    "started": (False, True),
    "present": (False, True),
    "out_of_memory": (None, False, True),
}


def parse_exit_report(data: bytes) -> ExitReport:
    """Return the report that ``exec`` wrote, or that somebody wrote in its place.

    Raises:
        ValueError: It is not a report of this version; the message is the end of a sentence.
    """
    try:
        members: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("is not the JSON that 'exec' writes") from error
    report = cast("dict[str, Any]", members if isinstance(members, dict) else {})
    version = report.pop("version", None)
    if type(version) is int and version != 1:
        raise ValueError("is of another version than this launcher")
    if version is None or report.keys() != {*_NUMBERS, *_FLAGS}:
        raise ValueError("is not a report that 'exec' writes")
    for name, value in report.items():
        # To Python a bool is an int as well.
        number = type(value) is int and value in _NUMBERS.get(name, ())
        if not number and not any(value is flag for flag in _FLAGS.get(name, ())):
            raise ValueError(f"has a value for '{name}' that 'exec' never writes")
    return ExitReport(**report)


def interpret_exit_report(report: ExitReport, *, command: str, log: Path | None) -> ProcessEnd:
    """Return how ``command`` ended according to the report."""
    if not report.started:
        failure = (
            _make_stop_failure(report) if report.stopped else _make_start_failure(report, command)
        )
        return ProcessEnd(exit_code=None, failure=failure, log=log)
    code = -report.signal if report.signal else report.exit_code
    return ProcessEnd(exit_code=code, failure=_find_failure(report, code), log=log)


def _find_failure(report: ExitReport, code: int) -> Failure | None:
    """Return the failure where the report says more than the exit code; else ``None``."""
    if code == 0:
        return None
    # A shell reports the death of its child as 128 + the signal.
    killed = code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    if killed and report.out_of_memory:
        return Failure(
            reason=Reason.COMMAND_KILLED,
            message="the command was killed because the container ran out of memory; raise its "
            "limit with 'set_memory_limit'",
            exit_code=code,
        )
    if report.stopped:
        return _make_stop_failure(report, code)
    if report.signal == signal.SIGKILL and report.out_of_memory is False:
        return Failure(
            reason=Reason.COMMAND_KILLED,
            message="the command was killed by SIGKILL, although memory had not run out; see its "
            "log for what it was doing",
            exit_code=code,
        )
    return None


def make_vanished_end(*, stop_came_first: bool) -> ProcessEnd:
    """Return the end of a command whose container vanished without a report.

    Args:
        stop_came_first: The container was told to stop before it vanished.
    """
    if stop_came_first:
        return ProcessEnd(
            exit_code=None,
            failure=Failure(
                reason=Reason.CANCELED, message="the pod was stopped before the command had ended"
            ),
        )
    return ProcessEnd(
        exit_code=None,
        failure=Failure(
            reason=Reason.COMMAND_KILLED,
            message="the container was killed as a whole, most likely because memory ran out; "
            "raise its limit with 'set_memory_limit', and look at the events of the pod",
            exit_code=-signal.SIGKILL,
        ),
    )


def _make_stop_failure(report: ExitReport, code: int | None = None) -> Failure:
    name = signal.Signals(report.stopped).name
    ignored = " and was killed, because it did not end" if code == -signal.SIGKILL else ""
    return Failure(
        reason=Reason.CANCELED,
        message=f"the pod was stopped: the command got {name}{ignored}",
        exit_code=-report.stopped if code is None else code,
    )


def _make_start_failure(report: ExitReport, command: str) -> Failure:
    reason, exit_code = Reason.COMMAND_NOT_FOUND, 126
    match report.error:
        case errno.ENOENT | errno.ENOTDIR if not report.present:
            exit_code = 127
            where = "" if "/" in command else " on the PATH"
            problem = f"does not exist{where} in the image; name one that does"
        case errno.ENOENT:
            problem = (
                "needs an interpreter that is not in the image; see its first line, or what it is "
                "linked against"
            )
        case errno.EACCES:
            problem = "must not be executed by this user; allow it with 'chmod +x'"
        case errno.ENOEXEC:
            problem = (
                "is not a program for this machine; a script needs a first line with '#!', an "
                "image must be built for this architecture"
            )
        case errno.E2BIG:
            reason = Reason.ARGUMENT_TOO_LONG
            problem = (
                "has longer arguments than the system allows; pass large values as artifacts, not "
                "as parameters"
            )
        case _:
            reason = Reason.COMMAND_FAILED
            problem = f"could not be started: {os.strerror(report.error)}; see the log of the pod"
    return Failure(
        reason=reason,
        message=f"the command '{command}' {problem}",
        exit_code=exit_code,
        final=reason is not Reason.COMMAND_FAILED,
    )

"""What ``exec`` reports of the command, and what that means."""

from __future__ import annotations

import errno
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argosy_launcher.process_end import ProcessEnd
from argosy_schemas.records import Failure, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitReport:
    """The file ``exchange/exit`` (``docs/container-contract.md``)."""

    started: bool
    exit_code: int = 0
    signal: int = 0
    """That ended the command; 0: it ended by itself."""
    error: int = 0
    """``errno`` of a command that could not be started."""
    present: bool = False
    """The file of such a command exists all the same."""
    stopped: int = 0
    """The first signal from outside that asked for an end; 0: none."""
    leftover: int = 0
    """Processes that outlived the command and were killed."""
    out_of_memory: bool = False
    """The kernel killed for want of memory in the container while the command ran."""


def parse_exit_report(data: bytes) -> ExitReport:
    """Return the report that ``exec`` wrote.

    Raises:
        ValueError: It is not one.
    """
    members: dict[str, Any] = json.loads(data)
    if members.pop("version", None) != 1:
        raise ValueError("the report of 'exec' is of another version than this launcher")
    return ExitReport(**members)


def process_end(report: ExitReport, *, command: str, path: str, log: Path | None) -> ProcessEnd:
    """Return what the report says of ``command``, which was looked for on ``path``."""
    if not report.started:
        failure = _stopped(report) if report.stopped else _not_started(report, command, path)
        return ProcessEnd(exit_code=None, failure=failure, log=log)
    code = -report.signal if report.signal else report.exit_code
    failure = None
    if code != 0 and report.out_of_memory and _looks_killed(code):
        failure = Failure(
            reason=Reason.COMMAND_KILLED,
            message="the command was killed because the container ran out of memory; raise its "
            "limit with 'set_memory_limit'",
            exit_code=code,
        )
    elif code != 0 and report.stopped:
        failure = _stopped(report, code)
    return ProcessEnd(exit_code=code, failure=failure, log=log)


def vanished(*, asked_to_stop: bool) -> ProcessEnd:
    """Return the end of a command whose container is gone without a report."""
    if asked_to_stop:
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


def _looks_killed(code: int) -> bool:
    """A shell passes on the death of what it ran as 128 + the signal."""
    return code in (-signal.SIGKILL, 128 + signal.SIGKILL)


def _stopped(report: ExitReport, code: int | None = None) -> Failure:
    name = signal.Signals(report.stopped).name
    ignored = " and was killed, for it did not end" if code == -signal.SIGKILL else ""
    return Failure(
        reason=Reason.CANCELED,
        message=f"the pod was stopped: the command got {name}{ignored}",
        exit_code=code,
    )


def _not_started(report: ExitReport, command: str, path: str) -> Failure:
    where = f"'{command}'" if "/" in command else f"'{command}' (PATH is '{path}')"
    match report.error:
        case errno.ENOENT | errno.ENOTDIR if not report.present:
            problem = f"the command {where} does not exist in the image; name one that does"
            return Failure(reason=Reason.COMMAND_NOT_FOUND, message=problem, exit_code=127)
        case errno.ENOENT:
            problem = (
                f"the command {where} needs an interpreter that is not in the image; see its first "
                "line, or what it is linked against"
            )
            return Failure(reason=Reason.COMMAND_NOT_FOUND, message=problem, exit_code=126)
        case errno.EACCES:
            problem = (
                f"the command {where} must not be executed by this user; allow it with 'chmod +x'"
            )
            return Failure(reason=Reason.COMMAND_NOT_FOUND, message=problem, exit_code=126)
        case errno.ENOEXEC:
            problem = (
                f"the command {where} is no program for this machine; a script needs a first line "
                "with '#!', an image must be built for this architecture"
            )
            return Failure(reason=Reason.COMMAND_NOT_FOUND, message=problem, exit_code=126)
        case errno.E2BIG:
            problem = (
                "the arguments of the command are longer than the system allows; pass large values "
                "as artifacts, not as parameters"
            )
            return Failure(reason=Reason.ARGUMENT_TOO_LONG, message=problem, exit_code=126)
        case _:
            problem = f"the command {where} could not be started: {os.strerror(report.error)}"
            return Failure(reason=Reason.COMMAND_FAILED, message=problem, exit_code=126)

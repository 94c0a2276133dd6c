from __future__ import annotations

import errno
from pathlib import Path

import pytest

from argosy_launcher.endings.process_end import ProcessEnd, find_failure, get_pod_exit_code
from argosy_launcher.sidecar.exit_report import (
    ExitReport,
    interpret_exit_report,
    make_vanished_end,
    parse_exit_report,
)
from argosy_schemas.formats.records import Failure, Reason


def failure(report: ExitReport) -> Failure | None:
    return find_failure(interpret_exit_report(report, command="train", log=None))


def test_a_command_that_ended_with_zero_has_not_failed() -> None:
    assert find_failure(ProcessEnd(exit_code=0)) is None
    assert get_pod_exit_code(None) == 0


def test_a_bracket_is_no_reason(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"}\n")

    found = find_failure(ProcessEnd(exit_code=3, log=log))

    assert found is not None
    assert found.message == "the command ended with exit code 3, it printed no reason"


def test_the_last_line_of_the_log_says_why(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"Traceback\n  File x\nValueError: no such column\n\n")

    found = find_failure(ProcessEnd(exit_code=3, log=log))

    assert found == Failure(
        reason=Reason.COMMAND_FAILED,
        message="the command ended with exit code 3: ValueError: no such column",
        exit_code=3,
    )


@pytest.mark.parametrize(
    ("report", "reason", "words", "code"),
    [
        (
            ExitReport(started=True, signal=9, out_of_memory=True),
            Reason.COMMAND_KILLED,
            "because the container ran out of memory",
            137,
        ),
        (
            ExitReport(started=True, exit_code=137, out_of_memory=True),
            Reason.COMMAND_KILLED,
            "because the container ran out of memory",
            137,
        ),
        (
            ExitReport(started=True, signal=9),
            Reason.COMMAND_KILLED,
            "by SIGKILL, most likely because memory ran out",
            137,
        ),
        (
            ExitReport(started=True, signal=9, out_of_memory=False),
            Reason.COMMAND_KILLED,
            "by SIGKILL, although memory had not run out",
            137,
        ),
        (ExitReport(started=True, signal=11), Reason.COMMAND_KILLED, "ended by SIGSEGV", 139),
        (
            ExitReport(started=True, exit_code=1, out_of_memory=True),
            Reason.COMMAND_FAILED,
            "ended with exit code 1",
            1,
        ),
        (
            ExitReport(started=True, exit_code=137),
            Reason.COMMAND_FAILED,
            "a process in it was killed by SIGKILL, most likely because memory ran out",
            137,
        ),
        (
            ExitReport(started=True, signal=15, stopped=15),
            Reason.CANCELED,
            "the pod was stopped: the command got SIGTERM",
            143,
        ),
        (
            ExitReport(started=True, signal=9, stopped=15),
            Reason.CANCELED,
            "got SIGTERM and was killed, because it did not end",
            137,
        ),
        (ExitReport(started=False, stopped=15), Reason.CANCELED, "the pod was stopped", 143),
        (
            ExitReport(started=False, error=errno.ENOENT),
            Reason.COMMAND_NOT_FOUND,
            "'train' does not exist on the PATH in the image",
            127,
        ),
        (
            ExitReport(started=False, error=errno.ENOENT, present=True),
            Reason.COMMAND_NOT_FOUND,
            "needs an interpreter that is not in the image",
            126,
        ),
        (
            ExitReport(started=False, error=errno.EACCES, present=True),
            Reason.COMMAND_NOT_FOUND,
            "must not be executed by this user",
            126,
        ),
        (
            ExitReport(started=False, error=errno.ENOEXEC, present=True),
            Reason.COMMAND_NOT_FOUND,
            "is not a program for this machine",
            126,
        ),
        (
            ExitReport(started=False, error=errno.E2BIG, present=True),
            Reason.ARGUMENT_TOO_LONG,
            "has longer arguments than the system allows",
            126,
        ),
        (
            ExitReport(started=False, error=errno.EIO, present=True),
            Reason.COMMAND_FAILED,
            "could not be started: Input/output error",
            126,
        ),
    ],
)
def test_the_end_is_told_as_it_was(
    report: ExitReport, reason: Reason, words: str, code: int
) -> None:
    found = failure(report)

    assert found is not None
    assert found.reason is reason
    assert words in found.message
    assert get_pod_exit_code(found) == code


def test_work_that_was_finished_in_spite_of_a_stop_counts() -> None:
    assert failure(ExitReport(started=True, stopped=15)) is None


@pytest.mark.parametrize(
    ("stop_came_first", "reason"), [(True, Reason.CANCELED), (False, Reason.COMMAND_KILLED)]
)
def test_a_container_that_vanished_failed(stop_came_first: bool, reason: Reason) -> None:
    found = find_failure(make_vanished_end(stop_came_first=stop_came_first))

    assert found is not None
    assert found.reason is reason


def test_a_report_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="of another version"):
        parse_exit_report(b'{"version":2,"started":true}')

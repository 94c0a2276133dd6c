"""The reason that a failed command printed, as one line.

It is the message of the last Python traceback, or of an error at the end of the log whose further
lines are indented; else the last line that has a letter in it. The lines below a message count as
part of it, since nothing distinguishes them from later output.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from argosy_schemas.message_text import truncate

_TAIL_BYTES: Final = 64 * 1024
"""Holds the frames of any traceback worth reading."""
_LONGEST: Final = 300
_ESCAPES: Final = re.compile(
    rb"\x1b(\[[0-?]*[ -/]*[@-~]"  # colours and movements of the cursor
    rb"|\][^\x07\x1b\r\n]*(\x07|\x1b\\)"  # titles and links
    rb"|[PX^_][^\x1b\r\n]*\x1b\\"  # images, and other strings for a device or an application
    rb"|[ -/]*[0-~])"
)
_ERROR: Final = re.compile(r"[\w.]*(error|exception):", re.IGNORECASE)
"""Begins a message, e.g. ``java.io.IOException: disk full``, with a stack or an object below it."""
_TRACEBACK: Final = "Traceback (most recent call last):"


def find_failure_reason(log: Path | None) -> str:
    """Return the reason, safe to print; empty where the log has none or is gone.

    A longer one than 300 characters is cut, with a sign at its end.
    """
    lines = _read_last_lines(log)
    with_letters = (line for line in reversed(lines) if _has_letter(line))
    reason = _find_exception(lines) or _find_last_error(lines) or next(with_letters, "")
    return truncate(" ".join(reason.split()), most=_LONGEST)


def _read_last_lines(log: Path | None) -> Sequence[str]:
    """Return the last lines, indented as they were, with a space for what does not print."""
    if log is None:
        return ()
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
    except OSError:
        return ()
    text = _ESCAPES.sub(b"", tail).decode(errors="replace")
    lines = ["".join(c if c.isprintable() else " " for c in line) for line in text.splitlines()]
    return [line for line in lines if line.strip()]


def _find_exception(lines: Sequence[str]) -> str:
    """Return the lines below the frames of the last traceback; empty: there is no traceback."""
    headers = [number for number, line in enumerate(lines) if line.endswith(_TRACEBACK)]
    if not headers:
        return ""
    return " ".join(itertools.dropwhile(_is_indented, lines[headers[-1] + 1 :]))


def _find_last_error(lines: Sequence[str]) -> str:
    """Return the error that the log ends with; empty: it ends with something else."""
    starts = [n for n, line in enumerate(lines) if _has_letter(line) and not _is_indented(line)]
    return " ".join(lines[starts[-1] :]) if starts and _ERROR.match(lines[starts[-1]]) else ""


def _has_letter(line: str) -> bool:
    return any(map(str.isalpha, line))


def _is_indented(line: str) -> bool:
    return line[0].isspace()

"""What a command printed last, as one line that says why it failed.

That is its last line, but where Python ended with a traceback: the exception may take several
lines, of which the last alone says little. What follows an exception cannot be told from its
message, and so is told with it. Tracebacks of what Python ignored, while it ended or in other
threads, may stand below and are not why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from argosy_schemas.texts import cut

_TAIL_BYTES: Final = 64 * 1024
"""Holds the frames of any traceback worth reading."""
_LENGTH: Final = 300

_ESCAPES: Final = re.compile(
    rb"\x1b(\[[0-?]*[ -/]*[@-~]"  # colours and movements of the cursor
    rb"|\][^\x07\x1b\r\n]*(\x07|\x1b\\)"  # titles and links
    rb"|[PX^_][^\x1b\r\n]*\x1b\\"  # images, and other strings for a device or an application
    rb"|[ -/]*[0-~])"
)
_HEADER: Final = "Traceback (most recent call last):"
_GROUP: Final = f"+ Exception Group {_HEADER}"
_EXCEPTION: Final = re.compile(r"[^\W\d][\w.<>]*(:|$)")
_IGNORED: Final = re.compile(r"Exception ignored |Error in atexit\._run_exitfuncs:$")
_IN_THREAD: Final = re.compile(r"Exception in thread")
_IGNORED_WITHOUT_FRAMES: Final = re.compile(r"Exception ignored (in: <.*>|.*:)$")
_CHAINED: Final = frozenset(
    {
        "During handling of the above exception, another exception occurred:",
        "The above exception was the direct cause of the following exception:",
    }
)
_MARGIN: Final = re.compile(r" *\| ?")
_RULE: Final = re.compile(r" *\+[-+ ]")


def last_words(log: Path | None) -> str:
    """Return the exception that the log ends with, else the last line with text in it.

    It is safe to print, and longer than it should be only by the signs that it was cut.
    """
    lines = _without_ignored(_tail(log))
    if not lines:
        return ""
    last = _safe(lines[-1])
    told = _exception(lines) or last
    if len(told) <= _LENGTH:
        return told
    if last == told:
        return cut(told, most=_LENGTH)
    # Where this was no message but later output, its end says more than its middle.
    end = cut(last, most=_LENGTH // 2)
    return f"{cut(told, most=_LENGTH - len(end))} {end}"


def _tail(log: Path | None) -> Sequence[str]:
    """Return the last lines, those without text in them left out."""
    if log is None:
        return ()
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read()
    except OSError:
        return ()
    lines = (line.decode(errors="replace") for line in re.split(rb"[\r\n]+", _escaped(tail)))
    return [line for line in lines if _safe(line)]


def _escaped(data: bytes) -> bytes:
    return _ESCAPES.sub(b"", data)


def _safe(line: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())


def _without_ignored(lines: Sequence[str]) -> Sequence[str]:
    """Leave out tracebacks that ended nothing, unless nothing else is there.

    Those of threads are as well, but where no other is there: their work may be what is missing.
    """
    ignored = _without(lines, _IGNORED)
    without_threads = _without(ignored, _IN_THREAD)
    return without_threads if _exception(without_threads) else ignored or lines


def _without(lines: Sequence[str], introduction: re.Pattern[str]) -> Sequence[str]:
    """Leave out the tracebacks below lines that match, and these lines.

    Of a message of several lines the first alone: the others cannot be told from later output.
    """
    kept: list[str] = []
    number = 0
    while number < len(lines):
        follows = number + 1 < len(lines)
        if follows and introduction.search(lines[number]) and _is_header(lines[number + 1]):
            number = _end_of_chain(lines, number + 1)
        elif (
            follows
            and introduction.match(lines[number])
            and _IGNORED_WITHOUT_FRAMES.match(lines[number])
            and _EXCEPTION.match(lines[number + 1])
        ):
            number += 2
        else:
            kept.append(lines[number])
            number += 1
    return kept


def _end_of_chain(lines: Sequence[str], header: int) -> int:
    """Return the number of the line below a traceback and those that it is a cause of."""
    end = _end(lines, header)
    for number in range(end, len(lines)):
        if _is_header(lines[number]):
            if lines[number - 1].strip() not in _CHAINED:
                break
            end = _end(lines, number)
    return end


def _end(lines: Sequence[str], header: int) -> int:
    """Return the number of the line below a traceback, its frames and the line of its exception."""
    end = header + 1
    while end < len(lines) and lines[end][0].isspace():
        end += 1
    is_group = lines[header].strip() == _GROUP
    return end + (not is_group and end < len(lines) and _EXCEPTION.match(lines[end]) is not None)


def _is_header(line: str) -> bool:
    # A traceback inside of a group is behind a margin. A progress bar may stand before one.
    return line.rstrip().endswith(_HEADER) and not _MARGIN.match(line)


def _exception(lines: Sequence[str]) -> str:
    """Return what follows the frames of the last traceback; empty: there is none."""
    numbers = range(len(lines) - 1, -1, -1)
    start = next((number for number in numbers if _is_header(lines[number])), None)
    if start is None:
        return ""
    rest = lines[start + 1 :]
    if lines[start].strip() == _GROUP:
        return "; ".join(_members(rest))
    first = next((n for n, line in enumerate(rest) if not line[0].isspace()), None)
    if first is None or not _EXCEPTION.match(rest[first]):
        return ""
    return " ".join(_safe(line) for line in rest[first:])


def _members(lines: Sequence[str]) -> Iterator[str]:
    """Yield the exceptions of a group, the group first, without frames and rules."""
    for line in lines:
        if _RULE.match(line):
            continue
        text = _MARGIN.sub("", line, count=1)
        if text and not text[0].isspace() and not text.rstrip().endswith(_HEADER):
            yield _safe(text)

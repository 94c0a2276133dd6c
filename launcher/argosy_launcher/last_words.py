"""What a command printed last, as one line that says why it failed.

That is its last line, but where Python ended with a traceback: the exception may take several
lines, of which the last alone says little. What follows an exception cannot be told from its
message, and so is told with it.
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

_ESCAPES: Final = re.compile(rb"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)")
_HEADER: Final = "Traceback (most recent call last):"
_GROUP: Final = f"+ Exception Group {_HEADER}"
_EXCEPTION: Final = re.compile(r"[^\W\d][\w.<>]*(:|$)")
_MARGIN: Final = re.compile(r" *\| ?")
_RULE: Final = re.compile(r" *\+[-+ ]")


def last_words(log: Path | None) -> str:
    """Return the exception that the log ends with, else the last line with text in it.

    It is safe to print, and longer than it should be only by the signs that it was cut.
    """
    lines = _tail(log)
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


def _exception(lines: Sequence[str]) -> str:
    """Return what follows the frames of the last traceback; empty: there is none."""
    start = next(
        (
            number
            for number in range(len(lines) - 1, -1, -1)
            # A traceback inside of a group is behind a margin. A progress bar may stand before one.
            if lines[number].rstrip().endswith(_HEADER) and not _MARGIN.match(lines[number])
        ),
        None,
    )
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

"""Which bytes of a file a request asks for, by RFC 9110, section 14."""

from __future__ import annotations

import re
from typing import Final

_RANGE: Final = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
_MOST_DIGITS: Final = 18


class UnsatisfiableRangeError(Exception):
    """None of the bytes that are asked for exists."""


def parse_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Return where a range begins, and where it has ended; ``None``: the whole file is wanted.

    Several ranges at once, and what is none, are answered with the whole file, as the RFC allows.

    Args:
        header: ``Range``; ``None``: there is none.
        size_bytes: Of the file.

    Raises:
        UnsatisfiableRangeError: The file is not so long.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or any(len(part) > _MOST_DIGITS for part in match.groups()):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        # The last bytes, this many.
        start, end = max(size_bytes - int(last), 0), size_bytes
    else:
        start = int(first)
        if last and int(last) < start:
            return None
        end = min(int(last) + 1, size_bytes) if last else size_bytes
    if start >= end:
        raise UnsatisfiableRangeError
    return start, end

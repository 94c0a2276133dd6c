"""Warnings of the service as lines on standard error, in the form of those of requests."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, TextIO

from argosy_schemas.logger import ROOT_NAME

_AGAIN_SECONDS: Final = 3600.0
"""After which a warning that goes on is told again."""

_MOST: Final = 1000
"""How many warnings are remembered."""


class WarningLog(logging.Handler):
    """Writes each warning once, though what it is about is tried every second."""

    def __init__(self, stream: TextIO, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Write nothing yet.

        Args:
            stream: Takes the lines.
            monotonic: The clock.
        """
        super().__init__(logging.WARNING)
        self._stream = stream
        self._monotonic = monotonic
        self._told_at: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, unless the same was written within the hour."""
        text, now = record.getMessage(), self._monotonic()
        if now - self._told_at.get(text, float("-inf")) < _AGAIN_SECONDS:
            return
        self._told_at.pop(text, None)  # the latest stand last
        self._told_at[text] = now
        if len(self._told_at) > _MOST:
            del self._told_at[next(iter(self._told_at))]
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            self._stream.write(f"time={at} warning={json.dumps(text, ensure_ascii=False)}\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # whoever read the log is gone


@contextmanager
def show_warnings(stream: TextIO) -> Generator[None]:
    """Write warnings to a stream while the block lasts, unless all records are shown already."""
    root = logging.getLogger(ROOT_NAME)
    if any(not isinstance(each, logging.NullHandler | WarningLog) for each in root.handlers):
        yield
        return
    handler = WarningLog(stream)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)

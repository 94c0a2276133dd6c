"""Print log records to standard error, for ``--verbose``."""

from __future__ import annotations

import logging
import sys

from argosy_cli.views.words import strip_controls
from argosy_schemas.logger import ROOT_NAME


def show_records() -> None:
    """Print each log record of Argosy as a line with time, name and message from now on."""
    handler = _StandardError()
    handler.setFormatter(_Line("%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S"))
    root = logging.getLogger(ROOT_NAME)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)


class _StandardError(logging.Handler):
    """Writes to the current ``sys.stderr``, which the live view replaces."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr)
        except OSError:
            return  # the reader has ended; the command continues


class _Line(logging.Formatter):
    """Writes a record as one line of plain text."""

    def format(self, record: logging.LogRecord) -> str:
        return strip_controls(" ".join(super().format(record).split("\n")))

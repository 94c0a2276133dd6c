"""Log records on standard error, for ``--verbose``."""

from __future__ import annotations

import logging
import sys

from argosy_cli.views.words import without_controls
from argosy_schemas.logger import ROOT_NAME


def show_records() -> None:
    """Print each record of Argosy from now on, as a line with time, name and message."""
    handler = _StandardError()
    handler.setFormatter(_Line("%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S"))
    root = logging.getLogger(ROOT_NAME)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)


class _StandardError(logging.Handler):
    """Writes to what ``sys.stderr`` is at that moment: the live view takes its place."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr)
        except OSError:
            return  # whoever read it is gone, and the command goes on


class _Line(logging.Formatter):
    """Writes a record as one line of plain text."""

    def format(self, record: logging.LogRecord) -> str:
        return without_controls(" ".join(super().format(record).split("\n")))

"""Choose the view of a run that lasts: drawn on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

from argosy_runs.events import Event, Listener, TaskLogLine
from argosy_runs.sdk_lines import SdkLines


@contextmanager
def open_view(*, quiet: bool = False, sdk_logs: bool = False) -> Generator[Listener]:
    """Yield the view of a run, which writes to standard error.

    Args:
        quiet: Whether the output of tasks is left out.
        sdk_logs: Whether what the KFP SDK writes around components is shown.
    """
    stream: TextIO = sys.stderr
    if stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb"):
        from argosy_cli.views.live import LiveView  # imports Rich, which only a terminal needs

        opened: AbstractContextManager[Listener] = LiveView(stream, output=not quiet)
    else:
        from argosy_cli.views.lines import LinesView

        opened = LinesView(stream, output=not quiet)
    with opened as view:
        yield view if sdk_logs else _leave_out_sdk_lines(view)


def _leave_out_sdk_lines(view: Listener) -> Listener:
    lines = SdkLines()

    def listen(event: Event) -> None:
        if not (isinstance(event, TaskLogLine) and lines.is_sdk_line(event.path, event.line)):
            view(event)

    return listen

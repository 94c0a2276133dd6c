"""Views of a run: what they do with a stream that breaks."""

from __future__ import annotations

import errno
import io
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from argosy_cli.views.lines import LinesView
from argosy_cli.views.live import REFRESHES_PER_SECOND, LiveView
from argosy_runs.events import Notice, TaskFinished
from argosy_runs.states import TaskState
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import TaskPath


class Terminal(io.StringIO):
    """A terminal, e.g. one whose window is closed in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.is_gone = False
        self.tries = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._look()
        return super().write(text)

    def flush(self) -> None:
        self._look()

    def _look(self) -> None:
        if self.is_gone:
            self.tries += 1
            raise OSError(errno.EIO, "Input/output error")


VIEWS = pytest.mark.parametrize("view_of", [LinesView, LiveView])


@VIEWS
def test_a_terminal_that_goes_away_costs_what_is_written_only(
    view_of: Callable[[Terminal], LinesView | LiveView],
) -> None:
    terminal = Terminal()

    with view_of(terminal) as view:
        view(Notice(message="seen"))
        terminal.is_gone = True
        view(Notice(message="unseen"))
        # What is redrawn is redrawn by a thread.
        time.sleep(2 / REFRESHES_PER_SECOND)
        view(Notice(message="unseen"))

    assert "note: seen" in terminal.getvalue()
    assert "unseen" not in terminal.getvalue()
    assert terminal.tries == 1


@VIEWS
def test_a_terminal_that_is_not_there_is_no_error(
    view_of: Callable[[Terminal], LinesView | LiveView],
) -> None:
    terminal = Terminal()
    terminal.is_gone = True

    with view_of(terminal) as view:
        view(Notice(message="unseen"))

    assert terminal.getvalue() == ""


@VIEWS
def test_a_task_in_a_loop_is_labeled_by_the_items_of_its_iterations(
    view_of: Callable[[Terminal], LinesView | LiveView],
) -> None:
    terminal = Terminal()
    ended = TaskFinished(
        path=TaskPath("for-loop-1/0/for-loop-2/1/train"),
        name="train",
        kind=TaskKind.CONTAINER,
        state=TaskState.FAILED,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        items=("red", "3"),
        error="boom",
    )

    with view_of(terminal) as view:
        view(ended)

    assert "for-loop-1/0/for-loop-2/1/train [red, 3]" in terminal.getvalue()

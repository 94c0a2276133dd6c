"""What is left on the screen when a run has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from argosy_cli.views.summary import format_summary
from argosy_runs.local.place import LocalRuns
from argosy_runs.places import RunReference
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import RunState, TaskState
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import RunId, TaskPath

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_counts_stand_in_one_order_whatever_came_first() -> None:
    states = [TaskState.NOT_RUN, TaskState.FAILED, TaskState.SKIPPED, TaskState.SUCCEEDED]
    tasks = tuple(
        TaskResult(
            path=TaskPath(f"t-{number}"),
            kind=TaskKind.IMPORTER if number == 3 else TaskKind.CONTAINER,
            name="t",
            display_name="t",
            state=state,
            error="told" if state is TaskState.FAILED else None,
        )
        for number, state in enumerate(states)
    )
    result = RunResult(
        run_id=RunId("r"),
        pipeline="p",
        state=RunState.FAILED,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=1),
        tasks=tasks,
    )

    assert format_summary(result, "argosy retry r").splitlines() == [
        "run r FAILED in 1.0s (4 tasks: 1 succeeded, 1 failed, 1 skipped, 1 not run)",
        "  t-1: told",
    ]


@pytest.mark.parametrize(
    ("home", "command"),
    [
        (".argosy", "argosy retry r"),
        ("/my home", "argosy retry r --home '/my home'"),
    ],
)
def test_a_run_that_was_stopped_ends_with_the_command_that_goes_on(home: str, command: str) -> None:
    result = RunResult(
        run_id=RunId("r"),
        pipeline="p",
        state=RunState.CANCELED,
        started_at=NOW,
        finished_at=NOW,
    )

    go_on = LocalRuns(Path(home)).command("retry", RunReference(run_id=RunId("r")))

    assert format_summary(result, go_on).splitlines() == [
        "run r CANCELED in 0.0s",
        f"  go on with: {command}",
    ]

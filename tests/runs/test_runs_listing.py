"""The list of runs, and the index that makes it fast."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from argosy_runs.journal import (
    EngineStarted,
    NodeChanged,
    RunEnded,
    StopRequested,
    entry_to_json,
)
from argosy_runs.local.home import RunFiles
from argosy_runs.local.listing import list_runs
from argosy_runs.local.selecting import select_run
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_runs.states import RunState
from argosy_runs.viewing.run_spec import RunSpec
from argosy_schemas.errors import InvalidArgumentError, Reason
from argosy_schemas.formats.packed_ir import pack
from argosy_schemas.formats.records import Failure
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from cli_processes import shell_pipeline

MORNING = datetime(2026, 11, 30, 8, tzinfo=UTC)
IR = pack(read_pipeline(shell_pipeline("talk", {"one": "true"}).encode(), file="talk.json"))


def make_run(home: Path, run_id: str, *, minute: int, state: RunState | None) -> None:
    """Write the files of a run that had the given state at its end; ``None``: it was killed."""
    files = RunFiles(home, RunId(run_id))
    files.path.mkdir(parents=True)
    at = MORNING + timedelta(minutes=minute)
    spec = RunSpec(
        run_id=RunId(run_id),
        name="talk-1",
        pipeline="talk",
        created_at=at,
        parameters={},
        root=str(home / "artifacts"),
        cache=True,
        workflow={"spec": {}},
    )
    files.spec.write_text(spec.to_json())
    files.ir.write_bytes(IR)
    write_journal(home, run_id, at=at, state=state)


def write_journal(home: Path, run_id: str, *, at: datetime, state: RunState | None) -> None:
    entries = [entry_to_json(EngineStarted(at=at, process=1))]
    if state is not None:
        phase = NodePhase.SUCCEEDED if state is RunState.SUCCEEDED else NodePhase.FAILED
        root = NodeStatus(name="", type=NodeType.DAG, phase=phase, path=TaskPath(""))
        end = at + timedelta(seconds=5)
        if state is RunState.CANCELED:
            stop = Failure(reason=Reason.CANCELED, message="the run was stopped")
            entries.append(entry_to_json(StopRequested(at=end, failure=stop)))
        entries.append(entry_to_json(NodeChanged(at=end, node=root)))
        entries.append(entry_to_json(RunEnded(at=end, state=state)))
    RunFiles(home, RunId(run_id)).journal.write_text("".join(f"{line}\n" for line in entries))


def test_the_newest_run_comes_first(tmp_path: Path) -> None:
    make_run(tmp_path, "a", minute=1, state=RunState.CANCELED)
    make_run(tmp_path, "b", minute=3, state=RunState.SUCCEEDED)
    make_run(tmp_path, "c", minute=2, state=None)

    runs = list_runs(tmp_path)

    assert [(run.run_id, run.state) for run in runs] == [
        ("b", RunState.SUCCEEDED),
        ("c", RunState.FAILED),
        ("a", RunState.CANCELED),
    ]


def test_an_index_changes_nothing_of_the_list(tmp_path: Path) -> None:
    for number, state in enumerate((RunState.SUCCEEDED, RunState.CANCELED, None)):
        make_run(tmp_path, f"run-{number}", minute=number, state=state)

    first = list_runs(tmp_path)
    with_index = list_runs(tmp_path)

    assert (tmp_path / "runs" / "index.json").exists()
    assert with_index == first


def test_a_run_is_read_from_the_index_only_while_its_journal_is_unchanged(tmp_path: Path) -> None:
    make_run(tmp_path, "a", minute=1, state=RunState.CANCELED)
    before = list_runs(tmp_path)
    RunFiles(tmp_path, RunId("a")).spec.unlink()

    from_index = list_runs(tmp_path)
    write_journal(tmp_path, "a", at=MORNING, state=None)
    afterwards = list_runs(tmp_path)

    assert from_index == before
    assert afterwards == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="other-json"),
        pytest.param('{"version": 1, "runs": {"a": {"mark": "1-1"}}}', id="members-missing"),
        pytest.param('{"version": 99, "runs": {}}', id="newer"),
    ],
)
def test_an_index_that_cannot_be_read_is_made_again(tmp_path: Path, text: str) -> None:
    make_run(tmp_path, "a", minute=1, state=RunState.CANCELED)
    before = list_runs(tmp_path)
    index = tmp_path / "runs" / "index.json"
    index.write_text(text)

    again = list_runs(tmp_path)

    assert again == before
    assert list(json.loads(index.read_text())["runs"]) == ["a"]


def test_a_run_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    make_run(tmp_path, "a", minute=1, state=RunState.SUCCEEDED)
    make_run(tmp_path, "b", minute=2, state=RunState.SUCCEEDED)
    RunFiles(tmp_path, RunId("b")).spec.write_text("{")

    runs = list_runs(tmp_path)

    assert [run.run_id for run in runs] == ["a"]


def test_words_name_the_newest_run_and_the_newest_that_failed(tmp_path: Path) -> None:
    make_run(tmp_path, "a", minute=1, state=None)  # its engine was killed: it failed
    make_run(tmp_path, "b", minute=2, state=RunState.SUCCEEDED)

    assert select_run(tmp_path, "@latest") == "b"
    assert select_run(tmp_path, "@latest-failed") == "a"


def test_a_home_in_which_nothing_failed_has_no_latest_failed(tmp_path: Path) -> None:
    make_run(tmp_path, "b", minute=2, state=RunState.CANCELED)

    with pytest.raises(InvalidArgumentError) as caught:
        select_run(tmp_path, "@latest-failed")

    assert str(caught.value) == (
        f"there is no failed run in '{tmp_path}/runs'; give the --home that it was started with"
    )

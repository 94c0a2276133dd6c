"""The journal of a run: entries come back as they were, whatever else is in the file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from argosy_engine.home.journal import JournalWriter
from argosy_runs.journal import (
    Attempt,
    EngineStarted,
    JournalEntry,
    JournalReader,
    NodeChanged,
    RunEnded,
    StopRequested,
    entry_to_json,
)
from argosy_runs.nodes import Node, NodePhase, NodeType
from argosy_runs.states import RunState
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.formats.records_json import FormatError
from argosy_schemas.names import AttemptId, TaskPath

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FAILURE = Failure(reason=Reason.COMMAND_FAILED, message="boom", exit_code=3)
POD = Node(
    name="loop.iteration(3:3).train(0)",
    type=NodeType.POD,
    phase=NodePhase.FAILED,
    path=TaskPath("loop/3/train"),
    boundary="loop.iteration(3:3)",
    message="boom",
    is_attempt=True,
)
ENTRIES: list[JournalEntry] = [
    EngineStarted(at=AT, process=7),
    EngineStarted(at=AT, process=7, resumed=True),
    NodeChanged(
        at=AT,
        node=Node(name="", type=NodeType.DAG, phase=NodePhase.RUNNING, path=TaskPath("")),
    ),
    NodeChanged(
        at=AT,
        node=POD,
        attempt=Attempt(id=AttemptId("a"), failure=FAILURE, log="runs/r/tasks/train/a.log"),
    ),
    NodeChanged(at=AT, node=POD, attempt=Attempt(cached=True, adopted=True)),
    NodeChanged(
        at=AT,
        node=Node(
            name="loop.iteration",
            type=NodeType.TASK_GROUP,
            phase=NodePhase.RUNNING,
            path=TaskPath("loop"),
            boundary="loop",
            items=4,
        ),
    ),
    NodeChanged(
        at=AT,
        node=Node(
            name="decide",
            type=NodeType.POD,
            phase=NodePhase.RUNNING,
            path=TaskPath("x"),
            boundary="",
            decides=True,
        ),
    ),
    StopRequested(at=AT, failure=FAILURE),
    RunEnded(at=AT, state=RunState.SUCCEEDED),
    RunEnded(at=AT, state=RunState.FAILED, error="'train' failed: boom"),
]


def write(file: Path, *entries: JournalEntry) -> None:
    journal = JournalWriter(file)
    for entry in entries:
        journal.write(entry)
    journal.close()


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"

    write(file, *ENTRIES)

    assert list(JournalReader(file).read()) == ENTRIES


def test_a_line_that_was_cut_off_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    write(file, ENTRIES[0], ENTRIES[3])
    file.write_bytes(file.read_bytes()[:-2])

    before = list(JournalReader(file).read())
    write(file, ENTRIES[1])

    assert before == [ENTRIES[0]]
    assert list(JournalReader(file).read()) == [ENTRIES[0], ENTRIES[1]]


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    reader = JournalReader(file)
    line = entry_to_json(ENTRIES[0]).encode()

    file.write_bytes(line[:9])
    first = list(reader.read())
    file.write_bytes(line + b"\n")
    second = list(reader.read())
    write(file, ENTRIES[2])
    third = list(reader.read())

    assert (first, second, third) == ([], [ENTRIES[0]], [ENTRIES[2]])


def test_a_journal_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(JournalReader(tmp_path / "journal.jsonl").read()) == []


def test_a_journal_of_a_newer_release_is_refused_by_its_version(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    write(file, EngineStarted(at=AT, process=7, version="2.0"))

    with pytest.raises(FormatError) as caught:
        list(JournalReader(file).read())

    assert str(caught.value) == (
        "The journal has format version 2.0, this release reads up to 1.0; use the release that "
        "wrote it, or a newer one"
    )

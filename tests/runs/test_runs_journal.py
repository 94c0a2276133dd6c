"""The journal of a run: entries come back as they were, whatever else is in the file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

import format_strategies
from argosy_engine.home.journal import JournalWriter
from argosy_runs.journal import (
    Attempt,
    EngineStarted,
    JournalEntry,
    JournalReader,
    NodeChanged,
    RunEnded,
    entry_from_json,
    entry_to_json,
)
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_runs.states import RunState
from argosy_schemas.formats.dataclass_json import FormatError
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.names import AttemptId, TaskPath

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FIRST = EngineStarted(at=AT, process=7)
POD = NodeChanged(
    at=AT,
    node=NodeStatus(
        name="loop.iteration(3:3).train(0)",
        type=NodeType.POD,
        phase=NodePhase.FAILED,
        path=TaskPath("loop/3/train"),
        boundary="loop.iteration(3:3)",
        message="boom",
        is_attempt=True,
    ),
    attempt=Attempt(
        id=AttemptId("a"),
        failure=Failure(reason=Reason.COMMAND_FAILED, message="boom", exit_code=3),
        log="runs/r/tasks/loop/3/train/a.log",
    ),
)
SCHEMA: Any = Draft202012Validator(
    json.loads(
        files("argosy_schemas").joinpath("json/journal_entry.schema.json").read_text("utf-8")
    )
)
LAST = RunEnded(at=AT, state=RunState.FAILED, error="'train' failed: boom")


def write(file: Path, *entries: JournalEntry) -> None:
    journal = JournalWriter(file)
    for entry in entries:
        journal.write(entry)
    journal.close()


@given(format_strategies.journal_entries)
def test_an_entry_survives_its_json(entry: JournalEntry) -> None:
    document = json.loads(entry_to_json(entry))

    assert entry_from_json(document) == entry
    SCHEMA.validate(document)


def test_a_line_is_compact_json_with_sorted_keys_and_no_defaults() -> None:
    assert entry_to_json(POD) == (
        '{"at":"2026-01-02T03:04:05.000000Z","attempt":{"failure":{"exitCode":3,'
        '"message":"boom","reason":"CommandFailed"},"id":"a",'
        '"log":"runs/r/tasks/loop/3/train/a.log"},"event":"node","node":{'
        '"boundary":"loop.iteration(3:3)","isAttempt":true,"message":"boom",'
        '"name":"loop.iteration(3:3).train(0)","path":"loop/3/train","phase":"Failed",'
        '"type":"Pod"}}'
    )


@pytest.mark.parametrize(
    "document", [{}, {"event": "engine"}, {"event": "other", "at": "2026-01-02T03:04:05Z"}, []]
)
def test_a_line_that_is_no_entry_is_damage(document: Any) -> None:
    with pytest.raises(FormatError, match=r"^A line of the journal is damaged"):
        entry_from_json(document)
    assert not SCHEMA.is_valid(document)


def test_entries_are_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"

    write(file, FIRST, POD, LAST)

    assert list(JournalReader(file).read()) == [FIRST, POD, LAST]


def test_a_line_that_was_cut_off_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    write(file, FIRST, POD)
    file.write_bytes(file.read_bytes()[:-2])

    before = list(JournalReader(file).read())
    write(file, LAST)

    assert before == [FIRST]
    assert list(JournalReader(file).read()) == [FIRST, LAST]


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    reader = JournalReader(file)
    line = entry_to_json(FIRST).encode()

    file.write_bytes(line[:9])
    first = list(reader.read())
    file.write_bytes(line + b"\n")
    second = list(reader.read())
    write(file, POD)
    third = list(reader.read())

    assert (first, second, third) == ([], [FIRST], [POD])


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

"""Records, cache entries and steps as JSON: nothing is lost, and the JSON Schemas describe it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

import format_strategies
from argosy_schemas.formats.dataclass_json import FormatError, time_from_json, time_to_json
from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    CacheEntry,
    Content,
    ContentKind,
    Failure,
    Reason,
    RecordReference,
    Values,
)
from argosy_schemas.formats.records_json import (
    cache_entry_from_json,
    cache_entry_to_json,
    record_from_json,
    record_to_json,
)
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.formats.step_json import step_from_json, step_to_json
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath

ROOT = Path(__file__).parents[2]
STARTED = datetime(2024, 5, 1, 12, 1, tzinfo=UTC)
REFERENCE = RecordReference(
    run_id=RunId("r"), task_path=TaskPath("loop/3/train"), attempt_id=AttemptId("a")
)
RECORD = AttemptRecord(
    run_id=RunId("run"),
    pipeline="p",
    task_path=TaskPath("train"),
    attempt_id=AttemptId("attempt"),
    state=AttemptState.FAILED,
    started_at=STARTED,
    finished_at=STARTED + timedelta(seconds=1.5),
    inputs=Values(parameters={"epochs": 3, "note": None}, large={"rows": "runs/run/values/f00"}),
    outputs=Values(
        artifacts={
            "model": (
                Artifact(
                    name="model",
                    uri=ArtifactUri("s3://b/k"),
                    type=ArtifactType(schema_title="system.Model", schema_version="0.0.1"),
                    metadata={"ä": [0.5]},
                    content=Content(kind=ContentKind.FILE, files=1, size_bytes=5),
                ),
            ),
            "none": (),
        }
    ),
    log="runs/run/tasks/train/attempt.log",
    failure=Failure(reason=Reason.COMMAND_KILLED, message="Killed", exit_code=-9),
)
RECORD_TEXT = (
    '{"attemptId":"attempt","failure":{"exitCode":-9,"message":"Killed",'
    '"reason":"CommandKilled"},'
    '"finishedAt":"2024-05-01T12:01:01.500000Z","inputs":{"large":{"rows":"runs/run/values/f00"},'
    '"parameters":{"epochs":3,"note":null}},"log":"runs/run/tasks/train/attempt.log","outputs":{'
    '"artifacts":{"model":[{"content":{"files":1,"kind":"file","sizeBytes":5},"metadata":'
    '{"ä":[0.5]},"name":"model","type":{"schemaTitle":"system.Model","schemaVersion":"0.0.1"},'
    '"uri":"s3://b/k"}],"none":[]}},"pipeline":"p","runId":"run","startedAt":'
    '"2024-05-01T12:01:00.000000Z","state":"FAILED","taskPath":"train","version":"1.1"}'
)
ENTRY = CacheEntry(fingerprint="f00", pipeline="p", record=REFERENCE, created_at=STARTED)
STEP = Step(
    run_id=RunId("run"),
    pipeline="p",
    task_path=TaskPath("train"),
    attempt_id=AttemptId("attempt"),
    decision=Decision.RUN,
    started_at=STARTED,
    argv=("echo", "ä\n"),
    env=(("A", "1"), ("A", "2")),
)


@cache
def validator(name: str) -> Any:
    text = files("argosy_schemas").joinpath("json", f"{name}.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def test_a_record_is_compact_json_with_sorted_keys_and_no_defaults() -> None:
    assert record_to_json(RECORD) == RECORD_TEXT


@given(format_strategies.records)
def test_a_record_survives_its_json(record: AttemptRecord) -> None:
    text = record_to_json(record)

    assert record_from_json(text.encode()) == record
    assert record_to_json(record_from_json(text)) == text
    validator("attempt_record").validate(json.loads(text))


@given(format_strategies.cache_entries)
def test_a_cache_entry_survives_its_json(entry: CacheEntry) -> None:
    text = cache_entry_to_json(entry)

    assert cache_entry_from_json(text.encode()) == entry
    validator("cache_entry").validate(json.loads(text))


@given(format_strategies.steps)
def test_a_step_survives_its_json(step: Step) -> None:
    text = step_to_json(step)

    assert step_from_json(text.encode()) == step
    assert step_to_json(step_from_json(text)) == text
    validator("step").validate(json.loads(text))


@given(format_strategies.times, format_strategies.times)
def test_texts_of_times_order_as_the_times_do(one: datetime, other: datetime) -> None:
    assert (time_to_json(one) < time_to_json(other)) == (one < other)


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    east = datetime(2024, 5, 1, 14, 1, tzinfo=timezone(timedelta(hours=2)))

    text = time_to_json(east)

    assert text == "2024-05-01T12:01:00.000000Z"
    assert time_from_json(text) == east


READERS = [
    pytest.param(record_from_json, record_to_json(RECORD), "The record", id="record"),
    pytest.param(cache_entry_from_json, cache_entry_to_json(ENTRY), "The cache entry", id="entry"),
    pytest.param(step_from_json, step_to_json(STEP), "The step", id="step"),
]


def with_version(text: str, version: str, **added: Any) -> str:
    return json.dumps({**json.loads(text), **added, "version": version})


@pytest.mark.parametrize(("read", "text", "what"), READERS)
def test_a_newer_major_version_is_refused_by_name(read: Any, text: str, what: str) -> None:
    known = json.loads(text)["version"]
    newer = with_version(text, "2.3")

    with pytest.raises(FormatError) as caught:
        read(newer)

    assert str(caught.value) == (
        f"{what} has format version 2.3, this release reads up to {known}; "
        "use the release that wrote it, or a newer one"
    )


@pytest.mark.parametrize(("read", "text", "what"), READERS)
def test_a_newer_minor_version_is_read_and_what_it_adds_is_skipped(
    read: Any, text: str, what: str
) -> None:
    newer = with_version(text, "1.7", added=[1])

    assert what
    assert read(newer).version == "1.7"


@pytest.mark.parametrize(("read", "text", "what"), READERS)
def test_damage_is_told_as_such(read: Any, text: str, what: str) -> None:
    document: dict[str, Any] = json.loads(text)
    damaged: list[str | bytes] = [
        "",
        "[]",
        "null",
        "[" * 100_000,
        b"\xff",
        text[:-1],
        json.dumps({**document, "version": None}),
        json.dumps({**document, "version": "new"}),
        json.dumps({name: value for name, value in document.items() if name != "pipeline"}),
    ]

    for data in damaged:
        with pytest.raises(FormatError, match=f"{what} is damaged"):
            read(data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "DONE"),
        ("startedAt", "yesterday"),
        ("inputs", 5),
        ("inputs", {"parameters": []}),
        ("outputs", {"artifacts": {"model": [{"name": "no uri"}]}}),
        ("outputs", {"artifacts": {"model": [{"name": "m", "uri": "u", "metadata": 5}]}}),
        ("failure", {"reason": "NoSuchReason", "message": ""}),
        ("cachedFrom", {"runId": "r"}),
    ],
)
def test_a_member_of_the_wrong_form_is_damage(name: str, value: object) -> None:
    document = {**json.loads(RECORD_TEXT), name: value}

    with pytest.raises(FormatError, match="The record is damaged"):
        record_from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("attempt_record", {**json.loads(RECORD_TEXT), "state": "DONE"}),
        ("attempt_record", {**json.loads(RECORD_TEXT), "version": "2.0"}),
        ("attempt_record", {**json.loads(RECORD_TEXT), "inputs": {"parameters": []}}),
        ("step", {**json.loads(step_to_json(STEP)), "env": [["A"]]}),
        ("step", {k: v for k, v in json.loads(step_to_json(STEP)).items() if k != "decision"}),
        ("cache_entry", {"version": "1.0"}),
    ],
)
def test_the_schemas_refuse_what_is_no_such_document(name: str, document: object) -> None:
    assert not validator(name).is_valid(document)


def test_the_schemas_are_those_that_the_dataclasses_give() -> None:
    script = ROOT / "scripts" / "generate_format_schemas.py"

    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")

"""Small pieces: environment of a task, lines of output, results as JSON, names of tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from argosy_engine.pods.emitter import Emitter, LineWriter
from argosy_engine.pods.environment import build_task_environment
from argosy_runs.events import Event, Notice, TaskLogLine
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import RunState, TaskState
from argosy_schemas.formats.records import Artifact, Values
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import ArtifactUri, RunId, TaskPath

AT = datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)


def test_a_task_inherits_what_makes_a_machine_usable_and_nothing_else() -> None:
    inherited = {
        "HOME": "/home/u",
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "https_proxy": "http://p",
        "AWS_PROFILE": "dev",
        "PIP_INDEX_URL": "http://i",
        "PYTHONPATH": "/mine",
        "PYTHONHOME": "/mine",
        "VIRTUAL_ENV": "/mine",
        "MY_SECRET": "s",
        "TMPDIR": "/mine",
    }

    environment = build_task_environment(
        inherited,
        path_entries=("/env/bin",),
        temporary=Path("/t"),
        added=(("A", "1"), ("HOME", "/other"), ("A", "2")),
    )

    assert environment == {
        "HOME": "/other",
        "PATH": "/env/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "https_proxy": "http://p",
        "AWS_PROFILE": "dev",
        "PIP_INDEX_URL": "http://i",
        "TMPDIR": "/t",
        "TMP": "/t",
        "TEMP": "/t",
        "PYTHONUNBUFFERED": "1",
        "A": "2",
    }


@pytest.mark.parametrize(
    ("inherited", "added", "expected"),
    [
        pytest.param({}, (), "1", id="nobody"),
        pytest.param({"PYTHONUNBUFFERED": ""}, (), "", id="the caller"),
        pytest.param({}, (("PYTHONUNBUFFERED", ""),), "", id="the task"),
    ],
)
def test_python_shows_its_output_at_once_unless_somebody_says_otherwise(
    inherited: dict[str, str], added: tuple[tuple[str, str], ...], expected: str
) -> None:
    environment = build_task_environment(
        inherited, path_entries=(), temporary=Path("/t"), added=added
    )

    assert environment["PYTHONUNBUFFERED"] == expected


def test_a_task_has_a_path_even_if_the_caller_has_none() -> None:
    environment = build_task_environment({}, path_entries=(), temporary=Path("/t"), added=())

    assert environment["PATH"] == "/usr/local/bin:/usr/bin:/bin"


def lines_of(*pieces: bytes) -> list[str]:
    events: list[Event] = []
    writer = LineWriter(TaskPath("a"), events.append)
    for piece in pieces:
        writer.write(piece)
    writer.end()
    return [event.line for event in events if isinstance(event, TaskLogLine)]


def test_lines_are_whole_whatever_the_pieces() -> None:
    assert lines_of(b"on", b"e\ntw", b"o\n\nthree\r\n", b"rest") == [
        "one",
        "two",
        "",
        "three",
        "rest",
    ]


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert lines_of(b"\xff\xc3", b"\xa4\n") == ["�ä"]


def test_a_line_without_end_is_handed_on_in_pieces() -> None:
    lines = lines_of(*[b"x" * 10_000] * 10)

    assert "".join(lines) == "x" * 100_000
    assert max(map(len, lines)) <= 16 * 1024


def test_a_listener_that_raises_is_told_nothing_more() -> None:
    heard: list[Event] = []

    def breaking(event: Event) -> None:
        heard.append(event)
        raise ValueError("no such colour")

    emit = Emitter(breaking)
    before = emit.failure
    emit(Notice(message="one"))
    emit(Notice(message="two"))

    assert heard == [Notice(message="one")]
    assert (before, emit.failure) == (
        None,
        "progress is not shown any more, since showing it raised ValueError: no such colour",
    )


def test_a_result_is_the_promised_json() -> None:
    model = Artifact(
        name="model",
        uri=ArtifactUri("s3://b/k"),
        type=ArtifactType(schema_title="system.Model"),
        metadata={"accuracy": 0.9},
    )
    own = Artifact(
        name="own",
        uri=ArtifactUri("/d"),
        type=ArtifactType(instance_schema="type: object\ntitle: 'my.Own'\n"),
    )
    task = TaskResult(
        path=TaskPath("nested/train"),
        kind=TaskKind.CONTAINER,
        name="train",
        display_name="Train it",
        state=TaskState.SUCCEEDED,
        attempts=1,
        inputs=Values(parameters={"b": 1, "a": None}),
        outputs=Values(parameters={"accuracy": 0.9}, artifacts={"model": (model, own)}),
        log="/l",
        started_at=AT,
        finished_at=AT,
    )

    result = RunResult(
        run_id=RunId("r"),
        pipeline="p",
        state=RunState.SUCCEEDED,
        started_at=AT,
        finished_at=AT,
        tasks=(task,),
    )

    assert result.to_json() == {
        "run_id": "r",
        "pipeline": "p",
        "state": "SUCCEEDED",
        "started_at": "2026-01-02T03:04:05.600000Z",
        "finished_at": "2026-01-02T03:04:05.600000Z",
        "error": None,
        "outputs": {"parameters": {}, "artifacts": {}},
        "tasks": [
            {
                "path": "nested/train",
                "kind": "container",
                "name": "train",
                "display_name": "Train it",
                "item": None,
                "state": "SUCCEEDED",
                "reason": None,
                "cached": False,
                "attempts": 1,
                "inputs": {"parameters": {"a": None, "b": 1}, "artifacts": {}},
                "outputs": {
                    "parameters": {"accuracy": 0.9},
                    "artifacts": {
                        "model": [
                            {
                                "uri": "s3://b/k",
                                "type": "system.Model",
                                "metadata": {"accuracy": 0.9},
                            },
                            {"uri": "/d", "type": "my.Own", "metadata": {}},
                        ]
                    },
                },
                "error": None,
                "log": "/l",
                "started_at": "2026-01-02T03:04:05.600000Z",
                "finished_at": "2026-01-02T03:04:05.600000Z",
            }
        ],
    }

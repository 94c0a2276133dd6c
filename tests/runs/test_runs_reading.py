"""A run is read while it lasts, after its end, and after its engine was killed.

What is read after the end is what the run returned: the tests of the engine, of the examples and of
the real pipelines hold every run of theirs to that, see ``read_back``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from argosy_engine.home.run_directory import RunDirectory
from argosy_engine.run import resume_run, run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.local.home import RunFiles
from argosy_runs.local.reading import RunFollower, read_run
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.dataclass_json import FormatError
from argosy_schemas.names import RunId
from engine_steps import Machine, Step, packed, workflow

KILLED = "the engine was killed; resume the run to go on with it"


def waiting(mark: Path) -> dict[str, Step]:
    """Return a chain whose second task ends once ``mark`` is there."""
    return {
        "first": Step(script="printf 1 > $out_x", outputs=("x",)),
        "second": Step(
            script=f"until test -e {mark}; do sleep 0.02; done; printf 2$in_x > $out_y",
            inputs={"x": ("first", "x")},
            outputs=("y",),
        ),
        "third": Step(after=("second",)),
    }


@contextmanager
def under_way(home: Path, mark: Path) -> Generator[RunId]:
    """Give the id of a run that waits for ``mark``, and let it end."""
    steps = waiting(mark)
    thread = threading.Thread(
        target=run_workflow,
        args=(workflow(steps), packed(steps)),
        kwargs={"settings": RunSettings(home=home)},
    )
    thread.start()
    try:
        yield when_second_runs(home)
    finally:
        mark.touch()
        thread.join()


def when_second_runs(home: Path) -> RunId:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for journal in home.glob("runs/*/journal.jsonl"):
            run = RunId(journal.parent.name)
            if states(read_run(home, run)).get("second") == "RUNNING":
                return run
        time.sleep(0.01)
    raise AssertionError("the second task never ran")


def states(result: RunResult) -> dict[str, str]:
    return {task.path: task.state.value for task in result.tasks}


def test_a_run_is_read_while_it_lasts(tmp_path: Path) -> None:
    home, mark = tmp_path / "home", tmp_path / "mark"

    with under_way(home, mark) as run:
        before = read_run(home, run)
    after = read_run(home, run)

    assert (before.state, before.finished_at, before.error) == (RunState.RUNNING, None, None)
    assert states(before) == {"first": "SUCCEEDED", "second": "RUNNING", "third": "PENDING"}
    assert before.tasks[0].outputs.parameters == {"x": "1"}
    assert before.tasks[1].attempts == 1
    assert (after.state, after.started_at) == (RunState.SUCCEEDED, before.started_at)
    assert set(states(after).values()) == {"SUCCEEDED"}


def test_reading_a_run_does_not_stand_in_the_way_of_an_engine(tmp_path: Path) -> None:
    """Whoever reads looks whether the run is locked, by a lock."""
    machine = Machine(tmp_path)
    run = machine.run({"a": Step()}).run_id
    files, done = RunFiles(tmp_path, run), threading.Event()

    def read() -> None:
        while not done.is_set():
            files.is_locked()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(100):
        with RunDirectory(tmp_path, run).locked():
            assert files.is_locked()
    done.set()
    for reader in readers:
        reader.join()

    assert not files.is_locked()


def cut(home: Path, run: str, *, after: str) -> None:
    """Cut a journal behind the last line that has a text in it, as a kill at that moment does."""
    journal = RunFiles(home, RunId(run)).journal
    lines = journal.read_text().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if after in line)
    journal.write_text("".join(lines[: last + 1]))


def test_what_ran_when_the_engine_was_killed_is_canceled(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    run = Machine(tmp_path).run(waiting(mark)).run_id
    cut(tmp_path, run, after='"name":"second","path":"second","phase":"Running"')

    result = read_run(tmp_path, run)

    assert (result.state, result.error) == (RunState.FAILED, KILLED)
    first, second, third = result.tasks
    assert (first.state, first.outputs.parameters) == ("SUCCEEDED", {"x": "1"})
    assert (second.state, second.reason, second.attempts) == (
        "CANCELED",
        "the engine was killed while it ran",
        1,
    )
    assert (third.state, third.reason) == ("NOT_RUN", "'second' was canceled")


def test_a_run_that_was_killed_between_its_tasks_says_so_of_those_that_did_not_start(
    tmp_path: Path,
) -> None:
    run = Machine(tmp_path).run({"a": Step(), "b": Step(after=("a",))}).run_id
    cut(tmp_path, run, after='"name":"a","path":"a","phase":"Succeeded"')

    result = read_run(tmp_path, run)

    assert (result.state, result.error) == (RunState.FAILED, KILLED)
    assert [(task.state.value, task.reason) for task in result.tasks] == [
        ("SUCCEEDED", None),
        ("NOT_RUN", "the engine was killed before it could start"),
    ]


def test_a_run_that_was_killed_before_anything_began_has_all_its_tasks(tmp_path: Path) -> None:
    run = Machine(tmp_path).run({"a": Step()}).run_id
    RunFiles(tmp_path, run).journal.unlink()

    result = read_run(tmp_path, run)

    assert (result.state, result.error) == (RunState.FAILED, KILLED)
    assert result.started_at == result.finished_at
    assert [(task.state.value, task.reason) for task in result.tasks] == [
        ("NOT_RUN", "the engine was killed before it could start")
    ]


def test_a_run_that_is_followed_is_as_one_that_is_read_anew(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    run = Machine(tmp_path).run(waiting(mark)).run_id
    journal = RunFiles(tmp_path, run).journal
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("")
    follower = RunFollower(tmp_path, run)

    # Cut anywhere it is that of a run that was killed, and then goes on.
    for count in range(len(lines) + 1):
        journal.write_text("".join(lines[:count]))
        assert follower.read().to_json() == read_run(tmp_path, run).to_json()
    resume_run(run, settings=RunSettings(home=tmp_path))

    assert follower.read().to_json() == read_run(tmp_path, run).to_json()


def test_each_line_of_a_journal_is_read_once(tmp_path: Path) -> None:
    home, mark = tmp_path / "home", tmp_path / "mark"
    with under_way(home, mark) as run:
        follower = RunFollower(home, run)
        before = follower.read()
        journal = RunFiles(home, run).journal
        # What was read may be anything by now.
        seen = journal.stat().st_size
        with journal.open("r+b") as file:
            file.write(b" " * (seen - 1))
        during = follower.read()

    assert states(before) == {"first": "SUCCEEDED", "second": "RUNNING", "third": "PENDING"}
    assert states(during) == states(before)


def test_a_run_whose_tasks_all_ended_has_ended_though_its_engine_could_not_say_so(
    tmp_path: Path,
) -> None:
    ended = Machine(tmp_path).run({"a": Step(), "b": Step(script="exit 3")})
    cut(tmp_path, ended.run_id, after='"event":"node"')

    result = read_run(tmp_path, ended.run_id)

    assert {**result.to_json(), "finished_at": None} == {**ended.to_json(), "finished_at": None}


def test_a_run_is_named_by_its_first_characters(tmp_path: Path) -> None:
    run = Machine(tmp_path).run({"a": Step()}).run_id

    assert read_run(tmp_path, run[:6]).run_id == run
    with pytest.raises(InvalidArgumentError):
        read_run(tmp_path, "nothing")


def test_the_last_line_of_a_journal_says_how_the_run_ended(tmp_path: Path) -> None:
    ended = Machine(tmp_path).run({"a": Step(script="exit 3")})

    last = json.loads(RunFiles(tmp_path, ended.run_id).journal.read_text().splitlines()[-1])

    assert last == {
        "at": last["at"],
        "event": "end",
        "state": "FAILED",
        "error": ended.error,
    }


def test_a_journal_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    run = Machine(tmp_path).run({"a": Step()}).run_id
    journal = RunFiles(tmp_path, run).journal
    journal.write_text(journal.read_text().replace('"version":"1.0"', '"version":"2.0"'))

    with pytest.raises(FormatError, match=r"has format version 2\.0"):
        read_run(tmp_path, run)

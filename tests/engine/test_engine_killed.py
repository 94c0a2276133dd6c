"""An engine that is killed at any moment: nothing is left of it, and its run goes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil
import pytest

from argosy_runs.local.home import find_run
from argosy_runs.local.reading import read_run
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import RunState, TaskState
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.names import TaskPath
from engine_killed_steps import steps
from engine_steps import Machine

ENGINE = """
import sys
from pathlib import Path
from engine_steps import Machine
from engine_killed_steps import steps
machine = Machine(Path(sys.argv[1]))
print("up", flush=True)
if len(sys.argv) > 3:
    machine.resume(sys.argv[3])
else:
    machine.run(steps(Path(sys.argv[2])))
"""


def killed_engine(home: Path, marks: Path, delay: float, run: str | None) -> None:
    """Let an engine work on the run, or begin one, and kill it.

    It comes after ``delay`` times what the engine took to come up, for that tells how busy the
    machine is.
    """
    words = [sys.executable, "-c", ENGINE, str(home), str(marks), *([run] if run else [])]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    started = time.monotonic()
    engine = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE)
    assert engine.stdout is not None
    assert engine.stdout.readline() == b"up\n"
    engine.stdout.close()
    time.sleep(delay * (time.monotonic() - started))
    family = children(engine.pid)
    engine.kill()
    engine.wait()
    # Also one that began while the engine was being killed.
    for pid in [*(process.pid for process in family), *leftovers(home)]:
        wait_until_gone(pid)


def children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < until, f"{pid} outlives its engine"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def leftovers(home: Path) -> list[int]:
    """Return the processes that still work below ``home``."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(home)) and is_alive(process.pid):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def finished_tasks(home: Path) -> set[str]:
    return {path.parent.name for path in home.glob("runs/*/tasks/*/success.json")}


def executions(marks: Path) -> dict[str, int]:
    return {path.name: len(path.read_text().splitlines()) for path in marks.iterdir()}


def only_run(home: Path) -> str | None:
    found = sorted(path.parent.name for path in home.glob("runs/*/run.json"))
    return found[0] if found else None


def check_a_killed_run(tmp_path: Path, chance: random.Random, kills: int) -> int:
    """Kill engines on one run, then let it end; return how often something was under way."""
    home, marks = tmp_path / "home", tmp_path / "marks"
    marks.mkdir(parents=True)
    under_way, killed = 0, None
    for _ in range(kills):
        run = only_run(home)
        done, before = finished_tasks(home), executions(marks)
        killed_engine(home, marks, chance.uniform(0.1, 3), run)
        after = executions(marks)
        assert {name: after[name] for name in done} == {name: before[name] for name in done}
        under_way += after != before
        killed = read_killed(home, after)
    run = only_run(home)
    done, before = finished_tasks(home), executions(marks)
    machine = Machine(home)
    result = machine.resume(run) if run else machine.run(steps(marks))

    after = executions(marks)
    assert {name: after[name] for name in done} == {name: before[name] for name in done}
    assert_right_end(result)
    assert_same_where_done(killed, result)
    assert leftovers(home) == []
    return under_way


def read_killed(home: Path, executions: Mapping[str, int]) -> RunResult | None:
    """Return what is read of the run once its engine was killed; ``None``: there is no run yet."""
    run = only_run(home)
    if run is None:
        return None
    result = read_run(home, run)
    tasks = {str(task.path): task for task in result.tasks}
    succeeded = {path for path, task in tasks.items() if task.state is TaskState.SUCCEEDED}
    # A task that was killed right behind its record is told by its record alone.
    assert succeeded <= finished_tasks(home)
    assert {task.state for task in result.tasks} <= {
        TaskState.SUCCEEDED,
        TaskState.CANCELED,
        TaskState.NOT_RUN,
    }
    if result.state is not RunState.SUCCEEDED:
        assert (result.state, result.error) == (
            RunState.FAILED,
            "the engine was killed; resume the run to go on with it",
        )
    # A command that was never started may have been about to.
    assert {path: count for path, count in executions.items() if tasks[path].attempts < count} == {}
    return result


def assert_same_where_done(killed: RunResult | None, resumed: RunResult) -> None:
    """Tasks that had succeeded before a kill are read then as the resumed run returns them."""
    before = () if killed is None else killed.tasks
    done = {task.path for task in before if task.state is TaskState.SUCCEEDED}
    assert without_times(before, done) == without_times(resumed.tasks, done)


def without_times(tasks: Iterable[TaskResult], paths: set[TaskPath]) -> list[object]:
    """A task that is done has, in a run that goes on, the times of looking at it."""
    times = {"started_at": None, "finished_at": None}
    return [{**task.to_json(), **times} for task in tasks if task.path in paths]


def assert_right_end(result: RunResult) -> None:
    assert (result.state, result.error) == (RunState.SUCCEEDED, None)
    assert {task.state.value for task in result.tasks} == {"SUCCEEDED"}
    last = next(task for task in result.tasks if task.path == "t11")
    assert last.outputs.parameters == {"sum": "abcdefghijkl"}


@pytest.mark.parametrize("seed", range(3))
def test_a_run_whose_engine_is_killed_comes_to_the_right_end(tmp_path: Path, seed: int) -> None:
    check_a_killed_run(tmp_path, random.Random(seed), kills=4)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_fifty_kills_at_random_moments_do_no_harm(tmp_path: Path) -> None:
    chance = random.Random(2026)
    under_way = 0

    for number in range(13):
        under_way += check_a_killed_run(tmp_path / str(number), chance, kills=4)

    assert under_way > 10


def test_a_run_that_never_got_its_description_is_not_there(tmp_path: Path) -> None:
    """What an engine leaves that is killed while it makes the directory of its run."""
    (tmp_path / "runs" / "7f3a").mkdir(parents=True)
    (tmp_path / "runs" / "7f3a" / "run.json.new").write_text("{")

    with pytest.raises(InvalidArgumentError):
        find_run(tmp_path, "7f3a")

"""How containers end: by themselves, by a deadline, with the run, with the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from cli_processes import ARGOSY, argosy, shell_pipeline
from container_programs import IMAGE, Program
from engine_steps import Machine, Step

FOREVER = "echo up; while :; do sleep 0.1; done"


def error(result: RunResult) -> str:
    (task,) = result.tasks
    assert task.error is not None
    return task.error


@pytest.mark.parametrize("code", [3, 125, 126, 127])
def test_an_exit_code_is_that_of_the_command(machine: Machine, code: int) -> None:
    result = machine.run({"a": Step(image=IMAGE, script=f"echo broken >&2; exit {code}")})

    assert error(result).startswith(f"the command ended with exit code {code}")
    assert error(result).endswith(": broken")


def test_a_command_that_the_image_does_not_have_is_named(machine: Machine) -> None:
    result = machine.run({"a": Step(image=IMAGE, command=["train.sh"])})

    assert error(result) == (
        f"the command 'train.sh' of image '{IMAGE}' does not exist in the image, or needs an "
        "interpreter that does not; name one that does"
    )


def test_a_command_that_must_not_be_executed_is_named(machine: Machine) -> None:
    result = machine.run({"a": Step(image=IMAGE, command=["/tmp"])})

    assert error(result) == (
        f"the command '/tmp' of image '{IMAGE}' must not be executed by this user; allow it with "
        "'chmod a+x' in the image"
    )


def test_a_deadline_ends_a_container_and_a_retry_gets_a_new_one(machine: Machine) -> None:
    step = Step(image=IMAGE, script=FOREVER, retries=1, pod={"activeDeadlineSeconds": 6})
    grace = timedelta(seconds=60)
    started = time.monotonic()

    result = machine.run({"a": step}, grace=grace)

    assert result.tasks[0].attempts == 2
    assert error(result).startswith("the command did not end within 6 s")
    # A shell ends by SIGTERM, though it is the main process of its container.
    assert time.monotonic() - started < grace.total_seconds()


def test_a_command_that_ignores_sigterm_is_killed(machine: Machine, program: Program) -> None:
    step = Step(image=IMAGE, script=f"trap '' TERM; {FOREVER}", pod={"activeDeadlineSeconds": 1})

    result = machine.run({"a": step})

    assert error(result).startswith("the command did not end within 1 s")
    assert program.containers() == []


@pytest.fixture
def running(program: Program, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """``argosy run`` while its one command runs."""
    document = json.loads(shell_pipeline("forever", {"a": FOREVER}))
    document["deploymentSpec"]["executors"]["exec-a"]["container"]["image"] = IMAGE
    (tmp_path / "forever.json").write_text(json.dumps(document))
    command = [ARGOSY, "run", "forever.json", "--runner", program.name, "-o", "json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.endswith("up\n"):
                break
        assert len(program.containers()) == 1
        yield process
        process.kill()


def test_ctrl_c_ends_the_container(running: subprocess.Popen[str], program: Program) -> None:
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=60)

    assert json.loads(out)["state"] == "CANCELED"
    assert program.containers() == []


def test_argosy_stop_ends_the_container(
    running: subprocess.Popen[str], program: Program, tmp_path: Path
) -> None:
    stopped = argosy("stop", "@latest", cwd=tmp_path, environment=os.environ)
    out, _ = running.communicate(timeout=60)

    assert stopped.status == 0, stopped.err
    assert json.loads(out)["state"] == "CANCELED"
    assert program.containers() == []


def test_no_container_survives_an_engine_that_is_killed(
    running: subprocess.Popen[str], program: Program
) -> None:
    running.kill()
    running.wait()

    until = time.monotonic() + 20
    while program.containers():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15, 0.3, 0.5])
def test_no_container_survives_an_engine_that_is_killed_while_it_starts(
    program: Program, tmp_path: Path, delay: float
) -> None:
    document = json.loads(shell_pipeline("forever", {"a": FOREVER}))
    document["deploymentSpec"]["executors"]["exec-a"]["container"]["image"] = IMAGE
    (tmp_path / "forever.json").write_text(json.dumps(document))
    command = [ARGOSY, "run", "forever.json", "--runner", program.name]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "RUNNING a" in line:
                break
        time.sleep(delay)
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()

    (spec,) = (tmp_path / ".argosy" / "runs").glob("*/run.json")
    name = json.loads(spec.read_text())["name"]
    until = time.monotonic() + 30
    while any(is_alive(each) for each in family) or any(
        name in word for each in psutil.process_iter() for word in read_words(each)
    ):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert program.containers() == []


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def read_words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_run_whose_engine_was_killed_goes_on(
    running: subprocess.Popen[str], program: Program, tmp_path: Path
) -> None:
    running.kill()
    running.wait()
    (run,) = (tmp_path / ".argosy" / "runs").iterdir()
    command = [ARGOSY, "run", "--resume", run.name, "--runner", program.name]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.endswith("up\n"):
                break
        # The watchdog of the engine that was killed has come to its end.
        time.sleep(2)
        still_running = program.containers()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    assert len(still_running) == 1
    assert program.containers() == []


def test_a_run_that_is_past_its_deadline_leaves_no_container(machine: Machine) -> None:
    result = machine.run({"a": Step(image=IMAGE, script=FOREVER)}, activeDeadlineSeconds=1)

    assert result.state is RunState.FAILED
    assert result.finished_at is not None
    assert result.finished_at - result.started_at < timedelta(seconds=10)

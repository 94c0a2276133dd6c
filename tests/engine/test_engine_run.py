"""Whole runs of real processes on this machine."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.events import Event, Notice, TaskFinished, TaskLogLine
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import RunState, TaskState
from argosy_schemas.errors import InvalidArgumentError
from engine_steps import Machine, Step, packed, workflow
from package_index import component


def by_path(result: RunResult) -> dict[str, TaskResult]:
    return {task.path: task for task in result.tasks}


def states(result: RunResult) -> dict[str, str]:
    return {task.path: task.state.value for task in result.tasks}


def test_values_go_from_task_to_task(machine: Machine) -> None:
    steps = {
        "a": Step(script="printf hello > $out_word", outputs=("word",)),
        "b": Step(script='echo "got $in_w"', inputs={"w": ("a", "word")}),
    }

    result = machine.run(steps)

    assert (result.state, result.error) == (RunState.SUCCEEDED, None)
    a, b = result.tasks
    assert a.outputs.parameters == {"word": "hello"}
    assert b.inputs.parameters == {"w": "hello"}
    assert b.log is not None
    assert Path(b.log).read_text() == "got hello\n"
    assert [event.line for event in machine.events if isinstance(event, TaskLogLine)] == [
        "got hello"
    ]


def test_a_listener_that_raises_neither_ends_a_run_nor_fails_a_task(tmp_path: Path) -> None:
    steps = {"a": Step(script="echo one; echo two"), "b": Step(after=("a",))}

    def breaking(event: Event) -> None:
        if isinstance(event, TaskLogLine):
            raise OSError(errno.EIO, "Input/output error")

    result = run_workflow(
        workflow(steps),
        packed(steps),
        settings=RunSettings(home=tmp_path / "home"),
        listener=breaking,
    )

    assert states(result) == {"a": "SUCCEEDED", "b": "SUCCEEDED"}
    assert result.tasks[0].log is not None
    assert Path(result.tasks[0].log).read_text() == "one\ntwo\n"
    assert result.listener_failure == (
        "progress is not shown any more, since showing it raised OSError: [Errno 5]"
        " Input/output error"
    )


def test_artifacts_are_stored_below_the_home(machine: Machine) -> None:
    result = machine.run({"a": Step(script="echo data > $out_model", artifacts=("model",))})

    (model,) = result.tasks[0].outputs.artifacts["model"]
    assert model.uri.startswith(f"file://{machine.home}/artifacts/steps/{result.run_id}/a/")
    assert Path(model.uri.removeprefix("file://")).read_text() == "data\n"


TELL = """
    printf '{"artifacts": {"model": {"artifacts": [{"name": "model", "uri": "%s"}]}}}' $out_model \
        > $(dirname $out_model)/executor_output.json
"""
"""Tells of the artifact as the SDK does."""


def test_a_home_may_be_named_by_its_way_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    steps = {
        "a": Step(script=f"echo data > $out_model; {TELL}", artifacts=("model",)),
        "b": Step(script="cat $in_m", after=("a",), reads={"m": ("a", "model")}),
    }

    result = run_workflow(
        workflow(steps), packed(steps), settings=RunSettings(home=Path("../home")), listener=print
    )

    assert (result.state, result.error) == (RunState.SUCCEEDED, None)
    (model,) = result.tasks[0].outputs.artifacts["model"]
    assert model.uri.startswith(f"file://{tmp_path}/home/artifacts/")


def test_nothing_is_left_of_the_work_of_a_run_that_succeeded(machine: Machine) -> None:
    result = machine.run({"a": Step(script="touch here $TMPDIR/there")})

    directory = machine.home / "runs" / result.run_id
    assert {path.name for path in directory.iterdir()} == {
        "ir",
        "journal.jsonl",
        "lock",
        "run.json",
        "tasks",
    }


def test_a_failed_task_leaves_its_directory_and_says_what_it_said_last(machine: Machine) -> None:
    steps = {
        "a": Step(script="echo kept > file; echo no such thing >&2; exit 3"),
        "b": Step(after=("a",)),
        "c": Step(after=("b",)),
        "d": Step(),
    }

    result = machine.run(steps)

    tasks = by_path(result)
    assert states(result) == {"a": "FAILED", "b": "NOT_RUN", "c": "NOT_RUN", "d": "SUCCEEDED"}
    assert tasks["a"].error == "the command ended with exit code 3: no such thing"
    assert (tasks["b"].reason, tasks["c"].reason) == ("'a' failed", "'b' did not run")
    assert result.state is RunState.FAILED
    assert result.error == ("'a' failed: the command ended with exit code 3: no such thing")
    work = machine.home / "runs" / result.run_id / "work"
    assert [(path / "cwd" / "file").read_text() for path in work.iterdir()] == ["kept\n"]


def test_retries_count_and_the_last_attempt_tells(machine: Machine, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    script = f"echo x >> {counter}; test $(wc -l < {counter}) -ge 3"

    result = machine.run({"a": Step(script=script, retries=5)})

    (task,) = result.tasks
    assert (task.state, task.attempts) == (TaskState.SUCCEEDED, 3)
    assert counter.read_text() == "x\n" * 3
    work = machine.home / "runs" / result.run_id / "work"
    assert not work.exists()


def test_a_retried_command_knows_its_attempt(machine: Machine) -> None:
    result = machine.run(
        {"a": Step(script='echo "try $KFP_RETRY_INDEX"; test $KFP_RETRY_INDEX = 1', retries=3)}
    )

    assert result.state is RunState.SUCCEEDED
    assert [event.line for event in machine.events if isinstance(event, TaskLogLine)] == [
        "try 0",
        "try 1",
    ]


def test_what_a_command_prints_does_not_stop_its_retries(machine: Machine) -> None:
    script = "echo 'upload failed, giving up (final)'; exit 1"

    result = machine.run({"a": Step(script=script, retries=1)})

    (task,) = result.tasks
    assert (task.state, task.attempts) == (TaskState.FAILED, 2)
    assert task.error == ("the command ended with exit code 1: upload failed, giving up (final)")


def test_packages_that_cannot_be_installed_are_not_tried_again(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'python3 -m pip install --quiet \'colours==9\' && "$0" "$@"'
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("ARGOSY_CACHE_DIR", str(tmp_path / "cache"))

    result = machine.run(
        {"a": Step(command=("sh", "-c", script, "true"), image="python:3.11", retries=2)}
    )

    (task,) = result.tasks
    assert (task.state, task.attempts) == (TaskState.FAILED, 1)
    assert task.error is not None
    assert task.error.startswith("the Python packages of the component (colours==9) could not be")


def test_an_installation_that_the_machine_has_no_process_for_is_tried_again(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = subprocess.Popen
    refused: list[str] = []

    def start_later(command: Sequence[str], *words: Any, **more: Any) -> Any:
        program = os.path.basename(command[0])
        if program == "uv" and not refused:
            refused.append(program)
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        return start(command, *words, **more)

    monkeypatch.setattr(subprocess, "Popen", start_later)
    monkeypatch.setenv("ARGOSY_CACHE_DIR", str(tmp_path / "cache"))
    step = Step(command=("sh", "-c", "python3 -m pip --version"), image="python:3.11", retries=2)

    result = machine.run({"a": step})

    assert refused == ["uv"]
    assert (result.tasks[0].state, result.tasks[0].attempts) == (TaskState.SUCCEEDED, 2)


def test_a_command_that_is_not_here_is_said_with_its_image_and_not_tried_again(
    machine: Machine,
) -> None:
    step = Step(command=("my-program", "--fast"), image="gcr.io/my/image:1", retries=3)

    result = machine.run({"a": step})

    (task,) = result.tasks
    assert (task.state, task.attempts) == (TaskState.FAILED, 1)
    assert task.error == (
        "the command 'my-program' of image 'gcr.io/my/image:1' does not exist on this machine; "
        "install it and put it on PATH, or run the pipeline with '--runner docker' or '--runner "
        "podman', or on a cluster"
    )


def test_a_file_that_cannot_be_executed_is_said(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "run.sh"
    file.write_text("#!/bin/sh\n")

    result = machine.run({"a": Step(command=(str(file),), image="i")})

    assert result.tasks[0].error == (
        f"the command '{file}' of image 'i' is here as '{file}', which cannot be executed; "
        "allow it with 'chmod +x'"
    )


def test_a_missing_output_fails_the_task(machine: Machine) -> None:
    result = machine.run({"a": Step(outputs=("word",))})

    assert result.tasks[0].state is TaskState.FAILED
    assert "'word'" in (result.tasks[0].error or "")


def test_a_deadline_of_a_task_ends_it(machine: Machine) -> None:
    step = Step(script="sleep 60", pod={"activeDeadlineSeconds": 1})

    result = machine.run({"a": step})

    assert result.tasks[0].error == (
        "the command did not end within 1 s; raise its limit with 'set_timeout'"
    )


def test_a_deadline_of_the_run_ends_it(machine: Machine) -> None:
    steps = {"a": Step(script="sleep 60"), "b": Step(after=("a",))}

    result = machine.run(steps, activeDeadlineSeconds=1)

    assert states(result) == {"a": "FAILED", "b": "NOT_RUN"}
    assert result.error == "the run did not end within 1 s"


def test_the_cache_gives_what_was_done_before(machine: Machine, tmp_path: Path) -> None:
    count = f"echo again >> {tmp_path}/runs; cp {tmp_path}/runs $out_runs"
    steps = {"a": Step(script=count, outputs=("runs",))}

    first = machine.run(steps, cache=True)
    second = machine.run(steps, cache=True)
    third = machine.run(steps, cache=False)

    tasks = [result.tasks[0] for result in (first, second, third)]
    assert [task.cached for task in tasks] == [False, True, False]
    assert tasks[0].outputs == tasks[1].outputs
    assert tasks[0].outputs != tasks[2].outputs


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_and_it_goes_on_later(
    machine: Machine, tmp_path: Path, number: int
) -> None:
    flag = tmp_path / "flag"
    steps = {
        "a": Step(script=f"echo a >> {tmp_path}/a"),
        "b": Step(script=f"test -e {flag} || {{ echo up; sleep 60; }}", after=("a",)),
        "c": Step(after=("b",)),
    }
    before = signal.getsignal(number)
    on_output(machine, lambda: os.kill(os.getpid(), number))

    stopped = machine.run(steps)
    handler = signal.getsignal(number)
    flag.touch()
    resumed = machine.resume(stopped.run_id[:8])

    assert handler == before
    assert (stopped.state, stopped.error) == (RunState.CANCELED, "the run was stopped")
    assert states(stopped) == {"a": "SUCCEEDED", "b": "CANCELED", "c": "NOT_RUN"}
    assert by_path(stopped)["c"].reason == "'b' was canceled"
    assert resumed.run_id == stopped.run_id
    assert states(resumed) == {"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "SUCCEEDED"}
    assert by_path(resumed)["a"].attempts == 1
    assert by_path(resumed)["b"].attempts == 2
    assert (tmp_path / "a").read_text() == "a\n"


def test_a_stop_ends_an_installation_and_what_runs_at_the_exit_runs(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {"a": Step(command=component("colours")), "bye": Step(script="echo bye")}
    made = workflow(steps, onExit="at-exit")
    root = made["spec"]["templates"][0]
    bye = root["dag"]["tasks"].pop()
    del bye["depends"]
    made["spec"]["templates"].append({"name": "at-exit", "steps": [[bye]]})
    monkeypatch.setenv("ARGOSY_CACHE_DIR", str(tmp_path / "cache"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        threading.Thread(target=interrupt_when_called, args=(silent,), daemon=True).start()
        began = time.monotonic()

        result = run_workflow(
            made,
            packed(steps),
            settings=RunSettings(home=machine.home, cache=False),
            listener=machine.events.append,
        )

    assert time.monotonic() - began < 30
    assert states(result) == {"a": "CANCELED", "bye": "SUCCEEDED"}
    assert [event.line for event in machine.events if isinstance(event, TaskLogLine)] == ["bye"]


def test_a_deadline_that_ends_an_installation_leaves_the_task_interrupted(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not failed for good, or what runs at the exit would count it as done."""
    steps = {"a": Step(command=component("colours"))}
    monkeypatch.setenv("ARGOSY_CACHE_DIR", str(tmp_path / "cache"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")

        result = run_workflow(
            workflow(steps, activeDeadlineSeconds=2),
            packed(steps),
            settings=RunSettings(home=machine.home, cache=False),
        )

    (record,) = (machine.home / "runs").rglob("tasks/a/*.json")
    assert result.error == "the run did not end within 2 s"
    assert json.loads(record.read_text())["state"] == "CANCELED"


def interrupt_when_called(silent: socket.socket) -> None:
    """Press Ctrl-C when somebody connects, and say nothing to whoever did."""
    connection, _ = silent.accept()
    with connection:
        os.kill(os.getpid(), signal.SIGINT)
        connection.recv(65536)
        time.sleep(60)


def on_output(machine: Machine, action: object) -> None:
    """Do something once, when the first line of output has come."""

    def wait() -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if any(isinstance(event, TaskLogLine) for event in tuple(machine.events)):
                assert callable(action)
                action()
                return
            time.sleep(0.01)

    threading.Thread(target=wait, daemon=True).start()


def test_a_failed_run_goes_on_where_it_failed(machine: Machine, tmp_path: Path) -> None:
    steps = {
        "a": Step(script=f"echo a >> {tmp_path}/a"),
        "b": Step(script=f"test -e {tmp_path}/flag", after=("a",)),
    }
    failed = machine.run(steps)
    (tmp_path / "flag").touch()

    resumed = machine.resume(failed.run_id)

    assert (failed.state, resumed.state) == (RunState.FAILED, RunState.SUCCEEDED)
    assert (tmp_path / "a").read_text() == "a\n"
    finished = {e.path: e for e in machine.events if isinstance(e, TaskFinished)}
    assert (finished["a"].adopted, finished["b"].adopted) == (True, False)  # type: ignore[index]


def test_a_parameter_that_is_not_declared_is_refused_before_anything_is_written(
    machine: Machine,
) -> None:
    with pytest.raises(InvalidArgumentError, match="no parameter 'b'"):
        machine.run({"a": Step()}, parameters={"b": "1"}, declared=())

    assert not machine.home.exists()


def test_a_task_is_told_apart_from_the_callers_environment(machine: Machine) -> None:
    step = Step(script='echo "$HOME|$MINE|$TMPDIR|$PWD"')

    result = machine.run(
        {"a": step}, environment={"HOME": "/h", "MINE": "x", "PATH": os.environ["PATH"]}
    )

    log = Path(result.tasks[0].log or "").read_text()
    home, mine, temporary, here = log.strip().split("|")
    assert (home, mine) == ("/h", "")
    work = f"{machine.home}/runs/{result.run_id}/work/"
    assert temporary.startswith(work)
    assert here.startswith(work)


def test_a_python_command_that_printed_before_it_raised_failed_by_what_it_raised(
    machine: Machine,
) -> None:
    program = "print('working'); raise ValueError('no column:\\n  x')"
    step = Step(command=[sys.executable, "-c", program])

    result = machine.run({"a": step}, environment={"PATH": os.environ["PATH"]})

    assert result.tasks[0].error == ("the command ended with exit code 1: ValueError: no column: x")


def test_a_root_that_was_named_receives_the_artifacts(machine: Machine, tmp_path: Path) -> None:
    steps = {"a": Step(script="echo data > $out_model", artifacts=("model",))}

    result = machine.run(steps, root=str(tmp_path / "root"))

    (model,) = result.tasks[0].outputs.artifacts["model"]
    assert model.uri.startswith(f"file://{tmp_path}/root/steps/")


def test_a_root_that_no_store_has_is_refused_before_anything_is_written(machine: Machine) -> None:
    with pytest.raises(InvalidArgumentError, match="ftp"):
        machine.run({"a": Step()}, root="ftp://host/root")

    assert not machine.home.exists()


def test_a_store_that_breaks_in_mid_run_is_told_as_it_is(machine: Machine) -> None:
    """Where the records are to go there is a file: as on a full disk, nothing can be written."""
    breaking = f"cd {machine.home}/runs/*/tasks; touch b"
    steps = {"a": Step(script=breaking), "b": Step(after=("a",)), "c": Step(after=("b",))}

    result = machine.run(steps)

    assert states(result) == {"a": "SUCCEEDED", "b": "FAILED", "c": "NOT_RUN"}
    error = by_path(result)["b"].error or ""
    assert "Not a directory" in error
    assert result.state is RunState.FAILED


def test_what_is_only_for_kubernetes_is_named_in_one_line(machine: Machine) -> None:
    pod = {"tolerations": [{"key": "gpu"}]}
    steps = {name: Step(pod=pod) for name in ("a", "b", "c", "d", "e")}
    steps["f"] = Step(pod={"nodeSelector": {"disk": "ssd"}, "activeDeadlineSeconds": 60})

    result = machine.run(steps)

    line = "without effect on this machine: nodeSelector (f), tolerations (a, b, c and 2 more)"
    assert [event for event in machine.events if isinstance(event, Notice)] == [
        Notice(message=line)
    ]
    assert result.notices == (line,)


def test_a_workspace_is_a_directory_here_and_not_without_effect(machine: Machine) -> None:
    claim = {"claimName": "{{workflow.name}}-kfp-workspace"}
    volume = {"name": "kfp-workspace", "persistentVolumeClaim": claim}

    result = machine.run({"a": Step(pod={"volumes": [volume]})})

    assert result.notices == ()


def test_the_first_failure_is_told(machine: Machine) -> None:
    journals = f"{machine.home}/runs/*/journal.jsonl"
    until_b = f"""until grep -q '"path":"b","phase":"Failed"' {journals}; do sleep 0.05; done"""

    result = machine.run({"b": Step(script="exit 1"), "a": Step(script=f"{until_b}; exit 2")})

    assert result.error == ("'b' failed: the command ended with exit code 1, it printed no reason")

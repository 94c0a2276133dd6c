"""Whole pods: ``exec`` and the launcher as processes around their volumes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import AttemptState, ContentKind, Failure, Reason, Values
from argosy_schemas.formats.step import Decision, OutputArtifact, OutputParameter, Step, UriMapping
from argosy_schemas.formats.step_files import write_step
from argosy_schemas.ir.model import ArtifactType, ControlEntry, ParameterType
from argosy_schemas.names import ArtifactUri
from argosy_store.stores import Stores
from argosy_store.transfer import inspect_content
from launcher_pods import EXEC, SHORT_TICK_MS, Pod, step_of

MODEL = ArtifactType(schema_title="system.Model")
MakePod = Callable[..., Pod]


def python(source: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", source, *arguments)


def with_outputs(pod: Pod, step: Step) -> Step:
    """``step`` with an output parameter and an output artifact on the other volume."""
    outputs = pod.volume / "outputs"
    outputs.mkdir(exist_ok=True)
    outputs.chmod(0o777)
    return replace(
        step,
        executor_output_path=f"{outputs}/executor_output.json",
        output_parameters=(
            OutputParameter(name="n", type=ParameterType.NUMBER_INTEGER, path=f"{outputs}/n"),
        ),
        output_artifacts=(
            OutputArtifact(
                name="model",
                type=MODEL,
                is_list=False,
                metadata={},
                path=f"{outputs}/model",
                uri=ArtifactUri(f"file://{pod.store}/artifacts/model"),
                seen_uri=f"file://{outputs}/model",
            ),
        ),
        uri_mappings=(
            UriMapping(seen=f"file://{outputs}", stored=f"file://{pod.store}/artifacts"),
        ),
        control=(ControlEntry(output="n"),),
    )


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float = 20) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def wait_until_ready(pod: Pod) -> None:
    """Until the command has printed a word, and the launcher shows that it lives."""
    log = pod.exchange / "log"
    wait_until(lambda: log.exists() and log.stat().st_size > 5)
    wait_until((pod.published / "launcher-alive").exists)


def stored_files(pod: Pod) -> int:
    """Files of the artifact; temporary ones of a killed upload are none."""
    return inspect_content(Stores(), f"file://{pod.store}/artifacts/model").files


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_command_runs_and_everything_of_it_is_stored(pod: Pod) -> None:
    step = with_outputs(
        pod,
        step_of(
            *("sh", "-c"),
            'cd "$0"; echo out; echo err >&2; echo 7 > n; printf weights > model; echo $WHO',
            f"{pod.volume}/outputs",
            env=(("WHO", "argosy"),),
        ),
    )

    end = pod.run(step)

    record = pod.record("success")
    assert (end.exit_code, end.reason, end.launcher_code) == (0, "", 0)
    assert (end.stdout, end.stderr) == (b"out\nargosy\n", b"err\n")
    assert sorted(pod.stored_log().splitlines()) == [b"argosy", b"err", b"out"]
    assert record is not None
    assert record == pod.record()
    assert record.outputs.parameters == {"n": 7}
    assert (pod.store / "artifacts" / "model").read_bytes() == b"weights"
    assert json.loads(b64decode((pod.published / "control").read_bytes())) == {"n": 7}
    shown = json.loads((pod.published / "summary").read_bytes())
    assert shown == {"state": "succeeded", "outputs": {"n": "7"}}


def test_a_failed_command_keeps_its_exit_code_and_says_why(pod: Pod) -> None:
    end = pod.run(step_of("sh", "-c", "echo 'bad column'; exit 42"))

    reason = "the command ended with exit code 42: bad column"
    assert (end.exit_code, end.reason, end.launcher_code) == (42, reason, 0)
    assert end.stderr == f"argosy: {reason}\n".encode()
    record = pod.record()
    assert record is not None
    assert record.state is AttemptState.FAILED
    assert record.failure == Failure(reason=Reason.COMMAND_FAILED, message=reason, exit_code=42)
    assert pod.record("success") is None
    assert not (pod.published / "control").exists()
    assert not (pod.published / "summary").exists()


def test_a_killed_command_ends_with_the_code_of_its_signal(pod: Pod) -> None:
    end = pod.run(step_of("sh", "-c", "kill -SEGV $$"))

    assert end.exit_code == 128 + signal.SIGSEGV
    assert end.reason == "the command was ended by SIGSEGV; see its log for what it was doing"


@pytest.mark.parametrize(
    ("content", "mode", "code", "words"),
    [
        (None, 0, 127, "does not exist in the image; name one that does (final)"),
        ("#!/no/such/interpreter\n", 0o755, 126, "needs an interpreter that is not in the image"),
        ("no program\n", 0o755, 126, "is not a program for this machine"),
    ],
)
def test_a_command_that_cannot_start_says_what_is_missing(
    pod: Pod, content: str | None, mode: int, code: int, words: str
) -> None:
    command = pod.volume / "command"
    if content is not None:
        command.write_text(content)
        command.chmod(mode)

    end = pod.run(step_of(str(command)))

    assert end.exit_code == code
    assert end.reason.startswith(f"the command '{command}' ")
    assert words in end.reason


def test_a_command_is_looked_for_on_the_path_of_the_task(pod: Pod) -> None:
    for name, text in (("one", ""), ("two", "#!/bin/sh\necho found\n")):
        (pod.volume / name).mkdir()
        if text:
            (pod.volume / name / "tool").write_text(text)
            (pod.volume / name / "tool").chmod(0o755)
    path = f"{pod.volume}/one:{pod.volume}/none:{pod.volume}/two"

    end = pod.run(step_of("tool", env=(("PATH", path),)))

    assert (end.exit_code, end.stdout) == (0, b"found\n")


def test_a_command_that_must_not_be_executed_is_not_missing(pod: Pod) -> None:
    (pod.volume / "one").mkdir()
    (pod.volume / "one" / "tool").write_text("#!/bin/sh\n")

    end = pod.run(step_of("tool", env=(("PATH", f"{pod.volume}/one:{pod.volume}/none"),)))

    assert (end.exit_code, end.reason) == (
        126,
        "the command 'tool' must not be executed by this user; allow it with 'chmod +x' (final)",
    )


def test_the_environment_is_that_of_the_container_with_the_tasks_over_it(
    make_pod: MakePod,
) -> None:
    pod = make_pod(environment={"PATH": "/usr/bin:/bin", "KEPT": "1", "A.B": "x", "OVER": "old"})

    end = pod.run(step_of("env", env=(("OVER", "no"), ("OVER", "new"), ("EMPTY", ""))))

    assert sorted(end.stdout.splitlines()) == [
        b"A.B=x",
        b"EMPTY=",
        b"KEPT=1",
        b"OVER=new",
        b"PATH=/usr/bin:/bin",
        b"PYTHONUNBUFFERED=1",
    ]


@pytest.mark.parametrize(
    ("image", "task"), [({"PYTHONUNBUFFERED": ""}, ()), ({}, (("PYTHONUNBUFFERED", ""),))]
)
def test_image_or_task_may_have_python_keep_its_output_back(
    make_pod: MakePod, image: dict[str, str], task: tuple[tuple[str, str], ...]
) -> None:
    pod = make_pod(environment={"PATH": "/usr/bin:/bin", **image})

    end = pod.run(step_of("env", env=task))

    assert sorted(end.stdout.splitlines()) == [b"PATH=/usr/bin:/bin", b"PYTHONUNBUFFERED="]


def test_arguments_arrive_byte_for_byte(pod: Pod) -> None:
    words = ("", " a  b ", "ünï", "line\nbreak", "$HOME", "{{=x}}", "x" * 131_000)

    end = pod.run(step_of(*python("import sys; print(ascii(sys.argv[1:]))", *words)))

    assert end.stdout.decode() == ascii(list(words)) + "\n"


def test_an_argument_that_is_too_long_for_the_system_is_said_to_be(pod: Pod) -> None:
    end = pod.run(step_of("true", "x" * 200_000))

    assert end.exit_code == 126
    assert "longer arguments than the system allows" in end.reason
    assert end.reason.endswith("(final)")


def test_what_no_process_can_be_given_is_refused_when_the_step_is_written(pod: Pod) -> None:
    with pytest.raises(FinalTaskError, match="holds a NUL character, which no process"):
        pod.start_main(step_of("echo", "a\0b"))


def test_the_command_starts_with_signals_and_umask_as_the_image_has_them(pod: Pod) -> None:
    source = (
        "import os, signal; m = os.umask(0); "
        "print(oct(m), signal.pthread_sigmask(signal.SIG_BLOCK, []), "
        "os.getpgid(0) == os.getpid(), sorted(os.listdir('/proc/self/fd'))[:3])"
    )
    expected = os.umask(0o027)
    try:
        end = pod.run(step_of(*python(source)))
    finally:
        os.umask(expected)

    assert end.stdout == b"0o27 set() True ['0', '1', '2']\n"


def test_output_of_many_megabytes_passes_whole(pod: Pod) -> None:
    source = (
        "import sys\n"
        "for i in range(60): sys.stdout.buffer.write(bytes([i]) * (1 << 20))\n"
        "sys.stderr.buffer.write(b'e' * 300_000)\n"
    )

    end = pod.run(step_of(*python(source)))

    expected = hashlib.sha256(b"".join(bytes([i]) * (1 << 20) for i in range(60))).digest()
    assert hashlib.sha256(end.stdout).digest() == expected
    assert end.stderr == b"e" * 300_000
    assert len(pod.stored_log()) == (60 << 20) + 300_000


def test_output_arrives_whole_when_whoever_reads_it_is_slow(pod: Pod) -> None:
    # Fits into the pipes and the buffer between, so that the command ends before anybody reads.
    pod.start_main(step_of(*python("print('x' * 150_000)")))
    pod.start_launcher()
    assert pod.main is not None
    main = psutil.Process(pod.main.pid)
    log = pod.exchange / "log"
    wait_until(lambda: log.exists() and log.stat().st_size > 0 and not main.children())
    time.sleep(0.2)

    end = pod.end()

    assert end.stdout == b"x" * 150_000 + b"\n"


def test_output_passes_to_what_is_no_pipe_too(pod: Pod, tmp_path: Path) -> None:
    """A container runtime gives pipes; a terminal or a file is as good."""
    shutil.copy(EXEC, pod.published / "exec")
    pod.command_prefix = ("sh", "-c", 'exec "$0" "$@" > ' + str(tmp_path / "output"))
    size = 3_000_000

    end = pod.run(step_of(*python(f"import os; os.write(1, bytes(range(250)) * {size // 250})")))

    assert (end.exit_code, end.stdout) == (0, b"")
    assert (tmp_path / "output").read_bytes() == bytes(range(250)) * (size // 250)
    assert pod.stored_log() == bytes(range(250)) * (size // 250)


def test_of_a_log_without_end_the_beginning_and_the_end_are_kept(make_pod: MakePod) -> None:
    pod = make_pod(log_limit=10_000)
    source = "for i in range(100_000): print(f'{i:09}')"

    end = pod.run(step_of(*python(source)))

    log = pod.stored_log()
    head, gap, tail = log.partition(b"\n[argosy: the log is longer than what was kept of it]\n")
    assert len(end.stdout) == 1_000_000
    assert head == end.stdout[:10_000]
    assert gap
    assert 10_000 <= len(tail) <= 20_000
    assert end.stdout.endswith(tail)
    assert sum(path.stat().st_size for path in pod.exchange.glob("log*")) <= 2 * 30_100


def test_binary_output_is_not_touched(pod: Pod) -> None:
    data = bytes(range(256)) * 10

    end = pod.run(step_of(*python(f"import sys; sys.stdout.buffer.write({data!r}); sys.exit(1)")))

    assert end.stdout == data
    assert pod.stored_log() == data
    assert "\n" not in end.reason
    assert end.reason.isprintable()


def test_output_that_nobody_reads_does_not_stop_the_command(pod: Pod) -> None:
    pod.start_main(step_of(*python("print('x' * 10_000_000)")))
    assert pod.main is not None
    assert pod.main.stdout is not None
    pod.main.stdout.close()
    pod.main.stdout = None
    pod.start_launcher()

    end = pod.end()

    assert end.exit_code == 0
    assert len(pod.stored_log()) == 10_000_001


def test_a_child_that_outlives_the_command_is_ended(pod: Pod) -> None:
    pod.tick_ms = SHORT_TICK_MS
    source = (
        "import os, signal, sys, time\n"
        "for leave in (False, True):\n"
        "    if os.fork() == 0:\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "        if leave: os.setsid()\n"
        "        open(sys.argv[1] + str(leave), 'w').write(str(os.getpid()))\n"
        "        time.sleep(1000)\n"
        "paths = [sys.argv[1] + x for x in ('True', 'False')]\n"
        "while not all(os.path.exists(x) and os.path.getsize(x) for x in paths): pass\n"
        "print('parent ends', flush=True)\n"
    )

    end = pod.run(step_of(*python(source, f"{pod.volume}/pid-")))

    pids = [int((pod.volume / f"pid-{leave}").read_text()) for leave in (True, False)]
    assert (end.exit_code, end.stdout) == (0, b"parent ends\n")
    wait_until(lambda: not any(alive(pid) for pid in pids))


def test_a_child_that_still_has_something_to_say_is_heard(make_pod: MakePod) -> None:
    """As in ``exec > >(tee log)``."""
    pod = make_pod(tick_ms=10_000)

    end = pod.run(step_of("sh", "-c", "(sleep 0.05; echo late) & echo early"))

    assert end.stdout == b"early\nlate\n"
    assert pod.stored_log() == b"early\nlate\n"


def test_orphans_are_reaped_while_the_command_runs(pod: Pod) -> None:
    source = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    if os.fork() == 0: os._exit(0)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "path = f'/proc/{os.getppid()}/task/{os.getppid()}/children'\n"
        "is_alone = lambda: open(path).read().split() == [str(os.getpid())]\n"
        "end = time.monotonic() + 30\n"
        "while not is_alone() and time.monotonic() < end: time.sleep(0.01)\n"
        "print(is_alone())\n"
    )

    assert pod.run(step_of(*python(source))).stdout == b"True\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signals_reach_the_command_and_its_children(
    make_pod: MakePod, number: signal.Signals
) -> None:
    pod = make_pod(tick_ms=1000)
    child = f"trap 'echo child; exit' {number.value}; echo ready; while :; do sleep 0.01; done"
    # What outlives the command is sent SIGTERM, so it waits for its child.
    script = f"trap 'echo got; wait; exit 5' {number.value}; ({child}) & "
    script += "while :; do sleep 0.01; done"
    pod.start_main(step_of("sh", "-c", script))
    pod.start_launcher()
    wait_until_ready(pod)
    assert pod.main is not None

    pod.main.send_signal(number)
    end = pod.end()

    record = pod.record()
    assert record is not None
    assert record.failure is not None
    assert end.exit_code == 5
    assert sorted(end.stdout.split()) == [b"child", b"got", b"ready"]
    expected = Reason.COMMAND_FAILED if number == signal.SIGUSR1 else Reason.CANCELED
    assert record.failure.reason is expected


def test_a_command_that_ignores_sigterm_is_killed_in_time_for_its_record(
    make_pod: MakePod,
) -> None:
    pod = make_pod(grace_ticks=1)
    pod.start_main(step_of("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"))
    pod.start_launcher()
    wait_until_ready(pod)
    assert pod.main is not None
    assert pod.launcher is not None

    # Kubernetes tells every container of the pod.
    pod.main.terminate()
    pod.launcher.terminate()
    end = pod.end()

    assert (end.exit_code, end.launcher_code) == (137, 0)
    assert end.reason == "the pod was stopped: the command got SIGTERM and was killed, " + (
        "because it did not end"
    )
    record = pod.record()
    assert record is not None
    assert record.state is AttemptState.CANCELED
    assert pod.stored_log() == b"ready\n"


def test_work_that_ends_well_in_spite_of_a_stop_is_stored(pod: Pod) -> None:
    script = "trap 'echo saved > n; exit 0' TERM; echo ready; while :; do sleep 0.01; done"
    step = with_outputs(pod, step_of("sh", "-c", f"cd {pod.volume}/outputs; {script}"))
    step = replace(
        step,
        control=(),
        output_parameters=(replace(step.output_parameters[0], type=ParameterType.STRING),),
    )
    pod.start_main(step)
    pod.start_launcher()
    wait_until_ready(pod)
    assert pod.main is not None
    assert pod.launcher is not None

    pod.main.terminate()
    pod.launcher.terminate()
    end = pod.end()

    record = pod.record("success")
    assert end.exit_code == 0
    assert record is not None
    assert record.outputs.parameters == {"n": "saved\n"}


def test_a_log_that_was_kept_whole_has_no_gap(make_pod: MakePod) -> None:
    pod = make_pod(log_limit=10)

    pod.run(step_of("sh", "-c", "printf 'one two three four five'"))

    assert pod.stored_log() == b"one two three four five"


def test_a_main_that_never_came_up_before_the_stop_is_canceled(pod: Pod) -> None:
    """Its image could not be pulled, say."""
    pod.tick_ms = SHORT_TICK_MS
    write_step(step_of("true"), private=pod.private, published=pod.published)
    pod.start_launcher()
    assert pod.launcher is not None
    wait_until((pod.published / "launcher-alive").exists)

    pod.launcher.terminate()
    pod.launcher.communicate(timeout=30)

    record = pod.record()
    assert pod.launcher.returncode == 0
    assert record is not None
    assert record.state is AttemptState.CANCELED


def test_the_modes_of_outputs_are_opened_up_for_the_launcher(pod: Pod) -> None:
    script = (
        "umask 077; mkdir -p model/deep; echo 1 > model/deep/a; echo x > model/run; "
        "chmod 0700 model/run; ln -s a model/deep/link; echo 3 > n"
    )
    step = with_outputs(pod, step_of("sh", "-c", f"cd {pod.volume}/outputs; {script}"))

    end = pod.run(step)

    model = pod.volume / "outputs" / "model"
    modes = {
        name: oct(stat.S_IMODE((model / name).lstat().st_mode))
        for name in ("", "deep", "deep/a", "run")
    }
    assert end.exit_code == 0
    assert modes == {"": "0o755", "deep": "0o755", "deep/a": "0o644", "run": "0o755"}


def test_files_outside_the_volumes_are_copied_by_exec(pod: Pod, tmp_path: Path) -> None:
    image = tmp_path / "image"
    (image / "model").mkdir(parents=True)
    (image / "model" / "a").write_text("A")
    (image / "real").write_text("linked")
    (image / "model" / "b").symlink_to("../real")
    (image / "model" / "up").symlink_to("..")
    output = {
        "parameterValues": {"n": 1},
        "artifacts": {"model": {"artifacts": [{"custom_path": str(image / "model")}]}},
    }
    step = with_outputs(pod, step_of("true"))
    Path(step.executor_output_path).write_text(json.dumps(output))

    end = pod.run(step)

    stored = pod.store / "artifacts" / "model"
    record = pod.record("success")
    assert end.reason == ""
    assert record is not None
    (artifact,) = record.outputs.artifacts["model"]
    assert artifact.custom_path == str(image / "model")
    assert artifact.content is not None
    assert artifact.content.kind is ContentKind.DIRECTORY
    assert (stored / "a").read_text() == "A"
    assert (stored / "b").read_text() == "linked"


def test_a_link_does_not_lead_the_launcher_to_its_own_files(pod: Pod, tmp_path: Path) -> None:
    """The link is followed where the user could follow it: by ``exec``, in main."""
    outside = tmp_path / "outside"
    outside.write_text("of main")
    step = with_outputs(pod, step_of("true"))
    outputs = pod.volume / "outputs"
    (outputs / "n").write_text("1")
    (outputs / "model").mkdir()
    (outputs / "model" / "link").symlink_to(outside)

    end = pod.run(step)

    assert end.reason == ""
    assert (pod.exchange / "copies" / "1" / "link").read_text() == "of main"
    assert (pod.store / "artifacts" / "model" / "link").read_text() == "of main"


def test_a_custom_path_that_is_not_there_is_an_absent_artifact(pod: Pod) -> None:
    step = with_outputs(pod, step_of("true"))
    output = {
        "parameterValues": {"n": 1},
        "artifacts": {"model": {"artifacts": [{"custom_path": "/no/such/model"}]}},
    }
    Path(step.executor_output_path).write_text(json.dumps(output))

    pod.run(step)

    record = pod.record("success")
    assert record is not None
    content = record.outputs.artifacts["model"][0].content
    assert content is not None
    assert content.kind is ContentKind.ABSENT


def test_a_custom_path_that_is_no_data_is_refused_by_name(pod: Pod, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    step = with_outputs(pod, step_of("true"))
    output = {
        "parameterValues": {"n": 1},
        "artifacts": {"model": {"artifacts": [{"custom_path": str(tmp_path / "pipe")}]}},
    }
    Path(step.executor_output_path).write_text(json.dumps(output))

    end = pod.run(step)

    assert end.exit_code == 1
    assert end.reason == (
        f"'{tmp_path}/pipe' is, or holds, something that is neither a file nor a directory "
        "(errno 22); write outputs where the task's user can read them"
    )


def test_a_cached_task_runs_nothing(pod: Pod) -> None:
    step = step_of(
        outputs=Values(parameters={"n": 4}),
        control=(ControlEntry(output="n"),),
    )

    end = pod.run(step)

    record = pod.record("success")
    assert (end.exit_code, end.stdout, end.stderr) == (0, b"", b"")
    assert record is not None
    assert record.state is AttemptState.CACHED
    assert json.loads(b64decode((pod.published / "control").read_bytes())) == {"n": 4}
    assert json.loads((pod.published / "summary").read_bytes())["state"] == "cached"


def test_a_refused_task_runs_nothing_and_says_why(pod: Pod) -> None:
    failure = Failure(
        reason=Reason.INVALID_INPUT, message="input 'x' is missing; give it", final=True
    )

    end = pod.run(step_of(decision=Decision.FAILED, failure=failure))

    assert (end.exit_code, end.reason) == (1, "input 'x' is missing; give it (final)")


def test_a_failure_that_an_earlier_attempt_left_is_not_tried_again(pod: Pod) -> None:
    failure = Failure(reason=Reason.COMMAND_FAILED, message="exit code 3", exit_code=3)

    end = pod.run(step_of(decision=Decision.ADOPTED, failure=failure))

    assert (end.exit_code, end.reason) == (3, "exit code 3 (final)")


def test_what_a_command_printed_is_not_taken_for_the_mark_of_a_final_failure(pod: Pod) -> None:
    end = pod.run(step_of("sh", "-c", "echo 'giving up (final)'; exit 3"))

    said = "the command ended with exit code 3: giving up (final)."
    assert (end.exit_code, end.reason) == (3, said)


def test_without_a_step_both_containers_end_and_say_so(pod: Pod) -> None:
    pod.start_main(step_of("true"))
    assert pod.main is not None
    pod.main.kill()
    pod.main.communicate()
    (pod.private / "step.json").unlink()
    pod.start_launcher()
    assert pod.launcher is not None

    _, stderr = pod.launcher.communicate(timeout=30)

    assert pod.launcher.returncode == 1
    assert b"step.json' is missing; see the log of container 'driver' of this pod" in stderr


@pytest.mark.parametrize("store", ["", "{{=workflow.parameters['argosy-store']}}"])
def test_a_launcher_without_a_store_says_so_and_lets_main_end(pod: Pod, store: str) -> None:
    pod.start_main(step_of("true"))
    environment = {**os.environ, "ARGOSY_STORE": store, "ARGOSY_TICK_SECONDS": "0.04"}
    pod.launcher = subprocess.Popen(
        [sys.executable, "-m", "argosy_launcher", str(pod.own)],
        stderr=subprocess.PIPE,
        env=environment,
    )

    end = pod.end()

    assert (end.exit_code, end.launcher_code) == (1, 1)
    assert end.reason == (
        "the workflow names no store; submit it with '-p argosy-store=URL', or compile it with "
        "'--store URL' (final)"
    )


def test_a_launcher_that_is_stopped_while_it_ends_has_succeeded(pod: Pod) -> None:
    """Argo stops it once main has ended; Python handles no signals any more when it cleans up."""
    source = """
import os, signal
from argosy_launcher.__main__ import run

class Late:
    def __init__(self):
        self.kill, self.process, self.number = os.kill, os.getpid(), signal.SIGTERM
    def __del__(self):
        self.kill(self.process, self.number)

late = Late()
run()
"""
    pod.start_main(step_of("true"))
    pod.start_launcher("-c", source)

    assert pod.end().launcher_code == 0


def test_a_launcher_without_a_volume_ends_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "argosy_launcher", str(tmp_path / "none")],
        env={**os.environ, "ARGOSY_STORE": str(tmp_path)},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr.decode()) == (
        1,
        f"argosy: '{tmp_path}/none/private/step.json' is missing; "
        "see the log of container 'driver' of this pod (final)\n",
    )


def test_a_launcher_that_dies_does_not_hold_main(pod: Pod) -> None:
    pod.tick_ms = SHORT_TICK_MS
    ends = pod.volume / "ends"
    script = f"echo ready; while [ ! -e {ends} ]; do sleep 0.05; done; exit 9"
    pod.start_main(step_of("sh", "-c", script))
    pod.start_launcher()
    assert pod.launcher is not None
    wait_until((pod.published / "launcher-alive").exists)
    pod.launcher.kill()
    pod.launcher.wait()
    ends.touch()

    end = pod.end()

    assert end.exit_code == 9
    assert end.reason.startswith("the launcher of this pod ended without a word")


def test_a_main_that_is_killed_as_a_whole_leaves_a_record(pod: Pod) -> None:
    pod.tick_ms = SHORT_TICK_MS
    pod.start_main(step_of("sh", "-c", "echo ready; exec sleep 1000"))
    pod.start_launcher()
    wait_until_ready(pod)
    assert pod.main is not None
    (child,) = psutil.Process(pod.main.pid).children()
    pod.main.kill()

    end = pod.end()

    record = pod.record()
    assert (end.exit_code, end.launcher_code) == (-9, 0)
    assert record is not None
    assert record.failure is not None
    assert record.failure.reason is Reason.COMMAND_KILLED
    assert "the container was killed as a whole" in record.failure.message
    assert pod.stored_log() == b"ready\n"
    wait_until(lambda: not alive(child.pid))


def test_a_stop_that_comes_when_main_is_gone_is_not_the_cause(pod: Pod) -> None:
    """Argo tells sidecars to stop once main has ended, also where memory ran out."""
    pod.tick_ms = SHORT_TICK_MS
    pod.start_main(step_of("sh", "-c", "echo ready; exec sleep 1000"))
    pod.start_launcher()
    wait_until_ready(pod)
    assert pod.main is not None
    assert pod.launcher is not None
    pod.main.kill()
    pod.main.wait()

    pod.launcher.terminate()
    end = pod.end()

    record = pod.record()
    assert end.launcher_code == 0
    assert record is not None
    assert record.failure is not None
    assert record.state is AttemptState.FAILED
    assert record.failure.reason is Reason.COMMAND_KILLED
    assert "the container was killed as a whole" in record.failure.message


def test_a_main_that_is_killed_after_it_was_told_to_stop_is_canceled(pod: Pod) -> None:
    pod.tick_ms, pod.grace_ticks = SHORT_TICK_MS, 1000
    pod.start_main(step_of("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"))
    pod.start_launcher()
    wait_until_ready(pod)
    assert pod.main is not None
    assert pod.launcher is not None
    pod.main.terminate()
    pod.launcher.terminate()
    time.sleep(3)

    pod.main.kill()
    end = pod.end()

    record = pod.record()
    assert end.launcher_code == 0
    assert record is not None
    assert record.state is AttemptState.CANCELED


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_killed_when_nothing_hangs_and_records_are_true(
    make_pod: MakePod, seed: int
) -> None:
    """One of the two containers is killed at a random moment; then the pod is run again."""
    chance = random.Random(seed)
    script = "echo 1 > n; mkdir -p model; i=0; while [ $i -lt 40 ]; do echo $i > model/$i; "
    script += "i=$((i+1)); done; sleep 0.05"
    first = make_pod("first", tick_ms=100)
    step = with_outputs(first, step_of("sh", "-c", f"cd {first.volume}/outputs; {script}"))
    first.start_main(step)
    first.start_launcher()
    assert first.main is not None
    assert first.launcher is not None
    time.sleep(chance.uniform(0, 0.4))
    chance.choice([first.main, first.launcher]).kill()
    end = first.end()
    success = first.record("success")
    if success is not None:
        assert success.outputs.parameters == {"n": 1}
        assert stored_files(first) == 40
    elif end.exit_code == 0:
        pytest.fail("main ended well without a success record")

    second = make_pod("first", tick_ms=SHORT_TICK_MS)
    for path in ("exchange/exit", "exchange/exec-alive", "published/verdict"):
        (first.own / path).unlink(missing_ok=True)
    (first.published / "launcher-alive").unlink(missing_ok=True)
    end = second.run(step)

    record = second.record("success")
    assert end.exit_code == 0
    assert record is not None
    assert record.outputs.parameters == {"n": 1}
    assert stored_files(second) == 40

"""Real processes: output, signals, descendants, deadlines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from argosy_engine.pods.processes import Command, CommandResult, Interruption, run_command
from argosy_engine.pods.stop import StopSignal
from argosy_engine.pods.watchdog import Watchdog
from argosy_schemas.formats.records import Failure, Reason

STOPPED = Failure(reason=Reason.CANCELED, message="the run was stopped")


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    with Watchdog() as watchdog:
        yield watchdog


@pytest.fixture
def stop() -> StopSignal:
    return StopSignal()


class Shell:
    """Runs scripts in a directory of their own."""

    def __init__(self, directory: Path, watchdog: Watchdog, stop: StopSignal) -> None:
        self.directory = directory
        self.log = directory / "log"
        self.seen = b""
        self.on_output: Callable[[], None] = lambda: None
        """Called when the command has printed something."""
        self._watchdog = watchdog
        self._stop = stop

    def run(
        self,
        script: str,
        *,
        deadline: timedelta | None = None,
        grace: timedelta = timedelta(seconds=5),
    ) -> CommandResult:
        return self.run_command(
            Command(
                argv=("sh", "-c", script),
                environment={"PATH": os.environ["PATH"]},
                directory=self.directory,
                log=self.log,
                deadline=deadline,
                grace=grace,
            )
        )

    def run_argv(self, *argv: str, environment: dict[str, str]) -> CommandResult:
        return self.run_command(
            Command(argv=argv, environment=environment, directory=self.directory, log=self.log)
        )

    def run_command(self, command: Command) -> CommandResult:
        return run_command(command, watchdog=self._watchdog, stop=self._stop, write=self._write)

    def _write(self, data: bytes) -> None:
        self.seen += data
        self.on_output()


@pytest.fixture
def shell(tmp_path: Path, watchdog: Watchdog, stop: StopSignal) -> Shell:
    return Shell(tmp_path, watchdog, stop)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < until, f"{pid} is still alive"
        time.sleep(0.01)


def test_output_goes_to_the_log_and_to_the_listener(shell: Shell) -> None:
    ended = shell.run("echo out; echo err >&2; printf 'no end'")

    assert ended == CommandResult(exit_code=0)
    assert shell.seen == b"out\nerr\nno end"
    assert shell.log.read_bytes() == shell.seen


def test_a_command_may_reopen_its_output(shell: Shell) -> None:
    shell.run("echo one; echo two > /dev/stderr; echo three > /dev/stdout")

    assert shell.log.read_bytes() == b"one\ntwo\nthree\n"


def test_an_exit_code_is_kept(shell: Shell) -> None:
    assert shell.run("exit 37") == CommandResult(exit_code=37)


def test_a_signal_is_told_as_a_negative_exit_code(shell: Shell) -> None:
    assert shell.run("kill -9 $$") == CommandResult(exit_code=-signal.SIGKILL)


def test_any_bytes_pass(shell: Shell) -> None:
    shell.run(r"printf '\000\377\033[31m'")

    assert shell.log.read_bytes() == b"\x00\xff\x1b[31m"


def test_huge_output_passes_in_bounded_memory(shell: Shell) -> None:
    before = psutil.Process().memory_info().rss

    shell.seen = b""
    ended = run_into_nothing(shell, "head -c 300000000 /dev/zero")

    assert ended == CommandResult(exit_code=0)
    assert shell.log.stat().st_size == 300_000_000
    assert psutil.Process().memory_info().rss - before < 50_000_000


def run_into_nothing(shell: Shell, script: str) -> CommandResult:
    shell._write = lambda data: None  # type: ignore[method-assign]  # nobody listens
    return shell.run(script)


ENVIRONMENT = {
    "ONE": "1",
    "AWS_SECRET_ACCESS_KEY": "a secret\n$(id)",
    "with.dot-and-dash": "a b",
    "PATH": "/usr/bin",
    "PWD": "/nowhere",
    "SHLVL": "7",
    "PS1": "$ ",
    "UID": "3",
    "IFS": "x",
    "EMPTY": "",
}
PRINTED = sorted("\n".join(f"{name}={value}" for name, value in ENVIRONMENT.items()).split("\n"))


@pytest.mark.parametrize("name", ["TOKEN", "PS1", "PWD", "LD_LIBRARY_PATH", "a.secret"])
def test_no_variable_is_an_argument_of_a_process(name: str) -> None:
    """Everybody on the machine may read those."""
    with Watchdog() as watchdog:
        argv, environment = watchdog.wrap_command(["true"], {name: "s3cret", "PATH": "/bin"})

    assert "s3cret" not in " ".join(argv)
    assert "s3cret" in " ".join(environment.values())


def test_the_environment_is_the_given_one_alone(shell: Shell) -> None:
    ended = shell.run_argv("/usr/bin/env", environment=ENVIRONMENT)

    assert ended == CommandResult(exit_code=0)
    assert sorted(shell.log.read_text().splitlines()) == PRINTED


@pytest.mark.parametrize("also", [{}, {"a.b": "c"}])
def test_a_command_starts_like_one_of_a_shell_whatever_its_variables(
    also: dict[str, str], shell: Shell
) -> None:
    directory = shell.directory / "bin"
    directory.mkdir()
    script = directory / "no-interpreter"
    script.write_text("echo ran $0 $1\n")
    script.chmod(0o755)
    environment = {"PATH": f"/nowhere:{directory}:/usr/bin", **also}

    found = shell.run_argv(script.name, "x", environment=environment)
    missing = shell.run_argv("no-such-program", environment=environment)
    refused = shell.run_argv("/etc", environment=environment)
    broken = shell.run_argv("sh", "-c", "kill -s PIPE $$", environment=environment)

    assert shell.log.read_text().splitlines()[0] == f"ran {script} x"
    codes = [each.exit_code for each in (found, missing, refused, broken)]
    assert codes == [0, 127, 126, -signal.SIGPIPE]


def test_a_command_whose_path_reads_like_a_variable_runs(shell: Shell) -> None:
    script = shell.directory / "run=3" / "job=a.sh"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho ran $1; exit 7\n")
    script.chmod(0o755)

    by_path = shell.run_argv(str(script), "x=y", environment={"PATH": "/usr/bin"})
    by_name = shell.run_argv(script.name, "x=z", environment={"PATH": str(script.parent)})

    assert (by_path, by_name) == (CommandResult(exit_code=7), CommandResult(exit_code=7))
    assert shell.log.read_text() == "ran x=y\nran x=z\n"


def test_a_command_whose_path_reads_like_a_variable_gets_the_given_environment_alone(
    shell: Shell,
) -> None:
    command = shell.directory / "same=env"
    command.symlink_to("/usr/bin/env")

    ended = shell.run_argv(str(command), environment=ENVIRONMENT)

    assert ended == CommandResult(exit_code=0)
    assert sorted(shell.log.read_text().splitlines()) == PRINTED


def test_standard_input_is_empty(shell: Shell) -> None:
    shell.run("cat; echo end")

    assert shell.log.read_text() == "end\n"


def test_children_that_keep_the_output_open_end_with_the_command(shell: Shell) -> None:
    started = time.monotonic()

    ended = shell.run("sleep 60 & echo $!")

    assert ended == CommandResult(exit_code=0)
    assert time.monotonic() - started < 45
    wait_until_gone(int(shell.seen))


def test_a_child_that_left_the_group_does_not_hold_up_the_end(shell: Shell) -> None:
    started = time.monotonic()

    shell.run(
        f"{sys.executable} -c 'import os, time; os.setsid(); print(os.getpid(), flush=True); "
        'open("left", "w").close(); time.sleep(300)\' & '
        "until [ -e left ]; do sleep 0.05; done"
    )

    assert time.monotonic() - started < 100
    os.kill(int(shell.seen), signal.SIGKILL)


def test_a_command_that_closes_its_output_is_waited_for(shell: Shell) -> None:
    ended = shell.run("exec >&- 2>&-; sleep 0.3; exit 5")

    assert ended == CommandResult(exit_code=5)


def test_a_deadline_ends_a_command(shell: Shell) -> None:
    started = time.monotonic()

    ended = shell.run("sleep 60", deadline=timedelta(seconds=0.3))

    assert ended.interruption is Interruption.DEADLINE
    assert time.monotonic() - started < 45


def test_a_command_that_ignores_sigterm_is_killed_after_its_grace(shell: Shell) -> None:
    started = time.monotonic()

    ended = shell.run(
        "trap '' TERM; echo up; while :; do sleep 0.1; done",
        deadline=timedelta(seconds=3),
        grace=timedelta(seconds=0.5),
    )

    assert ended == CommandResult(exit_code=-signal.SIGKILL, interruption=Interruption.DEADLINE)
    assert 3.5 <= time.monotonic() - started < 60


def test_a_stop_lets_a_command_clean_up(shell: Shell, stop: StopSignal) -> None:
    def stop_once() -> None:
        if not stop.is_set:
            stop.set(STOPPED)

    shell.on_output = stop_once

    ended = shell.run(
        "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done",
        grace=timedelta(seconds=60),
    )

    assert ended == CommandResult(exit_code=3, interruption=Interruption.STOPPED)
    assert shell.seen.startswith(b"up\n")
    assert shell.seen.endswith(b"bye\n")


def test_a_second_stop_does_not_wait_for_the_grace(shell: Shell, stop: StopSignal) -> None:
    def stop_twice() -> None:
        stop.set(STOPPED)
        threading.Timer(0.3, stop.set, [STOPPED]).start()

    shell.on_output = stop_twice
    started = time.monotonic()
    script = "trap '' TERM; echo up; while :; do sleep 0.05; done"

    ended = shell.run(script, grace=timedelta(seconds=60))

    assert ended == CommandResult(exit_code=-signal.SIGKILL, interruption=Interruption.STOPPED)
    assert time.monotonic() - started < 45


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process whose group was that of a command once."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def test_a_group_that_was_forgotten_is_not_killed_at_the_end(
    stranger: subprocess.Popen[bytes],
) -> None:
    with Watchdog() as watchdog:
        os.write(watchdog.descriptor, f"+ {stranger.pid}\n".encode())
        # As of a command that was ended before it had announced itself.
        watchdog.forget(2**22 + 1)
        watchdog.forget(stranger.pid)

    with pytest.raises(subprocess.TimeoutExpired):
        stranger.wait(0.2)


def test_a_group_that_was_not_forgotten_is_killed_at_the_end(
    stranger: subprocess.Popen[bytes],
) -> None:
    with Watchdog() as watchdog:
        os.write(watchdog.descriptor, f"+ {stranger.pid}\n".encode())
        watchdog.forget(2**22 + 1)

    assert stranger.wait(10) == -signal.SIGKILL


ORPHANING = """
import os, sys
from pathlib import Path
from argosy_engine.pods.processes import Command, run_command
from argosy_engine.pods.stop import StopSignal
from argosy_engine.pods.watchdog import Watchdog

directory = Path(sys.argv[1])
run_command(
    Command(
        argv=("sh", "-c", "echo $$ > pid; sleep 300 & sleep 300"),
        environment={"PATH": os.environ["PATH"]},
        directory=directory,
        log=directory / "log",
    ),
    watchdog=Watchdog(),
    stop=StopSignal(),
    write=lambda data: None,
)
"""


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.02, 0.1, 0.5])
def test_no_process_survives_an_engine_that_is_killed(tmp_path: Path, delay: float) -> None:
    engine = subprocess.Popen([sys.executable, "-c", ORPHANING, str(tmp_path)])
    wait_for_children(engine.pid)

    time.sleep(delay)
    family = psutil.Process(engine.pid).children(recursive=True)
    engine.kill()
    engine.wait()

    for process in family:
        wait_until_gone(process.pid)
    # Also one that began while the engine was being killed.
    for process in psutil.process_iter():
        if is_in(tmp_path, process):
            wait_until_gone(process.pid)


def wait_for_children(pid: int) -> None:
    """Wait until the watchdog is there: from then on a command may be."""
    until = time.monotonic() + 20
    while not psutil.Process(pid).children():
        assert time.monotonic() < until
        time.sleep(0.001)


def is_in(directory: Path, process: psutil.Process) -> bool:
    try:
        return process.cwd() == str(directory) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False

"""What the user's code can do to a launcher that reads what it wrote: fail its own task, no more.

The commands run as a user without rights, as in a pod, where the kernel keeps what is private or
published from them; the launcher has a secret in its environment.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from argosy_schemas.formats.records import AttemptState, Reason
from argosy_schemas.formats.step import OutputArtifact, OutputParameter, Step, UriMapping
from argosy_schemas.ir.model import ArtifactType, ParameterType
from argosy_schemas.names import ArtifactUri
from launcher_pods import EXEC, SHORT_TICK_MS, SYSTEM_PATH, Pod, step_of

NOBODY = 65534
SECRET = "the-secret-of-the-launcher"
NO_LAUNCHER = (
    "the launcher of this pod did not start, nothing was run or stored; see the events of the pod"
)
ENDED = {
    **{"version": 1, "started": True, "exit_code": 0, "signal": 0, "error": 0, "present": False},
    **{"stopped": 0, "leftover": 0, "out_of_memory": None},
}
"""What ``exec`` reports of a command that succeeded."""
HINT = "the file is Argosy's, let the command write to its outputs alone"


def forge(writes: str) -> str:
    """A script that has the output of another one as the report of how it ended."""
    return f"{writes} > $E/new; mv $E/new $E/exit"


UNTIL_VERDICT = "while [ ! -e $P/verdict ]; do sleep 0.05; done"
"""Before ``exec`` puts its own report in the place of a forged one."""


@pytest.fixture
def pod(linux: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pod]:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    is_root = os.getuid() == 0
    if is_root and not os.access(EXEC.parent, os.X_OK):
        pytest.skip("another user cannot reach the programs")
    # Not below pytest's own directories, which are closed to other users.
    with tempfile.TemporaryDirectory(prefix="argosy-pod-") as directory:
        Path(directory).chmod(0o711)
        made = Pod(
            directory=Path(directory),
            user=NOBODY if is_root else None,
            environment={
                "PATH": SYSTEM_PATH,
                "E": f"{directory}/argosy/exchange",
                "P": f"{directory}/argosy/published",
                "O": f"{directory}/argosy/exchange/outputs",
            },
        )
        (made.exchange / "outputs").mkdir()
        (made.exchange / "outputs").chmod(0o777)
        yield made
        made.kill()
        stored = [path for path in made.store.rglob("*") if path.is_file()]
        for path in (*stored, *made.published.iterdir(), made.exchange / "termination-log"):
            assert SECRET.encode() not in path.read_bytes(), path


def with_outputs(pod: Pod, script: str) -> Step:
    """A step of a script that may write the parameter ``$O/text`` and the artifact ``$O/model``."""
    outputs = pod.exchange / "outputs"
    return step_of(
        *("sh", "-c", script),
        executor_output_path=f"{outputs}/executor_output.json",
        output_parameters=(
            OutputParameter(name="text", type=ParameterType.STRING, path=f"{outputs}/text"),
        ),
        output_artifacts=(
            OutputArtifact(
                name="model",
                type=ArtifactType(schema_title="system.Model"),
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
    )


def fails(pod: Pod, step: Step, *words: str, seconds: float = 55) -> None:
    """Check that the task fails with one line that has ``words``, and within ``seconds``."""
    began = time.monotonic()

    end = pod.run(step)

    record = pod.record()
    assert time.monotonic() - began < seconds
    assert (end.exit_code, end.launcher_code) == (1, 0)
    assert "\n" not in end.reason
    assert "bug" not in end.reason
    assert [word for word in words if word not in end.reason] == [], end.reason
    assert pod.record("success") is None
    assert record is not None
    assert (record.state, record.failure and record.failure.reason) == (
        AttemptState.FAILED,
        Reason.INVALID_OUTPUT,
    )


@pytest.mark.parametrize(
    "script",
    [
        "ln -s /proc/self/environ $E/log.1",
        "mv $E/log $E/old; ln -s /proc/self/environ $E/log",
        "mkfifo $E/log.1 $E/log.2",
        "mkdir $E/log.1",
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i > $E/log.$i; done",
        "ln -s /etc/passwd $E/exit.tmp; ln -s $E/nowhere $E/answer.tmp",
        "mkfifo $E/exit.tmp",
        "rm $E/exec-alive; ln -s /proc/self/environ $E/exec-alive",
        "rm $E/exec-alive; mkfifo $E/exec-alive",
        "ln -s /proc/self/environ $E/copies",
        "truncate -s 1T $E/log.1 2> /dev/null || truncate -s 1G $E/log.1",
    ],
)
def test_what_stands_in_place_of_the_files_of_exec_changes_nothing(pod: Pod, script: str) -> None:
    end = pod.run(step_of("sh", "-c", f"{script}; echo done"))

    assert (end.exit_code, end.reason, end.stdout) == (0, "", b"done\n")
    assert pod.record("success") is not None


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("ln -s /proc/self/environ $E/exit", "/exit' leads through the link 'exit'"),
        ("mkfifo $E/exit", "/exit' is a pipe, not a file"),
        (
            "truncate -s 1G $E/big && mv $E/big $E/exit",
            "/exit' has 1073741824 bytes, and at most 4096 are read",
        ),
        (forge("printf '[%.0s' $(seq 3000)"), "/exit' is not the JSON that 'exec' writes"),
        (forge("echo '{\"version\":1}'"), "/exit' is not a report that 'exec' writes"),
        (forge("echo 7"), "/exit' is not a report that 'exec' writes"),
        *(
            (forge(f"echo '{json.dumps({**ENDED, name: value})}'"), f"a value for '{name}'")
            for name, value in {
                "exit_code": 10**30,
                "signal": -1,
                "stopped": 64,
                "started": "yes",
                "leftover": True,
                "out_of_memory": 1,
            }.items()
        ),
    ],
)
def test_a_report_that_exec_does_not_write_fails_the_task(
    pod: Pod, script: str, problem: str
) -> None:
    fails(pod, step_of("sh", "-c", f"{script}; {UNTIL_VERDICT}"), problem, HINT)


def test_a_directory_in_place_of_the_report_ends_the_pod(pod: Pod) -> None:
    began = time.monotonic()

    end = pod.run(step_of("sh", "-c", "mkdir $E/exit; sleep 0.5"))

    assert time.monotonic() - began < 20
    assert (end.exit_code, end.launcher_code) == (1, 0)
    assert end.reason.startswith("nothing was stored: Argosy cannot write to '/argosy/exchange'; ")
    assert pod.record("success") is None


def test_an_answer_that_was_there_before_the_request_is_not_taken(pod: Pod) -> None:
    """The command reports its own end and goes on, so that ``exec`` does not answer."""
    script = (
        "mkdir $E/copies; ln -s /proc/self/environ $E/copies/1; echo x > $O/text; "
        "printf 'none\\0file\\0' > $E/answer-1; "
        'echo \'{"artifacts":{"model":{"artifacts":[{"custom_path":"/etc/hostname"}]}}}\' '
        "> $O/executor_output.json; " + forge(f"echo '{json.dumps(ENDED)}'") + f"; {UNTIL_VERDICT}"
    )

    fails(pod, with_outputs(pod, script), "/answer-1' does not belong to its request", HINT)


def test_an_answer_of_the_command_leads_the_launcher_nowhere(pod: Pod) -> None:
    """It reports its own end, and answers in place of ``exec`` with the nonce of the request."""
    script = (
        "mkdir $E/copies; ln -s /proc/self/environ $E/copies/1; ln -s /etc/hostname $O/text; "
        + forge(f"echo '{json.dumps(ENDED)}'")
        + "; "
        "while [ ! -e $P/request-1 ]; do sleep 0.01; done; "
        "printf '%s\\0file\\0' $(head -c 32 $P/request-1) > $E/new; mv $E/new $E/answer-1; "
        + UNTIL_VERDICT
    )

    fails(pod, with_outputs(pod, script), "output parameter 'text'", "leads through the link '1'")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("mkfifo $O/text", "is a pipe, not a file"),
        ("mkdir $O/text", "is a directory, not a file"),
        ("truncate -s 1G $O/text", "has 1073741824 bytes, and at most 4194304 are read"),
        ("truncate -s 1G $O/executor_output.json", "and at most 4194304 are read"),
        ("mkfifo $O/executor_output.json", "executor output: '"),
        ("echo x > $O/text; mkfifo $O/model", "/model': is a pipe"),
        ("echo x > $O/text; mkdir $O/model; mkfifo $O/model/p", "/model/p': is a pipe"),
        ("echo x > $O/text; mkdir $O/model; ln -s /none/x $O/model/l; ln -s l $O/model/m", ""),
        ("echo x > $O/text; truncate -s 6T $O/model || mkfifo $O/model", "/model'"),
    ],
)
def test_outputs_that_are_no_data_fail_the_task(pod: Pod, script: str, problem: str) -> None:
    step = with_outputs(pod, script)
    if not problem:
        # Links to nothing are left out of the copy that 'exec' makes.
        assert pod.run(step).reason == ""
        return
    fails(pod, step, problem)


def test_outputs_of_links_are_those_that_the_user_may_read(pod: Pod) -> None:
    (pod.private / "key").write_text(SECRET)
    script = f"echo x > $O/text; mkdir $O/model; ln -s {pod.private}/key $O/model/l"
    if os.getuid() != 0:
        pytest.skip("the command runs as this user")

    fails(pod, with_outputs(pod, script), "cannot be read (errno 13)")


@pytest.mark.parametrize("uri", ["file://{outputs}/../../../x", "file://{store}/runs/run-2/x"])
def test_nothing_is_stored_at_a_uri_outside_of_the_attempt(pod: Pod, uri: str) -> None:
    outputs = pod.exchange / "outputs"
    reported = uri.format(outputs=outputs, store=pod.store)
    report = json.dumps({"artifacts": {"model": {"artifacts": [{"uri": reported}]}}})
    script = f"echo w > $O/x; echo w > $O/model; echo '{report}' > $O/executor_output.json"

    pod.run(with_outputs(pod, f"{script}; echo t > $O/text"))

    stored = {path.relative_to(pod.store).parts[:2] for path in pod.store.rglob("*.*")}
    assert stored == {("runs", "run-1")}


def test_a_command_cannot_reach_what_is_private_or_published(pod: Pod) -> None:
    if os.getuid() != 0:
        pytest.skip("the command runs as this user")
    script = "ls $P/../private; echo 0 > $P/verdict; rm -f $P/argv; ls $P >&2; exit 3"

    end = pod.run(step_of("sh", "-c", script))

    assert (end.exit_code, end.stdout) == (3, b"")
    assert b"argv" in end.stderr


def test_a_command_that_kills_exec_has_no_success(pod: Pod) -> None:
    """Its orphans beat in the place of ``exec``; they end with the container."""
    pod.tick_ms = SHORT_TICK_MS
    script = (
        "(while :; do touch $E/exec-alive; sleep 0.01; done) > /dev/null 2>&1 & loop=$!; "
        "(sleep 1; kill $loop) > /dev/null 2>&1 & echo x > $O/text; kill -9 $PPID"
    )
    pod.start_main(with_outputs(pod, script))
    pod.start_launcher()

    end = pod.end()

    record = pod.record()
    assert (end.exit_code, end.launcher_code) == (-9, 0)
    assert record is not None
    assert record.failure is not None
    assert record.failure.reason is Reason.COMMAND_KILLED


def test_the_command_waits_until_the_launcher_runs(pod: Pod) -> None:
    """Before that it could replace the program by which Argo starts the launcher's container."""
    pod.start_main(step_of("sh", "-c", "ls $P; echo ran"))
    time.sleep(0.3)
    assert not (pod.exchange / "log").exists()

    pod.start_launcher()
    end = pod.end()

    assert (end.exit_code, end.reason) == (0, "")
    assert end.stdout.endswith(b"ran\n")
    assert b"launcher-alive" in end.stdout


def test_a_command_without_a_launcher_is_not_run(pod: Pod) -> None:
    """A minute of the protocol: Kubernetes starts it right after main, and has its image."""
    pod.tick_ms = 20
    began = time.monotonic()
    pod.start_main(step_of("sh", "-c", "echo ran"))

    end = pod.end()
    passed = time.monotonic() - began

    assert (end.exit_code, end.stdout) == (1, b"")
    assert end.reason == NO_LAUNCHER
    assert passed >= 60 * 0.02


def test_a_launcher_may_start_late_where_main_did(pod: Pod) -> None:
    pod.tick_ms = 50
    exec_file = pod.published / "exec"
    exec_file.touch()
    written_at = time.time() - 4
    os.utime(exec_file, (written_at, written_at))
    pod.start_main(step_of("sh", "-c", "echo ran"))
    time.sleep(61 * 0.05 + 0.5)

    pod.start_launcher()
    end = pod.end()

    assert (end.exit_code, end.stdout) == (0, b"ran\n")


def test_a_task_that_was_done_before_ends_without_a_launcher_too(pod: Pod) -> None:
    pod.tick_ms = 5
    pod.start_main(step_of())

    end = pod.end()

    assert (end.exit_code, end.reason) == (1, NO_LAUNCHER)


def test_a_launcher_that_starts_too_late_ends(pod: Pod) -> None:
    pod.tick_ms = 5
    pod.start_main(step_of("sh", "-c", "echo ran"))
    assert pod.main is not None
    pod.main.wait(timeout=20)

    pod.start_launcher()
    end = pod.end()

    assert (end.exit_code, end.stdout, end.launcher_code) == (1, b"", 0)
    assert end.reason == NO_LAUNCHER

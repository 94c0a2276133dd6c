"""Streams that are closed, full, or read by nobody."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from cli_processes import ARGOSY, shell_pipeline

NEEDS_FULL = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only Linux has a device that is always full"
)


def shell(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``script``, in which ``argosy`` is the command."""
    return subprocess.run(
        ["sh", "-c", f'argosy() {{ "{ARGOSY}" "$@"; }}; {script}'],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    (tmp_path / "p.json").write_text(
        shell_pipeline("hello", {"say": 'echo spoken; printf hi > "$0"'})
    )
    return "p.json"


@pytest.mark.parametrize("stderr", ["2>&-", pytest.param("2>/dev/full", marks=NEEDS_FULL)])
def test_a_run_whose_talk_nobody_can_read_still_tells_its_result(
    stderr: str, pipeline: str, tmp_path: Path
) -> None:
    ended = shell(f"argosy run {pipeline} --output json {stderr}", tmp_path)

    assert ended.returncode == 0
    assert json.loads(ended.stdout)["state"] == "SUCCEEDED"


def test_the_end_of_a_reader_of_the_talk_does_not_end_the_run(
    pipeline: str, tmp_path: Path
) -> None:
    ended = shell(
        f"{{ argosy run {pipeline} --output json 2>&1 >result; echo $? >status; }} | true; "
        "until test -s status; do sleep 0.1; done",
        tmp_path,
    )

    assert ended.stdout == ""
    assert (tmp_path / "status").read_text() == "0\n"
    assert json.loads((tmp_path / "result").read_text())["state"] == "SUCCEEDED"


@NEEDS_FULL
@pytest.mark.parametrize(
    "command", ["run p.json --output json --quiet", "version", "compile p.json"]
)
def test_a_result_that_cannot_be_written_is_one_error(
    command: str, pipeline: str, tmp_path: Path
) -> None:
    ended = shell(f"argosy {command} >/dev/full", tmp_path)

    assert ended.returncode == 1
    assert [line for line in ended.stderr.splitlines() if not line[:1].isdigit()] == [
        "error: cannot read or write a file: No space left on device; --debug shows the traceback"
    ]


def test_a_closed_standard_input_holds_no_pipeline(tmp_path: Path) -> None:
    ended = shell("argosy run - <&-", tmp_path)

    assert ended.returncode == 2
    assert ended.stderr == ("error: <stdin>: The file holds nothing; compile the pipeline again\n")


def test_without_a_command_the_help_is_shown_as_it_is(tmp_path: Path) -> None:
    ended = shell("argosy", tmp_path)

    assert ended.returncode == 2
    assert ended.stderr.startswith("Usage: argosy [OPTIONS] COMMAND [ARGS]...\n")
    assert "error: " not in ended.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_the_json_of_a_run_is_true_in_every_encoding_of_the_output(
    encoding: str, tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(
        shell_pipeline("hello", {"say": 'printf "日本 🎉" > "$0"'}), encoding="utf-8"
    )

    ended = subprocess.run(
        [ARGOSY, "run", "p.json", "--output", "json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=240,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    (task,) = json.loads(ended.stdout.decode(encoding))["tasks"]
    assert task["outputs"]["parameters"] == {"text": "日本 🎉"}


def test_a_home_whose_path_is_no_text_is_refused(pipeline: str, tmp_path: Path) -> None:
    ended = shell(f"argosy run {pipeline} --home $(printf 'h\\377') --output json", tmp_path)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"error: --home: '{tmp_path}/h\\udcff' is not UTF-8; choose another directory\n"
    )


def test_lines_for_a_pipe_are_plain_text_whatever_tasks_write(tmp_path: Path) -> None:
    script = r"""printf '10%%\r50%%\r\033[32mdone\033[0m\033]0;title\007\033[K\n'
        printf 'rows\there\b\n'; printf '\033[31mbroken\033[0m\n' >&2; exit 3"""
    (tmp_path / "p.json").write_text(shell_pipeline("colours", {"say": script}))

    ended = shell("argosy run p.json", tmp_path)

    lines = ended.stderr.splitlines()
    assert [line for line in lines if line.startswith("say |")] == [
        "say | done",
        "say | rows\there",
        "say | broken",
    ]
    assert "\x1b" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(r"\033]8;;http://x.org\033\\click\033]8;;\033\\ done", id="a link"),
        pytest.param(r"\033]8;;http://x.org\007click\033]8;;\007 done", id="a link ended by BEL"),
        pytest.param(r"\033P1;2|00ff\033\\click done", id="a control string of the device"),
        pytest.param(r"\033Xtext\033\\click\033^text\033\\ done", id="a string and a message"),
        pytest.param(r"click\033_Ga=T;AAAA\033\\ done", id="a command of an application"),
        pytest.param(r"\033(B\033[mclick \033Pdone", id="a string without an end"),
    ],
)
def test_sequences_of_a_terminal_leave_nothing_behind(written: str, tmp_path: Path) -> None:
    script = f"printf '{written}\\n'; printf '{written}\\n'; exit 3"
    (tmp_path / "p.json").write_text(shell_pipeline("links", {"say": script}))

    ended = shell("argosy run p.json", tmp_path)

    lines = ended.stderr.splitlines()
    assert [line for line in lines if line.startswith("say |")] == ["say | click done"] * 2
    assert "click done" in ended.stdout

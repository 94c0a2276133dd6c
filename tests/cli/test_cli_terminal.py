"""What a person sees on a terminal."""

import os
import pty
import re
import subprocess
from pathlib import Path

from cli_processes import ARGOSY, broken_groups, shell_pipeline

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def on_a_terminal(*words: str, cwd: Path, columns: int = 100, lines: int = 30) -> tuple[int, str]:
    """Run a command with a terminal as its streams; return its status and the plain text."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [ARGOSY, *words],
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": f"{columns}", "LINES": f"{lines}"},
        close_fds=True,
    )
    os.close(theirs)
    read = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # what Linux says when the other side is closed
            break
        if not piece:
            break
        read += piece
    os.close(ours)
    return process.wait(), CONTROL.sub("", read.decode())


def test_a_run_is_drawn_live_and_ends_with_its_summary(tmp_path: Path) -> None:
    scripts = {"good": 'echo spoken; sleep 3; printf "" > "$0"', "bad": "exit 3"}
    (tmp_path / "pipeline.json").write_text(shell_pipeline("drawn", scripts))

    status, text = on_a_terminal("run", "pipeline.json", cwd=tmp_path)

    assert status == 1
    assert "good │ spoken" in text
    assert re.search(r"● good  \d+\.\ds", text)
    assert "✔ good" in text
    assert re.search(r"✖ bad  \d+\.\ds  failed  the command ended with exit code 3", text)
    assert "FAILED in" in text


def test_a_group_that_fails_by_itself_is_drawn_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "pipeline.json").write_text(broken_groups())

    status, text = on_a_terminal("run", "pipeline.json", "-q", "-p", "word=", cwd=tmp_path)

    assert status == 1
    assert "✖ condition-1  failed  condition: int() cannot read ''" in text
    assert "✖ outer " not in text
    assert "importer: the URI to import is empty" in text


def test_colours_of_a_task_stay_in_its_line(tmp_path: Path) -> None:
    scripts = {"red": r"""printf '\033[31mred text\033[0m\n'; printf x > "$0" """}
    (tmp_path / "pipeline.json").write_text(shell_pipeline("coloured", scripts))

    status, text = on_a_terminal("run", "pipeline.json", cwd=tmp_path)

    assert status == 0
    assert "red │ red text" in text


def test_a_small_window_has_a_line_for_each_task_and_the_counts(tmp_path: Path) -> None:
    names = [f"a-task-with-a-name-as-long-as-the-window-is-wide-or-so-{n:02d}" for n in range(14)]
    # Each waits for the others, so that all are seen at once.
    meet = f"until [ $(ls {tmp_path} | grep -c ^up-) -ge 14 ]; do sleep 0.1; done"
    scripts = {
        name: f'touch {tmp_path}/up-{n}; {meet}; sleep 3; printf "" > "$0"'
        for n, name in enumerate(names)
    }
    (tmp_path / "pipeline.json").write_text(shell_pipeline("a-rather-long-name", scripts))

    status, text = on_a_terminal(
        *("run", "pipeline.json", "-j", "14"), cwd=tmp_path, columns=50, lines=10
    )

    assert status == 0
    rows = re.findall(r"^● a-task.*", text.partition("✔")[0], re.M)
    assert [row for row in rows if len(row) > 50] == []
    assert any(re.fullmatch(r"● a-task-.*….*-so-13  \d+\.\ds", row) for row in rows)
    assert "● 14" in text

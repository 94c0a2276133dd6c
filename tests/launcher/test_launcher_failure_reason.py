"""The reason for a failure, as it is found in what the command printed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from argosy_launcher.endings.failure_reason import find_failure_reason


def reason_in(tmp_path: Path, data: bytes) -> str:
    (tmp_path / "log").write_bytes(data)
    return find_failure_reason(tmp_path / "log")


def reason_of_python(tmp_path: Path, program: str) -> str:
    """Run a program, which fails, and return the reason that is found."""
    (tmp_path / "program.py").write_text(program)
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-u", "program.py"]
        subprocess.run(command, stdout=log, stderr=log, cwd=tmp_path, check=False)
    return find_failure_reason(tmp_path / "log")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", ""),
        (b"\n \r\n", ""),
        (b"one\rtwo\r", "two"),
        (b"\x1b[31merror:\x1b[0m\tbad \x07thing\x1b]0;title\x07\n", "error: bad thing"),
        (b"\x1b]8;;http://x.org\x1b\\click\x1b]8;;\x1b\\\x1b(B\x1b[m now\n", "click now"),
        (b"\x1bP1|00ff\x1b\\\x1b_Ga=T;AA\x1b\\after images\n", "after images"),
        (b"\x1b]0;a title without an end\nfatal: full\n", "fatal: full"),
        (b"\xff\xfe\x00x\n", "\ufffd\ufffd x"),
        (b'{\n  "error": "full"\n}\n', '"error": "full"'),
        (b"fatal: full\n42\n====\n", "fatal: full"),
        (b"Downloading:\n  one.whl\n  disk full\n", "disk full"),
        ("Fehler: \u00fcber\n\u2500\u2500\u2500\n".encode(), "Fehler: \u00fcber"),
        (b"}\n42\n", ""),
        (b"x" * 400, f"{'x' * 300}…"),
        (b"y" * 100_000 + b"\nlast", "last"),
    ],
)
def test_the_last_line_with_a_letter_is_the_reason_and_safe_to_print(
    tmp_path: Path, data: bytes, line: str
) -> None:
    assert reason_in(tmp_path, data) == line


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"ValueError: {\n  a: 1\n}\n", "ValueError: { a: 1 }"),
        (
            b"starting\nException: none\njava.io.IOException: disk full\n\tat a.B.c(B.java:5)\n",
            "java.io.IOException: disk full at a.B.c(B.java:5)",
        ),
        (b"Error: one\n  detail\nthen: something else\n", "then: something else"),
    ],
    ids=["object", "stack", "not the end"],
)
def test_an_error_at_the_end_is_the_reason_with_the_indented_lines_below_it(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    assert reason_in(tmp_path, data) == reason


def test_a_log_that_is_gone_has_no_reason(tmp_path: Path) -> None:
    assert find_failure_reason(tmp_path / "none") == ""
    assert find_failure_reason(None) == ""


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        pytest.param("raise ValueError", "ValueError", id="no message"),
        pytest.param("raise ValueError('bad')", "ValueError: bad", id="one line"),
        pytest.param(
            "raise ValueError('two columns:\\n  a: missing\\n\\nb: twice')",
            "ValueError: two columns: a: missing b: twice",
            id="several lines",
        ),
        pytest.param("raise ValueError('\\nlate')", "ValueError: late", id="an empty first line"),
        pytest.param(
            "class E(Exception): ...\ndef f():\n    class F(E): ...\n    raise F('x')\nf()",
            "f.<locals>.F: x",
            id="a class of its own",
        ),
        pytest.param(
            "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('second\\nline')",
            "ValueError: second line",
            id="while another was handled",
        ),
        pytest.param(
            "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('b') from e",
            "ValueError: b",
            id="caused by another",
        ),
        pytest.param(
            "e = ValueError('bad')\ne.add_note('see\\nthe manual')\nraise e",
            "ValueError: bad see the manual",
            id="notes",
        ),
        pytest.param(
            "def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded", id="deep"
        ),
        pytest.param("exec('a b')", "SyntaxError: invalid syntax", id="syntax of another file"),
        pytest.param("a b", "SyntaxError: invalid syntax", id="syntax"),
        pytest.param(
            "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n"
            "    traceback.print_exc()\nraise SystemExit('gave up')",
            "ZeroDivisionError: division by zero gave up",
            id="an exit after a traceback",
        ),
        pytest.param(
            "print('45 %', end='\\r')\nprint('46 %', end='')\nraise ValueError('bad\\nworse')",
            "ValueError: bad worse",
            id="behind a progress bar",
        ),
    ],
)
def test_the_message_of_the_last_traceback_is_the_reason(
    program: str, expected: str, tmp_path: Path
) -> None:
    found = reason_of_python(tmp_path, program)

    assert "\n" not in found
    # Some releases of Python write the module.
    assert found.removeprefix("__main__.").startswith(expected)


def test_a_group_of_exceptions_is_told_by_its_last_one(tmp_path: Path) -> None:
    program = "raise ExceptionGroup('many', [ValueError('a'), TypeError('c')])"

    assert reason_of_python(tmp_path, program) == "| TypeError: c"


def test_a_long_message_is_cut_with_a_sign(tmp_path: Path) -> None:
    data = b"Traceback (most recent call last):\n  File x\nValueError: " + b"x" * 400

    assert reason_in(tmp_path, data) == f"ValueError: {'x' * 288}\u2026"


def test_a_traceback_that_was_cut_off_is_told_by_its_last_line(tmp_path: Path) -> None:
    data = b"Traceback (most recent call last):\n  File 'x', line 1\n    run()\n"

    assert reason_in(tmp_path, data) == "run()"


def test_a_traceback_may_be_long(tmp_path: Path) -> None:
    frames = b"  File '/a/rather/long/path/of/a/library.py', line 1, in f\n    f()\n" * 500
    data = b"Traceback (most recent call last):\n" + frames + b"ValueError: two\nlines\n"

    assert reason_in(tmp_path, data) == "ValueError: two lines"

"""What is told of what a command printed last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from argosy_launcher.last_words import last_words


def words(tmp_path: Path, data: bytes) -> str:
    (tmp_path / "log").write_bytes(data)
    return last_words(tmp_path / "log")


def words_of_python(tmp_path: Path, program: str) -> str:
    """Run a program, which fails, and return what is told of it."""
    (tmp_path / "program.py").write_text(program)
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-u", "program.py"]
        subprocess.run(command, stdout=log, stderr=log, cwd=tmp_path, check=False)
    return last_words(tmp_path / "log")


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
        (b"x" * 400, f"{'x' * 300}…"),
        (b"y" * 100_000 + b"\nlast", "last"),
    ],
)
def test_the_last_line_is_safe_to_print(tmp_path: Path, data: bytes, line: str) -> None:
    assert words(tmp_path, data) == line


def test_a_log_that_is_gone_has_no_last_line(tmp_path: Path) -> None:
    assert last_words(tmp_path / "none") == ""
    assert last_words(None) == ""


@pytest.mark.parametrize(
    ("program", "told"),
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
            "raise ExceptionGroup('many', [ValueError('a\\nb'), TypeError('c')])",
            "ExceptionGroup: many (2 sub-exceptions); ValueError: a; b; TypeError: c",
            id="a group",
        ),
        pytest.param(
            "def f():\n    raise TypeError('in')\n"
            "try:\n    f()\nexcept TypeError as e:\n    inner = e\n"
            "raise ExceptionGroup('out', [ExceptionGroup('mid', [inner]), KeyError('k')])",
            "ExceptionGroup: out (2 sub-exceptions); ExceptionGroup: mid (1 sub-exception); "
            "TypeError: in; KeyError: 'k'",
            id="a group in a group",
        ),
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
def test_of_a_python_traceback_the_exception_is_told(
    program: str, told: str, tmp_path: Path
) -> None:
    found = words_of_python(tmp_path, program)

    assert "\n" not in found
    assert found.removeprefix("__main__.").startswith(told)  # which some releases of Python write


@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param(
            "class A:\n    def __del__(self): raise RuntimeError('in del')\n"
            "a = A()\nraise ValueError('real')",
            "ValueError: real",
            id="a finalizer",
        ),
        pytest.param(
            "import atexit\natexit.register(lambda: 1 / 0)\nraise ValueError('real\\nworse')",
            "ValueError: real worse",
            id="at exit",
        ),
        pytest.param(
            "import atexit\natexit.register(lambda: 1 / 0)\nraise SystemExit('fatal: full')",
            "fatal: full",
            id="at exit, below words of its own",
        ),
        pytest.param(
            "import atexit\ndef f():\n    try:\n        1 / 0\n    except ArithmeticError as e:\n"
            "        raise KeyError('k') from e\natexit.register(f)\nraise ValueError('real')",
            "ValueError: real",
            id="caused by another",
        ),
        pytest.param(
            "import atexit\n@atexit.register\ndef f():\n"
            "    raise ExceptionGroup('many', [TypeError('t'), ExceptionGroup('x', [OSError()])])\n"
            "raise ValueError('real')",
            "ValueError: real",
            id="a group",
        ),
        pytest.param(
            "import threading, time\ndef f():\n    time.sleep(0.5)\n    1 / 0\n"
            "threading.Thread(target=f).start()\nraise ValueError('real')",
            "ValueError: real",
            id="a thread",
        ),
        pytest.param(
            "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()"
            "\nraise SystemExit('no result')",
            "ZeroDivisionError: division by zero no result",
            id="a thread alone",
        ),
        pytest.param(
            "import atexit\natexit.register(lambda: 1 / 0)\nraise SystemExit(1)",
            "ZeroDivisionError: division by zero",
            id="nothing else",
        ),
    ],
)
def test_a_traceback_that_ended_nothing_is_not_the_cause(
    program: str, told: str, tmp_path: Path
) -> None:
    assert words_of_python(tmp_path, program) == told


@pytest.mark.parametrize(
    "ignored",
    [
        "Exception ignored in: <function A.__del__ at 0x7f>\n"
        "Traceback (most recent call last):\n  File x\nRuntimeError: in del\n",
        "Exception ignored while calling deallocator <function A.__del__ at 0x7f>:\n"
        "Traceback (most recent call last):\n  File x\nRuntimeError: in del\n",
        "Exception ignored in: <_io.TextIOWrapper name='<stdout>' mode='w' encoding='utf-8'>\n"
        "BrokenPipeError: [Errno 32] Broken pipe\n",
        "45 %Error in atexit._run_exitfuncs:\n"
        "Traceback (most recent call last):\n  File x\nRuntimeError: at exit\n",
    ],
)
def test_what_python_ignored_is_left_out_as_each_release_writes_it(
    ignored: str, tmp_path: Path
) -> None:
    assert words(tmp_path, f"fatal: full\n{ignored}".encode()) == "fatal: full"


def test_talk_of_ignored_exceptions_hides_nothing(tmp_path: Path) -> None:
    data = b"Exception ignored in cleanup\nfatal: the disk is full\n"

    assert words(tmp_path, data) == "fatal: the disk is full"


def test_what_is_too_long_is_cut_with_a_sign_and_keeps_its_end(tmp_path: Path) -> None:
    head = b"Traceback (most recent call last):\n  File x\n"
    lines = b"".join(b"step %d done\n" % number for number in range(100))

    told = words(tmp_path, head + b"ValueError: first\n" + lines + b"fatal: gave up\n")

    assert told.startswith("ValueError: first step 0 done step 1 done")
    assert told.endswith("… fatal: gave up")
    assert len(told) <= 302


def test_a_long_last_line_is_shortened_rather_than_left_out(tmp_path: Path) -> None:
    head = b"Traceback (most recent call last):\n  File x\nValueError: only logged\n"
    progress = b"".join(b"step %d done\n" % number for number in range(60))
    last = "fatal: the model cannot be written to its bucket: " + "x" * 300

    told = words(tmp_path, head + progress + last.encode())

    assert told.startswith("ValueError: only logged step 0 done")
    assert told.endswith(f"… {last[:150]}…")
    assert len(told) <= 302


def test_a_traceback_that_was_cut_off_is_told_by_its_last_line(tmp_path: Path) -> None:
    data = b"Traceback (most recent call last):\n  File 'x', line 1\n    run()\n"

    assert words(tmp_path, data) == "run()"


def test_a_traceback_may_be_long(tmp_path: Path) -> None:
    frames = b"  File '/a/rather/long/path/of/a/library.py', line 1, in f\n    f()\n" * 500
    data = b"Traceback (most recent call last):\n" + frames + b"ValueError: two\nlines\n"

    assert words(tmp_path, data) == "ValueError: two lines"

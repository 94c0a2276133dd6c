"""A process that has done what every command begins with, and forks itself for each command.

Most of the time of a command goes into starting Python and importing. A child of this process is
spared both; its directory, environment and streams are its own, and it ends as the console script
does.

A request is a line of JSON on standard input. The answer is two lines on standard output: the id
of the process, and when it has ended its exit status, or minus the signal that killed it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Generator
from pathlib import Path

from coverage import Coverage

from cli_processes import ARGOSY, shell_pipeline

ROOT = Path(__file__).parents[1]


def prepare() -> None:
    """Import what commands import, also what the compiler imports late."""
    # Here, and not above, so that coverage sees the lines of these modules.
    compiler = importlib.import_module("argosy_compiler")
    reading = importlib.import_module("argosy_schemas.reading.pipeline")
    commands = importlib.import_module("argosy_cli.lazy_group")
    for name in commands.COMMANDS:
        commands.import_command(name)
    importlib.import_module("argosy_cli.main")
    pipeline = reading.read_pipeline(shell_pipeline("hello", {"say": "true"}).encode(), file="p")
    compiler.compile_pipeline(pipeline, compiler.CompileOptions(ir=compiler.IrPlacement.STORE))


def serve(coverage_file: str) -> None:
    """Answer requests until there are no more; each child runs its command and exits."""
    requests = os.fdopen(os.dup(0), "r")
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    open_as(0, os.devnull, os.O_RDONLY)
    open_as(1, os.devnull, os.O_WRONLY)
    for line in requests:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            requests.close()
            answers.close()
            with measured(coverage_file if request["is_measured"] else ""):
                os.chdir(request["directory"])
                os.environ.clear()
                os.environ.update(request["environment"])
                open_as(1, request["out"], os.O_WRONLY)
                open_as(2, request["err"], os.O_WRONLY)
                sys.argv = [ARGOSY, *request["words"]]
                sys.path[0] = os.path.dirname(ARGOSY)
                sys.exit(importlib.import_module("argosy_cli.main").main())
        print(child, file=answers)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers)


@contextlib.contextmanager
def measured(file: str) -> Generator[None]:
    """Measure coverage into a file of its own beside ``file``; do not if that is empty."""
    if not file:
        yield
        return
    coverage = Coverage(file, data_suffix=True, config_file=str(ROOT / "pyproject.toml"))
    coverage.start()
    try:
        yield
    finally:
        coverage.stop()
        coverage.save()


def open_as(descriptor: int, path: str, flags: int) -> None:
    """Make a descriptor that of a file."""
    opened = os.open(path, flags)
    os.dup2(opened, descriptor)
    os.close(opened)


if __name__ == "__main__":
    with measured(sys.argv[1]):
        prepare()
    serve(sys.argv[1])

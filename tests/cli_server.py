"""A process that has done what every command begins with, and forks itself for each command.

Most of the time of a command goes into starting Python and importing. A child of this process is
spared both; its directory, environment and streams are its own, and it ends as the console script
does.

A request is a line of JSON on standard input. The answer is two lines on standard output: the id
of the process, and when it has ended its exit status, or minus the signal that killed it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

from argosy_cli.lazy_group import COMMANDS
from argosy_cli.main import main
from argosy_compiler import CompileOptions, IrPlacement, compile_pipeline
from argosy_schemas.reading.pipeline import read_pipeline
from cli_processes import ARGOSY, shell_pipeline


def prepare() -> None:
    """Import what commands import, also what the compiler imports late."""
    for name in COMMANDS:
        importlib.import_module(f"argosy_cli.commands.{name}_command")
    pipeline = read_pipeline(shell_pipeline("hello", {"say": "true"}).encode(), file="p.json")
    compile_pipeline(pipeline, CompileOptions(ir=IrPlacement.STORE))


def serve() -> None:
    """Answer requests until there are no more; return in each child, ready for its command."""
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
            os.chdir(request["directory"])
            os.environ.clear()
            os.environ.update(request["environment"])
            open_as(1, request["out"], os.O_WRONLY)
            open_as(2, request["err"], os.O_WRONLY)
            sys.argv = [ARGOSY, *request["words"]]
            sys.path[0] = os.path.dirname(ARGOSY)
            return
        print(child, file=answers)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers)
    sys.exit()


def open_as(descriptor: int, path: str, flags: int) -> None:
    """Make a descriptor that of a file."""
    opened = os.open(path, flags)
    os.dup2(opened, descriptor)
    os.close(opened)


if __name__ == "__main__":
    prepare()
    serve()
    sys.exit(main())

"""Write ``docs/cli.md`` from the help texts of the commands.

Run it after a change of an option; a test fails when the page is not what it writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from argosy_cli.exit_codes import ExitCode
from argosy_cli.lazy_group import COMMANDS
from argosy_cli.main import argosy

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

EXIT_CODES = {
    ExitCode.SUCCEEDED: "done; for `run`: the run succeeded",
    ExitCode.FAILED: "the run failed, or could not start on this machine",
    ExitCode.USAGE: "wrong usage, or an invalid pipeline or parameter; nothing ran",
    ExitCode.INTERNAL: "a fault of Argosy itself; `--debug` shows where",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C or a signal; the run can be resumed",
}


def render() -> str:
    """Return the page."""
    lines = [
        "# Command line",
        "",
        "This page is written by `scripts/generate_cli_reference.py`.",
        "Results go to standard output, progress and errors to standard error, one line each.",
        "Every member of what `--output json` prints is in [JSON output](json-output.md).",
        "`--debug`, anywhere, adds the traceback to an error.",
        "`--verbose`, anywhere, prints log records to standard error: which environments are built,"
        " which processes start and end, why a task is not cached, which requests are retried.",
        "",
        "| exit status | meaning |",
        "| --- | --- |",
        *(f"| {code.value} | {meaning} |" for code, meaning in EXIT_CODES.items()),
    ]
    settings: dict[str, Any] = {**argosy.context_settings, "terminal_width": 100}
    parent = click.Context(argosy, info_name="argosy", **settings)
    for name in COMMANDS:
        command = argosy.get_command(parent, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=parent, **settings)
        lines += ["", f"## argosy {name}", "", "```text", command.get_help(context), "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")

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
    ExitCode.SUCCEEDED: "success; for `run`: the run succeeded",
    ExitCode.FAILED: "the run failed or could not start on this machine",
    ExitCode.USAGE: "wrong usage, or an invalid pipeline or parameter; nothing ran",
    ExitCode.NOT_FOUND: "a cluster has no such run, namespace, or Argo",
    ExitCode.DENIED: "credentials or rights on a cluster are missing",
    ExitCode.UNREACHABLE: "a cluster cannot be reached",
    ExitCode.REFUSED: "a cluster refuses the workflow: invalid, over a quota, its name taken",
    ExitCode.CANCELED: "the run on a cluster was stopped",
    ExitCode.TIMED_OUT: "the time of `--timeout` passed; the run goes on",
    ExitCode.INTERNAL: "a bug in Argosy; `--debug` shows the traceback",
    ExitCode.INTERRUPTED: "Ctrl-C or a signal stopped the run; it can be resumed",
}


def render() -> str:
    """Return the page."""
    lines = [
        "# Command line",
        "",
        "`scripts/generate_cli_reference.py` writes this page.",
        "Commands print results to standard output, and progress and errors to standard error.",
        "[JSON output](json-output.md) describes what `--output json` prints.",
        "Two options may stand anywhere: `--debug` adds the traceback to an error, and `--verbose`"
        " prints log records to standard error: which environments are built, which processes start"
        " and end, why a task is not cached, which requests are retried.",
        "`argosy --version` prints the version alone.",
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
        for inner, one in getattr(command, "commands", {}).items():
            below = click.Context(one, info_name=inner, parent=context, **settings)
            lines += ["", f"### argosy {name} {inner}", "", "```text", one.get_help(below), "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")

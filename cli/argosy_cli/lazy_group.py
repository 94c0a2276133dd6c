"""A Click group that imports the module of a command only when the command is called.

The one-line summaries live here, so ``argosy --help`` imports none of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import NamedTuple

import click

from argosy_cli.usage import explain_unknown_command
from argosy_schemas.errors import InvalidArgumentError


class Entry(NamedTuple):
    """What is known of a command before its module is imported."""

    room: str
    """The package of its module below ``argosy_cli.commands``."""
    summary: str
    """One line of the help."""


COMMANDS: Mapping[str, Entry] = {
    "compile": Entry("pipelines", "Compile a pipeline to an Argo Workflow"),
    "delete": Entry("runs", "Delete runs, with their records and logs"),
    "doctor": Entry("installation", "Check the store and the cluster, and say what to do"),
    "get": Entry("runs", "Show a run: the state of each task, and the outputs"),
    "lint": Entry("pipelines", "Check pipelines or compiled Workflows, and report every problem"),
    "list": Entry("runs", "List runs, newest first"),
    "logs": Entry("runs", "Print the output of the tasks of a run"),
    "manifests": Entry("installation", "Print what a namespace of a cluster needs"),
    "plan": Entry("pipelines", "Show what each task of a run would do, without running it"),
    "retry": Entry("runs", "Go on with a run that failed, or run a task of it again"),
    "run": Entry("runs", "Run a pipeline on this machine"),
    "serve": Entry("services", "Serve the KFP API, which kfp.Client talks to"),
    "service": Entry("services", "Look after the database of a service"),
    "stop": Entry("runs", "Stop a run"),
    "submit": Entry("runs", "Submit a pipeline to a cluster with Argo Workflows"),
    "version": Entry("installation", "Print the version"),
    "why": Entry("runs", "Explain why a run failed, and what to do next"),
}
"""All commands; the module of each is ``argosy_cli.commands.<room>.<command>_command``."""


def import_command(name: str) -> click.Command:
    """Import and return a command of :data:`COMMANDS`."""
    module = importlib.import_module(f"argosy_cli.commands.{COMMANDS[name].room}.{name}_command")
    command: click.Command = module.command
    return command


class LazyGroup(click.Group):
    """The commands of :data:`COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command; ``None`` for an unknown name."""
        return import_command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names, or list the commands in an error."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise InvalidArgumentError(explain_unknown_command(name, COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

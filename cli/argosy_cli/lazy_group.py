"""A Click group that imports the module of a command only when the command is called.

The one-line summaries live here, so ``argosy --help`` imports none of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

from argosy_cli.usage import explain_unknown_command
from argosy_schemas.errors import InvalidArgumentError

COMMANDS: Mapping[str, str] = {
    "compile": "Compile a pipeline to an Argo Workflow",
    "delete": "Delete runs, with their records and logs",
    "doctor": "Check the store and the cluster, and say what to do",
    "get": "Show a run: the state of each task, and the outputs",
    "lint": "Check pipelines or compiled Workflows, and report every problem",
    "list": "List runs, newest first",
    "logs": "Print the output of the tasks of a run",
    "manifests": "Print what a namespace of a cluster needs",
    "plan": "Show what each task of a run would do, without running it",
    "retry": "Go on with a run that failed, or run a task of it again",
    "run": "Run a pipeline on this machine",
    "serve": "Serve the KFP API, which kfp.Client talks to",
    "service": "Look after the database of a service",
    "stop": "Stop a run",
    "submit": "Submit a pipeline to a cluster with Argo Workflows",
    "version": "Print the version",
    "why": "Explain why a run failed, and what to do next",
}
"""Command to its one-line summary; its module is ``argosy_cli.commands.<command>_command``."""


class LazyGroup(click.Group):
    """The commands of :data:`COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command; ``None`` for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"argosy_cli.commands.{cmd_name}_command")
        command: click.Command = module.command
        return command

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
            formatter.write_dl(list(COMMANDS.items()))

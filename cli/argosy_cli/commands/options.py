"""Options that several commands share, and the form of their examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from argosy_cli.arguments import DEFAULT_HOME
from argosy_runs.logs import is_meant
from argosy_runs.results import RunResult, TaskResult
from argosy_schemas.errors import InvalidArgumentError, StoreError
from argosy_store.locations import read_root

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


class Size(click.ParamType[int]):
    """A number of bytes, written ``1048576``, ``64M`` or ``64MB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes, or fail with how to write them."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+)\s*([KMG]?)I?B?", str(value).upper())
        if match is None:
            self.fail(f"'{value}' is no size; write it like 64M", param, ctx)
        return int(match[1]) * UNITS[match[2]]


class Count(click.ParamType[int]):
    """A whole number from ``least`` on."""

    name = "count"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or fail with what it may be."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"'{value}' is no whole number", param, ctx)
        if number < self._least:
            self.fail(f"{number} is too few; use {self._least} or more", param, ctx)
        return number


class HomePath(click.ParamType[Path]):
    """A directory whose path, from the root on, records can hold as text."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, or fail when it is no UTF-8."""
        path = Path(value)
        whole = str(path.absolute())
        try:
            whole.encode()
        except UnicodeEncodeError:
            self.fail(f"{whole!a} is no UTF-8; choose another place", param, ctx)
        return path


class StoreUrl(click.ParamType[str]):
    """The URL or path of a place that things can be stored in."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the URL as it is, or fail with what is wrong with it."""
        try:
            read_root(value)
        except StoreError as error:
            self.fail(str(error), param, ctx)
        return str(value)


def examples(*lines: str) -> str:
    """Return the epilog of a command: calls as somebody would type them, one a line.

    A call too long for a small window has line breaks, written as a shell takes them.
    """
    # Click rewraps a paragraph unless a backspace stands before it.
    calls = (line.replace("\n", " \\\n      ") for line in lines)
    return "\n".join(("\b", "Examples:", *(f"  {call}" for call in calls)))


def matching_tasks(run: RunResult, task: str | None) -> tuple[TaskResult, ...]:
    """Return the tasks of a run that ``task`` stands for; ``None``: all.

    Raises:
        InvalidArgumentError: There is no such task.
    """
    found = tuple(each for each in run.tasks if task is None or is_meant(each.path, task))
    if task is not None and not found:
        some = ", ".join(f"'{each.path}'" for each in run.tasks[:5]) + ", …" * (len(run.tasks) > 5)
        raise InvalidArgumentError(f"run '{run.run_id}' has no task '{task}'; it has {some}")
    return found


max_size = click.option(
    "--max-size",
    "max_size_bytes",
    type=Size(),
    default="64M",
    show_default=True,
    metavar="SIZE",
    help="Refuse larger pipeline files.",
)

param = click.option(
    "-p",
    "--param",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter: a STRING takes the text as it is, every other type is JSON.",
)

params_file = click.option(
    "-f",
    "--params-file",
    type=click.Path(path_type=Path),
    help="Parameters as a JSON or YAML object; --param goes before it.",
)

artifacts_option = click.option(
    "--artifact",
    "artifacts",
    multiple=True,
    metavar="NAME=URI",
    help="An input artifact of the pipeline: a URI or a local path.",
)

run_argument = click.argument("run", metavar="RUN")

sdk_logs = click.option(
    "--sdk-logs", is_flag=True, help="Show also what the KFP SDK writes around each component."
)

output_format = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "name"]),
    default="text",
    show_default=True,
    help="json prints everything, name only ids of runs.",
)

home = click.option(
    "--home",
    type=HomePath(),
    default=DEFAULT_HOME,
    show_default=True,
    help="Where records, cache, logs and artifacts live.",
)

root = click.option(
    "--root",
    type=StoreUrl(),
    metavar="URI",
    help="Write artifacts below this URI; 'pipeline' takes the one that the pipeline names."
    "  [default: inside --home]",
)

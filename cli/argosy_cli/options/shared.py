"""Options that several commands share, and their types."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from argosy_cli.usage import format_examples as format_examples
from argosy_runs.local import DEFAULT_HOME
from argosy_schemas.errors import InvalidArgumentError, StoreError

if TYPE_CHECKING:
    from argosy_runs.results import RunResult, TaskResult

_F = TypeVar("_F", bound=Callable[..., Any])

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


class Size(click.ParamType[int]):
    """A number of bytes, written ``1048576``, ``64M`` or ``64MB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes, or fail and show how to write it."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+)\s*([KMG]?)I?B?", str(value).upper())
        if match is None:
            self.fail(f"'{value}' is not a size; write it like 64M", param, ctx)
        return int(match[1]) * UNITS[match[2]]


class Count(click.ParamType[int]):
    """A whole number that is at least ``least``."""

    name = "count"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or fail and show the smallest one allowed."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"'{value}' is not a whole number", param, ctx)
        if number < self._least:
            self.fail(f"{number} is too few; use {self._least} or more", param, ctx)
        return number


class Duration(click.ParamType[float]):
    """A time in seconds, written ``90``, ``90s``, ``15m``, ``2h`` or ``7d``.

    Args:
        has_unit: Whether ``90`` is refused: who means days would lose what is older than seconds.
    """

    name = "duration"

    def __init__(self, *, has_unit: bool = False) -> None:
        self._has_unit = has_unit

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or fail and show how to write them."""
        match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", str(value))
        if match is None or (self._has_unit and not match[2]):
            self.fail(f"'{value}' is not a time; write it like 90s, 15m, 2h or 7d", param, ctx)
        return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


class HomePath(click.ParamType[Path]):
    """A directory whose absolute path is UTF-8, so that records can hold it."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, or fail if it is not UTF-8."""
        path = Path(value)
        whole = str(path.absolute())
        try:
            whole.encode()
        except UnicodeEncodeError:
            self.fail(f"{whole!a} is not UTF-8; choose another directory", param, ctx)
        return path


class StoreUrl(click.ParamType[str]):
    """The URL or path of a store."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the URL unchanged, or fail and say what is wrong with it."""
        from argosy_store.locations import parse_root  # help texts need no stores

        try:
            parse_root(value)
        except StoreError as error:
            self.fail(str(error), param, ctx)
        return str(value)


def select_tasks(run: RunResult, task: str | None) -> tuple[TaskResult, ...]:
    """Return the tasks of a run that match ``task``; ``None`` matches all.

    Raises:
        InvalidArgumentError: No task matches.
    """
    from argosy_runs.log_lines import matches_task  # help texts need no runs

    found = tuple(each for each in run.tasks if task is None or matches_task(each.path, task))
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
    help="Set a parameter; a STRING takes the text unchanged, all other types are JSON.",
)

params_file = click.option(
    "-f",
    "--params-file",
    type=click.Path(path_type=Path),
    help="Read parameters from a JSON or YAML object; --param takes precedence.",
)

artifacts_option = click.option(
    "--artifact",
    "artifacts",
    multiple=True,
    metavar="NAME=URI",
    help="Set an input artifact of the pipeline to a URI; argosy run takes a local path as well.",
)

claims_option = click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="NAME=DIR",
    help="Mount a directory in place of a volume claim of the cluster.",
)

secrets_option = click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME=DIR",
    help="Take a Secret of the cluster from a directory with a file for each key.",
)

config_maps_option = click.option(
    "--config-map",
    "config_maps",
    multiple=True,
    metavar="NAME=DIR",
    help="Take a ConfigMap of the cluster from a directory with a file for each key.",
)

env_file_option = click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read variables that tasks take from Secrets, ConfigMaps and fields: lines NAME=value.",
)

namespace_option = click.option(
    "-n", "--namespace", metavar="NAME", help="Namespace of the cluster.  [default: the context's]"
)

context_option = click.option(
    "--context", metavar="NAME", help="Context of the kubeconfig.  [default: the current one]"
)

kubeconfig_option = click.option(
    "--kubeconfig", metavar="FILE", help="Another kubeconfig than kubectl's."
)


def target_options(command: _F) -> _F:
    """Add the options that choose a cluster and a namespace."""
    for option in (kubeconfig_option, context_option, namespace_option):
        command = option(command)
    return command


FOR_CLUSTERS: Final = "is for runs on a cluster; add --engine argo, or leave it out"
"""Why the service refuses an option where runs take place on this machine."""


def is_for_cluster(engine: str | None, *target: str | None) -> bool:
    """Return whether the service runs pipelines on a cluster.

    Args:
        engine: ``argo``, ``local``, or what the target says.
        target: The namespace, context and kubeconfig that were given.
    """
    return engine == "argo" or (engine is None and any(target))


run_argument = click.argument("run", metavar="RUN")

sdk_logs = click.option(
    "--sdk-logs", is_flag=True, help="Also show what the KFP SDK writes around each component."
)


def output_option(help_text: str, *more: str) -> Callable[[_F], _F]:
    """Return the option for the form of the output: text, json, or ``more``."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help=help_text,
    )


output_format = output_option(
    "json prints everything, name only ids, on a cluster the names of workflows.", "name"
)

home = click.option(
    "--home",
    type=HomePath(),
    default=DEFAULT_HOME,
    show_default=True,
    help="Directory of records, cache, logs and artifacts.",
)

root = click.option(
    "--root",
    type=StoreUrl(),
    metavar="URI",
    help="Write artifacts below this URI; 'pipeline' stands for the root that the pipeline names."
    "  [default: inside --home]",
)

jobs_option = click.option(
    "-j",
    "--jobs",
    type=Count(1),
    metavar="N",
    help="How many tasks run at the same time.  [default: number of processors]",
)

RUNNERS: Final = ("process", "docker", "podman")
"""The members of ``RunnerName``, whose module most commands do not need."""

runner_option = click.option(
    "--runner",
    type=click.Choice(RUNNERS),
    default=RUNNERS[0],
    show_default=True,
    help="How the command of a task starts: as a process of this machine, or in a container of its "
    "image, by the program docker or podman.",
)

keep_pins = click.option(
    "--keep-pins",
    is_flag=True,
    help="Install the kfp version that each component pins, from 2.5 on, instead of one version "
    "for all.",
)

quiet = click.option("-q", "--quiet", is_flag=True, help="Do not show the output of tasks.")

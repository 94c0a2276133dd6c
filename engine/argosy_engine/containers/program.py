"""The program ``docker`` or ``podman``, by its command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from argosy_engine.pods.programs import ProgramEnd, run_program
from argosy_engine.pods.stop import StopSignal
from argosy_schemas.errors import MachineError
from argosy_schemas.message_text import truncate

_LONGEST_REASON = 500
_PREFIXES = ("Error: ", "docker: ", "Error response from daemon: ")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What Docker calls a machine, and what images call it."""
# The program, a label, and the options of `rm`.
_REMOVE_LABELLED = """
containers=$("$0" ps --all --quiet --filter "label=$1")
shift
[ -z "$containers" ] || exec "$0" rm "$@" $containers
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerProgram:
    """A program that runs containers, and works on this machine."""

    name: str
    environment: Mapping[str, str]
    """All its environment variables."""
    is_podman: bool = False
    is_rootless: bool = False
    """Whether it runs without the rights of root, in a namespace of users."""
    platform: str = ""
    """Of the machine that runs containers, e.g. ``linux/amd64``."""

    @property
    def maps_user_to_root(self) -> bool:
        """Return whether root in a container is the user of this process, and nobody else."""
        return self.is_rootless and not self.is_podman

    def call(self, *arguments: str, stop: StopSignal | None = None) -> ProgramEnd:
        """Run one of its commands to its end, or until ``stop`` is set.

        Raises:
            OSError: It cannot be started.
        """
        return run_program(
            (self.name, *arguments), environment=self.environment, directory=Path("/"), stop=stop
        )

    def has_started(self, container: str) -> bool:
        """Return whether the main process of a container has ever run."""
        ended = self.call("container", "inspect", container)
        if ended.status != 0:
            return False
        (inspected,) = json.loads(ended.output)
        # The year 1 stands for no time.
        return not str(inspected["State"]["StartedAt"]).startswith("0001-")

    def copy(self, container: str, source: str, target: str) -> ProgramEnd:
        """Copy a file or directory out of a container that has ended; a link is followed."""
        follow = () if self.is_podman else ("--follow-link",)
        return self.call("cp", *follow, f"{container}:{source}", target)

    def remove(self, container: str) -> None:
        """Kill and remove a container, if it exists."""
        self.call("rm", *self._removal_options, container)

    def make_removal(self, label: str) -> tuple[str, ...]:
        """Return a command that kills and removes all containers with a label."""
        return ("/bin/sh", "-c", _REMOVE_LABELLED, self.name, label, *self._removal_options)

    @property
    def _removal_options(self) -> tuple[str, ...]:
        # Podman would wait ten seconds for the container to end by itself.
        return ("--force", "--volumes", *(("--time=0",) if self.is_podman else ()))


def connect(name: str, environment: Mapping[str, str]) -> ContainerProgram:
    """Return a program that has been found to work.

    Args:
        name: ``docker`` or ``podman``.
        environment: All its environment variables.

    Raises:
        MachineError: It is not installed, or cannot run containers.
    """
    program = ContainerProgram(name=name, environment=environment)
    try:
        ended = program.call("info", "--format", "{{json .}}")
    except FileNotFoundError as error:
        raise MachineError(
            f"the program '{name}' is not on PATH; install it, or choose another --runner"
        ) from error
    except OSError as error:
        raise MachineError(
            f"the program '{name}' cannot be started ({error.strerror}); check its permissions, or "
            "choose another --runner"
        ) from error
    if ended.status != 0:
        raise MachineError(
            f"'{name}' cannot run containers here ({summarize_errors(ended)}); start its service, "
            f"and check that '{name} info' works for this user"
        )
    info: dict[str, Any] = json.loads(ended.output)
    # The program `docker` may be Podman.
    if "host" in info:
        host = info["host"]
        return replace(
            program,
            is_podman=True,
            is_rootless=host["security"]["rootless"],
            platform=f"{host['os']}/{host['arch']}",
        )
    machine = info["Architecture"]
    return replace(
        program,
        is_rootless=any("rootless" in option for option in info.get("SecurityOptions") or ()),
        platform=f"{info['OSType']}/{_ARCHITECTURES.get(machine, machine)}",
    )


def summarize_errors(ended: ProgramEnd) -> str:
    """Return what a failed command of the program says, in one line."""
    return summarize_lines((ended.errors or ended.output).splitlines())


def summarize_lines(lines: Sequence[str]) -> str:
    """Return the error among the lines of the program."""
    written = [line.strip() for line in lines if line.strip()]
    # Hints follow an error, warnings precede it.
    errors = [line for line in written if line.startswith(_PREFIXES)]
    text = (errors or written or ["it printed nothing"])[-1]
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return truncate(text.rstrip("."), most=_LONGEST_REASON)

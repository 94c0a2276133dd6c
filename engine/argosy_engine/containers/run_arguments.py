"""The arguments of ``docker run`` and ``podman run``, and how variables reach the container.

Values of environment variables do not stand there, since all users of a machine can read arguments.
They are in a file; a value that the file cannot hold is passed on from the environment of the
program itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from argosy_engine.containers.program import ContainerProgram
from argosy_schemas.errors import MachineError

# The programs read lines of 64 KiB at most, and releases of Podman interpret quotes.
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_VALUE = re.compile(r"(?!['\"`])[^\r\n]{0,30000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A file or directory of this machine in the container."""

    path: Path
    is_writable: bool = False
    target: Path | None = None
    """Where the container sees it; ``None``: at the same path."""

    @property
    def inner_path(self) -> Path:
        """The path in the container."""
        return self.path if self.target is None else self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitVariables:
    """Environment variables by the way they take."""

    file: str
    """The content of an ``--env-file``."""
    passed: Mapping[str, str]
    """For the environment of the program itself."""


def split_variables(variables: Mapping[str, str]) -> SplitVariables:
    """Return which variables a file can hold, and which not."""
    lines: list[str] = []
    passed: dict[str, str] = {}
    for name, value in variables.items():
        if _NAME.fullmatch(name) and _VALUE.fullmatch(value):
            lines.append(f"{name}={value}\n")
        else:
            passed[name] = value
    return SplitVariables(file="".join(lines), passed=passed)


def make_run_arguments(
    program: ContainerProgram,
    *,
    container: str,
    label: str,
    image: str,
    argv: Sequence[str],
    user: tuple[int, int],
    mounts: Iterable[Mount],
    variables_file: Path,
    passed: Iterable[str],
) -> tuple[str, ...]:
    """Return the command that runs a container to its end.

    Args:
        program: Runs it.
        container: Its name.
        label: Finds it when the engine is gone.
        image: It is here already.
        argv: The main command, in place of the image's.
        user: The user and group in the container to whom files in mounts belong.
        mounts: What the container sees of this machine.
        variables_file: Its environment variables.
        passed: Names of variables whose values are in the environment of the program.

    Raises:
        MachineError: A path cannot be mounted.
    """
    return (
        program.name,
        "run",
        f"--name={container}",
        f"--label={label}",
        "--pull=never",
        # A main process gets no signal that it does not handle, so it must not be the first one.
        "--init",
        # The output is read from the program, and stored.
        "--log-driver=none",
        # Where SELinux is on, it would keep containers from all mounts.
        "--security-opt=label=disable",
        *(("--userns=keep-id",) if program.is_podman and program.is_rootless else ()),
        f"--user={user[0]}:{user[1]}",
        *(f"--mount={_format_mount(mount)}" for mount in _order_mounts(mounts)),
        f"--env-file={variables_file}",
        *(f"--env={name}" for name in passed),
        f"--entrypoint={argv[0]}",
        image,
        *argv[1:],
    )


def _order_mounts(mounts: Iterable[Mount]) -> list[Mount]:
    """Return each path once, outer ones first; where one is given twice, the writable one."""
    found: dict[Path, Mount] = {}
    for mount in mounts:
        if mount.inner_path not in found or mount.is_writable:
            found[mount.inner_path] = mount
    return [found[path] for path in sorted(found)]


def _format_mount(mount: Mount) -> str:
    text, target = str(mount.path), str(mount.inner_path)
    if any(character in text for character in ',"\n'):
        raise MachineError(
            f"the path '{text}' cannot be mounted into a container, for it has a comma, a quote or "
            "a line break; choose another place with --home"
        )
    return f"type=bind,source={text},target={target}" + ("" if mount.is_writable else ",readonly")

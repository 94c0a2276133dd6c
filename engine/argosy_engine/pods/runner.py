"""How a main command starts on this machine: as a process, or in a container.

A runner prepares what a command needs and says which process to start for it. That process is the
command itself, or a client that runs the command in a container. The rest is the same for all
runners and the business of :mod:`argosy_engine.pods.commands`: output, deadline, end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from argosy_driver.preparing.arguments import ReadImageCommand
from argosy_driver.preparing.local_pod import LocalVolume
from argosy_engine.pods.protocol import PodRequest
from argosy_engine.pods.stop import StopSignal
from argosy_launcher.endings.process_end import ProcessEnd
from argosy_launcher.outputs.output_files import LocatedPath
from argosy_schemas.formats.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class MainRequest:
    """One start of a main command."""

    step: Step
    """What the driver prepared."""
    pod: PodRequest
    pod_name: str
    directory: Path
    """The attempt's own, with ``cwd`` and ``tmp``."""
    volumes: tuple[LocalVolume, ...]
    """Where a container mounts them; the command of a process has their directories already."""
    variables: tuple[tuple[str, str], ...]
    """Environment variables of KFP and of the task; a later one wins."""


class MainCommand(Protocol):
    """A main command that is ready to start."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The process to start."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """All environment variables of that process."""
        ...

    def explain(self, ended: ProcessEnd) -> ProcessEnd:
        """Return how the command ended, where the process alone does not say it."""
        ...

    def locate(self, path: str) -> LocatedPath:
        """Return where this process finds a file that the command calls ``path``.

        Raises:
            TaskError: It cannot be read.
        """
        ...

    def close(self) -> None:
        """Remove what the command leaves behind; its outputs have been stored."""
        ...


class Runner(Protocol):
    """Prepares main commands. Called from several threads at once."""

    def prepare(self, request: MainRequest, stop: StopSignal) -> MainCommand:
        """Return a command that is ready to start, before the time of its task begins.

        Args:
            request: The command.
            stop: Ends the preparation when set.

        Raises:
            TaskError: The command cannot start, or ``stop`` was set (its reason).
            MachineError: This machine lacks something.
            OSError: Likewise.
        """
        ...

    def image_reader(self, stop: StopSignal) -> ReadImageCommand | None:
        """Return what reads the entry point of an image; ``None``: images are not used."""
        ...

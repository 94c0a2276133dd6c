"""Start main commands as processes of this machine, without their images."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from argosy_driver.preparing.arguments import ReadImageCommand
from argosy_engine.pods.environment import build_task_environment
from argosy_engine.pods.runner import MainRequest
from argosy_engine.pods.stop import StopSignal
from argosy_engine.pods.unused_image import USE_IMAGE, explain_unused_image
from argosy_launcher.endings.process_end import ProcessEnd, find_failure
from argosy_launcher.outputs.output_files import LocatedPath, locate_here
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason


class PythonEnvironment(Protocol):
    """How a command finds its Python packages."""

    @property
    def path_entries(self) -> tuple[str, ...]:
        """Directories to put before ``PATH``."""
        ...

    @property
    def env(self) -> Mapping[str, str]:
        """Variables to set."""
        ...


class PythonEnvironments(Protocol):
    """Finds or builds Python environments, :class:`argosy_engine.environments.Environments`."""

    def prepare_environment(
        self, argv: tuple[str, ...], image: str, *, task_directory: Path, stop: StopSignal
    ) -> PythonEnvironment:
        """Return the environment for a command; ``stop`` interrupts the build."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessCommand:
    """A command that starts as a process, :class:`argosy_engine.pods.runner.MainCommand`."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    image: str

    def explain(self, ended: ProcessEnd) -> ProcessEnd:
        """Return the end of the command; one that its image would have served says so."""
        failure = find_failure(ended)
        if failure is None or failure.reason is not Reason.COMMAND_FAILED:
            return ended
        message = explain_unused_image(failure.message, self.image, self.argv)
        return replace(ended, failure=replace(failure, message=message))

    def locate(self, path: str) -> LocatedPath:
        """Return the same path."""
        return locate_here(path)

    def close(self) -> None:
        """Do nothing: the attempt's directory is removed as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRunner:
    """Prepares processes, :class:`argosy_engine.pods.runner.Runner`."""

    environments: PythonEnvironments
    inherited: Mapping[str, str]
    """Environment variables that tasks may inherit."""

    def prepare(self, request: MainRequest, stop: StopSignal) -> ProcessCommand:
        """Return a command whose program exists, with its Python environment."""
        argv, directory = request.step.argv, request.directory
        python = self.environments.prepare_environment(
            argv, request.pod.image, task_directory=directory / "env", stop=stop
        )
        environment = build_task_environment(
            self.inherited,
            path_entries=python.path_entries,
            temporary=directory / "tmp",
            added=(*python.env.items(), *request.variables),
        )
        _check_program(argv[0], environment["PATH"], directory / "cwd", request.pod.image)
        return ProcessCommand(argv=argv, environment=environment, image=request.pod.image)

    def image_reader(self, stop: StopSignal) -> ReadImageCommand | None:
        """Return ``None``: there is no image to read."""
        return None


def _check_program(command: str, path: str, directory: Path, image: str) -> None:
    """Check that a program exists and may be executed.

    Raises:
        FinalTaskError: It cannot be started.
    """
    if "/" in command:
        found: str | None = os.path.normpath(directory / command)
        if not os.path.exists(found or ""):
            found = None
    else:
        found = shutil.which(command, mode=os.F_OK, path=path)
    of_image = f" of image '{image}'" if image else ""
    if found is None:
        raise FinalTaskError(
            f"the command '{command}'{of_image} does not exist on this machine; install it and put "
            f"it on PATH, or {USE_IMAGE}",
            reason=Reason.COMMAND_NOT_FOUND,
        )
    if not os.access(found, os.X_OK):
        raise FinalTaskError(
            f"the command '{command}'{of_image} is here as '{found}', which cannot be "
            "executed; allow it with 'chmod +x'",
            reason=Reason.COMMAND_NOT_FOUND,
        )

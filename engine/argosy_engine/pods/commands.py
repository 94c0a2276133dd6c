"""A user's command on this machine, and why it did not come to its own end.

It gets its Python, its environment and its log here; how a process runs to its end is
:mod:`argosy_engine.pods.processes`.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from argosy_engine.events import Listener
from argosy_engine.pods.emitter import LineWriter
from argosy_engine.pods.environment import task_environment
from argosy_engine.pods.processes import Command, Cut, Ended, run_command
from argosy_engine.pods.protocol import PodRequest
from argosy_engine.pods.stop import StopSignal
from argosy_engine.pods.watchdog import Watchdog
from argosy_launcher.process_end import ProcessEnd
from argosy_schemas.errors import MachineError, TaskError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.formats.step import Step


class PythonEnvironment(Protocol):
    """What a command needs to find its Python packages."""

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

    def environment_for(
        self, argv: tuple[str, ...], image: str, *, task_directory: Path, stop: StopSignal
    ) -> PythonEnvironment:
        """Return the environment for a command; ``stop`` ends its being built."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCommands:
    """Runs the users' commands of one run."""

    run_name: str
    """What the names of its pods begin with."""
    home: Path
    """Holds their logs where the store at the home is to have them."""
    environments: PythonEnvironments
    inherited: Mapping[str, str]
    """The environment that tasks may inherit from."""
    watchdog: Watchdog
    grace: timedelta
    emit: Listener

    def run(self, step: Step, request: PodRequest, directory: Path, stop: StopSignal) -> ProcessEnd:
        """Run the command of a step to its end, or until ``stop`` is raised.

        Args:
            step: What the driver made of the task.
            request: The pod.
            directory: Of the attempt: ``cwd`` and ``tmp`` are there, ``env`` may come to be.
            stop: Ends it, and what is built for it, when raised.
        """
        try:
            python = self.environments.environment_for(
                step.argv, request.image, task_directory=directory / "env", stop=stop
            )
        except (TaskError, MachineError) as error:
            return _without_environment(error, stop)
        except OSError as error:
            return ProcessEnd(exit_code=None, failure=machine_failure(error))
        if stop.is_set:
            return ProcessEnd(exit_code=None, failure=stop.failure, interrupted=True)
        environment = self._environment(step, request, python, directory / "tmp")
        missing = _missing(step.argv[0], environment["PATH"], directory / "cwd", request.image)
        if missing is not None:
            return ProcessEnd(exit_code=None, failure=missing)
        # Where the store is to have the log in the end: nothing is copied, and a killed engine
        # leaves what was written.
        log = self.home / step.log_key
        log.parent.mkdir(parents=True, exist_ok=True)
        command = Command(
            argv=step.argv,
            environment=environment,
            directory=directory / "cwd",
            log=log,
            deadline=request.deadline,
            grace=self.grace,
        )
        return self._ended(command, request, stop)

    def _environment(
        self, step: Step, request: PodRequest, python: PythonEnvironment, temporary: Path
    ) -> Mapping[str, str]:
        return task_environment(
            self.inherited,
            path_entries=python.path_entries,
            temporary=temporary,
            added=(
                *python.env.items(),
                ("KFP_POD_NAME", f"{self.run_name}-{step.attempt_id[:8]}"),
                ("KFP_POD_UID", step.attempt_id),
                *([("KFP_RETRY_INDEX", str(request.attempt))] if request.is_retried else []),
                *step.env,
            ),
        )

    def _ended(self, command: Command, request: PodRequest, stop: StopSignal) -> ProcessEnd:
        lines = LineWriter(request.path, self.emit)
        try:
            ended = run_command(command, watchdog=self.watchdog, stop=stop, write=lines.write)
        except OSError as error:
            has_log = command.log.exists()
            return ProcessEnd(
                exit_code=None,
                failure=machine_failure(error),
                log=command.log if has_log else None,
                log_stored=has_log,
            )
        finally:
            lines.end()
        return ProcessEnd(
            exit_code=ended.exit_code,
            failure=_cut_failure(ended, request, stop),
            interrupted=ended.cut is Cut.STOPPED,
            log=command.log,
            log_stored=True,
        )


def _without_environment(error: TaskError | MachineError, stop: StopSignal) -> ProcessEnd:
    """Return the end of a command whose environment could not be had."""
    failure = make_failure(error)
    if isinstance(error, MachineError):
        failure = replace(failure, reason=Reason.ENVIRONMENT_FAILED)
    return ProcessEnd(
        exit_code=None,
        failure=failure,
        interrupted=stop.failure is not None and failure.reason is stop.failure.reason,
    )


def _cut_failure(ended: Ended, request: PodRequest, stop: StopSignal) -> Failure | None:
    """Return why a command was cut short, if it was."""
    match ended.cut:
        case None:
            return None
        case Cut.STOPPED:
            return stop.failure
        case Cut.DEADLINE:
            seconds = 0 if request.deadline is None else request.deadline.total_seconds()
            return Failure(
                reason=Reason.DEADLINE_EXCEEDED,
                message=f"the command did not end within {seconds:g} s; "
                "raise its limit with 'set_timeout'",
                exit_code=ended.exit_code,
            )


def machine_failure(error: OSError) -> Failure:
    """Return what the system refused, in the caller's words."""
    what = f"'{error.filename}': " if error.filename else ""
    advice = {
        errno.ENOSPC: "free some space, or choose another place with --home",
        errno.EDQUOT: "free some space, or choose another place with --home",
        errno.E2BIG: "pass large values as artifacts, not as parameters",
        errno.EACCES: "see who may read and write there",
        errno.EAGAIN: "run fewer tasks at once with --jobs",
        errno.ENOMEM: "run fewer tasks at once with --jobs",
        errno.EMFILE: "run fewer tasks at once with --jobs",
        errno.ENFILE: "run fewer tasks at once with --jobs",
    }.get(error.errno or 0, "see what this machine has against it")
    reason = Reason.ARGUMENT_TOO_LONG if error.errno == errno.E2BIG else Reason.STORE_FAILED
    return Failure(
        reason=reason,
        message=f"{what}{error.strerror or error}; {advice}",
        final=error.errno == errno.E2BIG,
    )


def _missing(command: str, path: str, directory: Path, image: str) -> Failure | None:
    """Return why a command cannot be started, if it is not there."""
    if "/" in command:
        found: str | None = os.path.normpath(directory / command)
        if not os.path.exists(found or ""):
            found = None
    else:
        found = shutil.which(command, mode=os.F_OK, path=path)
    of_image = f" of image '{image}'" if image else ""
    if found is None:
        return Failure(
            reason=Reason.COMMAND_NOT_FOUND,
            message=f"the command '{command}'{of_image} does not exist on this machine; install "
            "it and put it on PATH, or run the pipeline on a cluster, where the image has it",
            final=True,
        )
    if not os.access(found, os.X_OK):
        return Failure(
            reason=Reason.COMMAND_NOT_FOUND,
            message=f"the command '{command}'{of_image} is here as '{found}', which cannot be "
            "executed; allow it with 'chmod +x'",
            final=True,
        )
    return None

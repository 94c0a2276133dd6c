"""Run a user's command on this machine and say why it failed to start or was ended.

This prepares its Python, environment variables and log; :mod:`argosy_engine.pods.processes` runs
the process.
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
from argosy_engine.pods.environment import build_task_environment
from argosy_engine.pods.processes import Command, CommandResult, Interruption, run_command
from argosy_engine.pods.protocol import PodRequest
from argosy_engine.pods.stop import StopSignal
from argosy_engine.pods.unused_image import explain_unused_image
from argosy_engine.pods.watchdog import Watchdog
from argosy_launcher.process_end import ProcessEnd, find_failure
from argosy_schemas.errors import MachineError, TaskError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.formats.step import Step


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
class LocalCommands:
    """Runs the users' commands of one run."""

    run_name: str
    """Prefix of the names of its pods."""
    home: Path
    """Logs are written below it, at their keys in the store."""
    environments: PythonEnvironments
    inherited: Mapping[str, str]
    """Environment variables that tasks may inherit."""
    watchdog: Watchdog
    grace: timedelta
    emit: Listener

    def run(self, step: Step, request: PodRequest, directory: Path, stop: StopSignal) -> ProcessEnd:
        """Run the command of a step to its end, or until ``stop`` is set.

        Args:
            step: The step that the driver prepared.
            request: The pod.
            directory: The attempt's own, with ``cwd`` and ``tmp``; ``env`` is created if needed.
            stop: Ends the command, or the build of its environment, when set.
        """
        try:
            python = self.environments.prepare_environment(
                step.argv, request.image, task_directory=directory / "env", stop=stop
            )
        except (TaskError, MachineError) as error:
            return _end_without_environment(error, stop)
        except OSError as error:
            return ProcessEnd(exit_code=None, failure=convert_os_error(error))
        if stop.is_set:
            return ProcessEnd(exit_code=None, failure=stop.failure, interrupted=True)
        environment = self._environment(step, request, python, directory / "tmp")
        missing = _find_problem(step.argv[0], environment["PATH"], directory / "cwd", request.image)
        if missing is not None:
            return ProcessEnd(exit_code=None, failure=missing)
        # At its final key in the store: it need not be copied, and a killed engine leaves it there.
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
        return self._run(command, request, stop)

    def _environment(
        self, step: Step, request: PodRequest, python: PythonEnvironment, temporary: Path
    ) -> Mapping[str, str]:
        return build_task_environment(
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

    def _run(self, command: Command, request: PodRequest, stop: StopSignal) -> ProcessEnd:
        lines = LineWriter(request.path, self.emit)
        try:
            ended = run_command(command, watchdog=self.watchdog, stop=stop, write=lines.write)
        except OSError as error:
            has_log = command.log.exists()
            return ProcessEnd(
                exit_code=None,
                failure=convert_os_error(error),
                log=command.log if has_log else None,
                log_stored=has_log,
            )
        finally:
            lines.end()
        return _with_image(
            ProcessEnd(
                exit_code=ended.exit_code,
                failure=_explain_interruption(ended, request, stop),
                interrupted=ended.interruption is Interruption.STOPPED,
                log=command.log,
                log_stored=True,
            ),
            request.image,
        )


def _with_image(ended: ProcessEnd, image: str) -> ProcessEnd:
    """Return the end of a command; one that its image would have served says so."""
    failure = find_failure(ended)
    if failure is None or failure.reason is not Reason.COMMAND_FAILED:
        return ended
    message = explain_unused_image(failure.message, image)
    return replace(ended, failure=replace(failure, message=message))


def _end_without_environment(error: TaskError | MachineError, stop: StopSignal) -> ProcessEnd:
    """Return the end of a command whose environment could not be built."""
    failure = make_failure(error)
    if isinstance(error, MachineError):
        failure = replace(failure, reason=Reason.ENVIRONMENT_FAILED)
    return ProcessEnd(
        exit_code=None,
        failure=failure,
        interrupted=stop.failure is not None and failure.reason is stop.failure.reason,
    )


def _explain_interruption(
    ended: CommandResult, request: PodRequest, stop: StopSignal
) -> Failure | None:
    """Return why the engine ended a command, if it did."""
    match ended.interruption:
        case None:
            return None
        case Interruption.STOPPED:
            return stop.failure
        case Interruption.DEADLINE:
            seconds = 0 if request.deadline is None else request.deadline.total_seconds()
            return Failure(
                reason=Reason.DEADLINE_EXCEEDED,
                message=f"the command did not end within {seconds:g} s; "
                "raise its limit with 'set_timeout'",
                exit_code=ended.exit_code,
            )


def convert_os_error(error: OSError) -> Failure:
    """Return an error of the operating system as a failure with advice."""
    what = f"'{error.filename}': " if error.filename else ""
    advice = {
        errno.ENOSPC: "free some space, or choose another place with --home",
        errno.EDQUOT: "free some space, or choose another place with --home",
        errno.E2BIG: "pass large values as artifacts, not as parameters",
        errno.EACCES: "check its permissions",
        errno.EAGAIN: "run fewer tasks at once with --jobs",
        errno.ENOMEM: "run fewer tasks at once with --jobs",
        errno.EMFILE: "run fewer tasks at once with --jobs",
        errno.ENFILE: "run fewer tasks at once with --jobs",
    }.get(error.errno or 0, "check this machine")
    reason = Reason.ARGUMENT_TOO_LONG if error.errno == errno.E2BIG else Reason.STORE_FAILED
    return Failure(
        reason=reason,
        message=f"{what}{error.strerror or error}; {advice}",
        final=error.errno == errno.E2BIG,
    )


def _find_problem(command: str, path: str, directory: Path, image: str) -> Failure | None:
    """Return why a command cannot be started; ``None`` if it can."""
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

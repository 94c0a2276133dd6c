"""Run the main command of a step to its end and say why it failed to start or was ended.

A :class:`argosy_engine.pods.runner.Runner` says which process that is;
:mod:`argosy_engine.pods.processes` runs it.
"""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from argosy_driver.preparing.local_pod import LocalVolume
from argosy_engine.pods.emitter import LineWriter
from argosy_engine.pods.processes import Command, CommandResult, Interruption, run_command
from argosy_engine.pods.protocol import PodRequest
from argosy_engine.pods.runner import MainCommand, MainRequest, Runner
from argosy_engine.pods.stop import StopSignal
from argosy_engine.pods.watchdog import Watchdog
from argosy_launcher.endings.process_end import ProcessEnd
from argosy_launcher.outputs.output_files import Locator, locate_here
from argosy_runs.events import Listener
from argosy_schemas.errors import MachineError, TaskError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.formats.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCommand:
    """A command that has ended, and where its files are."""

    end: ProcessEnd
    locate: Locator = locate_here


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCommands:
    """Runs the users' commands of one run."""

    run_name: str
    """Prefix of the names of its pods."""
    home: Path
    """Logs are written below it, at their keys in the store."""
    runner: Runner
    watchdog: Watchdog
    grace: timedelta
    emit: Listener

    @contextmanager
    def run(
        self,
        step: Step,
        request: PodRequest,
        directory: Path,
        stop: StopSignal,
        *,
        volumes: tuple[LocalVolume, ...] = (),
    ) -> Generator[EndedCommand]:
        """Run the command of a step to its end, or until ``stop`` is set.

        What it wrote can be read until the block ends.

        Args:
            step: The step that the driver prepared.
            request: The pod.
            directory: The attempt's own, with ``cwd`` and ``tmp``; ``env`` is created if needed.
            stop: Ends the command, or its preparation, when set.
            volumes: Of the pod.
        """
        main = self._prepare(step, request, directory, stop, volumes)
        if isinstance(main, ProcessEnd):
            yield EndedCommand(end=main)
            return
        try:
            yield EndedCommand(
                end=self._run(main, step, request, directory, stop), locate=main.locate
            )
        finally:
            main.close()

    def _prepare(
        self,
        step: Step,
        request: PodRequest,
        directory: Path,
        stop: StopSignal,
        volumes: tuple[LocalVolume, ...],
    ) -> MainCommand | ProcessEnd:
        pod_name = f"{self.run_name}-{step.attempt_id[:8]}"
        main_request = MainRequest(
            step=step,
            pod=request,
            pod_name=pod_name,
            directory=directory,
            volumes=volumes,
            variables=(
                ("KFP_POD_NAME", pod_name),
                ("KFP_POD_UID", step.attempt_id),
                *([("KFP_RETRY_INDEX", str(request.attempt))] if request.is_retried else []),
                *step.env,
            ),
        )
        try:
            return self.runner.prepare(main_request, stop)
        except (TaskError, MachineError) as error:
            return _end_without_start(error, stop)
        except OSError as error:
            return ProcessEnd(exit_code=None, failure=convert_os_error(error))

    def _run(
        self,
        main: MainCommand,
        step: Step,
        request: PodRequest,
        directory: Path,
        stop: StopSignal,
    ) -> ProcessEnd:
        if stop.is_set:
            return ProcessEnd(exit_code=None, failure=stop.failure, interrupted=True)
        # At its final key in the store: it need not be copied, and a killed engine leaves it there.
        log = self.home / step.log_key
        log.parent.mkdir(parents=True, exist_ok=True)
        command = Command(
            argv=main.argv,
            environment=main.environment,
            directory=directory / "cwd",
            log=log,
            deadline=request.deadline,
            grace=self.grace,
        )
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
        return main.explain(
            ProcessEnd(
                exit_code=ended.exit_code,
                failure=_explain_interruption(ended, request, stop),
                interrupted=ended.interruption is Interruption.STOPPED,
                log=command.log,
                log_stored=True,
            )
        )


def _end_without_start(error: TaskError | MachineError, stop: StopSignal) -> ProcessEnd:
    """Return the end of a command that could not be prepared."""
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

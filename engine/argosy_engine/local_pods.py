"""A pod on this machine: driver and launcher in this process, the user's command as its own.

Each attempt has a directory below ``<home>/runs/<run>/work``: what the component reads and writes,
its working directory, its temporary files. It is removed when the attempt succeeded, or when
another attempt follows; that of a failed task stays for people to look into, until the run goes on.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from argosy_driver.decide import decide
from argosy_driver.places import LocalPlaces
from argosy_driver.prepare import prepare
from argosy_driver.resolver import Resolver
from argosy_driver.run import Run
from argosy_driver.told import read_told
from argosy_engine.emitter import LineWriter
from argosy_engine.events import Listener, Notice
from argosy_engine.known_records import KnownRecords
from argosy_engine.phase import Phase
from argosy_engine.pods import PodOutcome, PodRequest
from argosy_engine.processes import Command, Cut, Ended, run_command
from argosy_engine.run_directory import RunDirectory
from argosy_engine.stop import StopSignal
from argosy_engine.task_environment import task_environment
from argosy_engine.watchdog import Watchdog
from argosy_launcher.finish import finish
from argosy_launcher.process_end import ProcessEnd, pod_exit_code
from argosy_schemas.errors import ArgosyError, MachineError, TaskError
from argosy_schemas.failures import failure_from
from argosy_schemas.ir import Pipeline
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.pod import CONTROL, encoded_object, pod_message
from argosy_schemas.records import AttemptState, Failure, Reason
from argosy_schemas.step import Decision, Step
from argosy_store.objects import ObjectStore
from argosy_store.stores import Stores


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
class LocalPods:
    """Runs the pods of one run."""

    pipeline: Pipeline
    run_facts: Run
    records: KnownRecords
    store: ObjectStore
    """At the home."""
    home: Path
    stores: Stores
    directory: RunDirectory
    resolver: Resolver
    environments: PythonEnvironments
    inherited: Mapping[str, str]
    """The environment that tasks may inherit from."""
    watchdog: Watchdog
    grace: timedelta
    now: Callable[[], datetime]
    emit: Listener
    left: dict[TaskPath, Path] = field(default_factory=dict[TaskPath, Path])
    """The directories of failed attempts that are still there."""

    def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
        """Run a pod to its end, or until ``stop`` is raised; every failure is an outcome."""
        try:
            return self._decision(request) if request.decides else self._step(request, stop)
        except ArgosyError as error:
            return _failed(failure_from(error))
        except OSError as error:
            return _failed(_machine_failure(error))
        except Exception as error:
            # The edge of the pod: whatever breaks in it must not take the whole run along.
            message = f"{type(error).__name__}: {error}; this is a fault of Argosy"
            return _failed(Failure(reason=Reason.INTERNAL, message=message))

    def _decision(self, request: PodRequest) -> PodOutcome:
        control = decide(request.path, resolver=self._resolver(request))
        return PodOutcome(phase=Phase.SUCCEEDED, outputs={CONTROL: encoded_object(control)})

    def _step(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
        attempt = AttemptId(str(uuid.uuid4()))
        # Short, since the paths of sockets in it are limited to about a hundred characters.
        directory = self.directory.work / attempt[:8]
        before = self.left.get(request.path)
        self.left[request.path] = directory
        directory.mkdir(parents=True)
        for name in ("cwd", "io", "tmp"):
            (directory / name).mkdir()
        step = prepare(
            request.path,
            attempt,
            resolver=self._resolver(request),
            store=self.store,
            stores=self.stores,
            places=LocalPlaces(directory / "io", workspace=Path(self.run_facts.workspace)),
            now=self.now,
        )
        if before is not None:
            if step.decision is Decision.ADOPTED and step.failure is not None:
                # No other attempt follows, so what the last one left stays.
                self.left[request.path], before = before, directory
            shutil.rmtree(before, ignore_errors=True)
        ended = (
            self._command(step, request, directory, stop) if step.decision is Decision.RUN else None
        )
        finished = finish(step, ended, stores=self.stores, store=self.store, now=self.now)
        for warning in finished.warnings:
            self.emit(Notice(message=f"{request.path}: {warning}"))
        log = finished.record.log
        if finished.failure is not None:
            outcome = _failed(finished.failure)
            return PodOutcome(
                phase=outcome.phase,
                message=outcome.message,
                exit_code=finished.exit_code,
                failure=finished.failure,
                record=finished.record,
                adopted=step.decision is Decision.ADOPTED,
                log=None if log is None else str(self.home / log),
            )
        shutil.rmtree(self.left.pop(request.path), ignore_errors=True)
        return PodOutcome(
            phase=Phase.SUCCEEDED,
            outputs={CONTROL: finished.control} if finished.control else {},
            exit_code=0,
            record=finished.record,
            cached=finished.record.state is AttemptState.CACHED,
            adopted=step.decision is Decision.ADOPTED,
            log=None if log is None else str(self.home / log),
        )

    def _resolver(self, request: PodRequest) -> Resolver:
        if request.upstream is None:
            return self.resolver
        return Resolver(
            self.pipeline,
            self.run_facts,
            self.records,
            phases=read_told(request.upstream, request.path, self.pipeline),
        )

    def _command(
        self, step: Step, request: PodRequest, directory: Path, stop: StopSignal
    ) -> ProcessEnd:
        """Run the user's command."""
        # Where the store is to have the log in the end: nothing is copied, and a killed engine
        # leaves what was written.
        log = self.home / step.log_key
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            python = self.environments.environment_for(
                step.argv, request.image, task_directory=directory / "env", stop=stop
            )
        except (TaskError, MachineError) as error:
            failure = failure_from(error)
            if isinstance(error, MachineError):
                failure = replace(failure, reason=Reason.ENVIRONMENT_FAILED)
            return ProcessEnd(
                exit_code=None,
                failure=failure,
                interrupted=stop.failure is not None and failure.reason is stop.failure.reason,
            )
        if stop.is_set:
            return ProcessEnd(exit_code=None, failure=stop.failure, interrupted=True)
        environment = task_environment(
            self.inherited,
            path_entries=python.path_entries,
            temporary=directory / "tmp",
            added=(
                *python.env.items(),
                ("KFP_POD_NAME", f"{self.run_facts.name}-{step.attempt_id[:8]}"),
                ("KFP_POD_UID", step.attempt_id),
                *([("KFP_RETRY_INDEX", str(request.attempt))] if request.is_retried else []),
                *step.env,
            ),
        )
        missing = _missing(step.argv[0], environment["PATH"], directory / "cwd", request.image)
        if missing is not None:
            return ProcessEnd(exit_code=None, failure=missing)
        lines = LineWriter(request.path, self.emit)
        try:
            ended = run_command(
                Command(
                    argv=step.argv,
                    environment=environment,
                    directory=directory / "cwd",
                    log=log,
                    deadline=request.deadline,
                    grace=self.grace,
                ),
                watchdog=self.watchdog,
                stop=stop,
                write=lines.write,
            )
        except OSError as error:
            return ProcessEnd(
                exit_code=None,
                failure=_machine_failure(error),
                log=log if log.exists() else None,
                log_stored=log.exists(),
            )
        finally:
            lines.end()
        return ProcessEnd(
            exit_code=ended.exit_code,
            failure=_cut_failure(ended, request, stop),
            interrupted=ended.cut is Cut.STOPPED,
            log=log,
            log_stored=True,
        )


def _failed(failure: Failure) -> PodOutcome:
    """Return the outcome of a pod that failed."""
    # A task here is not evicted: where one was stopped, all were.
    is_final = failure.final or failure.reason is Reason.CANCELED
    return PodOutcome(
        phase=Phase.FAILED,
        message=pod_message(failure.message, final=is_final),
        exit_code=pod_exit_code(failure),
        failure=failure,
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


def _machine_failure(error: OSError) -> Failure:
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

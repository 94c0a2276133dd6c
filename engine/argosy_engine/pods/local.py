"""Run a pod on this machine: driver and launcher in this process, the user's command outside it.

Each attempt has a directory below ``<home>/runs/<run>/work`` with its inputs, outputs, working
directory and temporary files. It is removed when the attempt has succeeded or another one follows.
That of a failed task is kept for inspection until the run is resumed.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from argosy_driver.deciding_pod import decide_task
from argosy_driver.planning.needed_objects import NamedObject, list_missing_objects
from argosy_driver.preparing.local_pod import LocalVolume, make_local_pod
from argosy_driver.preparing.paths import LocalPaths
from argosy_driver.preparing.prepare import prepare
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.upstream_statuses import read_upstream_statuses
from argosy_driver.stand_ins import ObjectKind, is_object_name
from argosy_engine.home.run_directory import RunDirectory
from argosy_engine.pods.commands import LocalCommands, convert_os_error
from argosy_engine.pods.protocol import PodOutcome, PodRequest
from argosy_engine.pods.stop import StopSignal
from argosy_engine.workflow.model import ClaimChange
from argosy_launcher.finish import StepOutcome, finish
from argosy_runs.events import Listener, Notice
from argosy_runs.nodes import NodePhase
from argosy_schemas.errors import ArgosyError, FinalTaskError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.records import AttemptState, Failure, Reason
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.pod import CONTROL, encode_object, format_pod_message
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPods:
    """Runs the pods of one run."""

    pipeline: Pipeline
    context: RunContext
    records: RunRecords
    store: ObjectStore
    """At the home."""
    home: Path
    stores: Stores
    directory: RunDirectory
    resolver: Resolver
    commands: LocalCommands
    now: Callable[[], datetime]
    emit: Listener
    left: dict[TaskPath, Path] = field(default_factory=dict[TaskPath, Path])
    """Directories of failed attempts that were kept."""
    told: set[NamedObject] = field(default_factory=set[NamedObject])
    """Missing objects that the caller knows of."""
    deleted_by: dict[NamedObject, TaskPath] = field(default_factory=dict[NamedObject, TaskPath])
    """Claims that were deleted while this process ran, and by which task."""

    def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
        """Run a pod to its end, or until ``stop`` is set; every failure is an outcome."""
        try:
            if request.claim is not None:
                return self._change_claim(request, request.claim)
            return self._decision(request) if request.decides else self._step(request, stop)
        except ArgosyError as error:
            return _failed(make_failure(error))
        except OSError as error:
            return _failed(convert_os_error(error))
        except Exception as error:
            # The edge of the pod: a fault in it must not end the whole run.
            message = f"{type(error).__name__}: {error}; this is a bug in Argosy"
            return _failed(Failure(reason=Reason.INTERNAL, message=message))

    def _decision(self, request: PodRequest) -> PodOutcome:
        control = decide_task(request.path, resolver=self._resolver(request))
        return PodOutcome(phase=NodePhase.SUCCEEDED, outputs={CONTROL: encode_object(control)})

    def _change_claim(self, request: PodRequest, claim: ClaimChange) -> PodOutcome:
        """Make or remove the directory of a claim; one that the caller gave stays as it is."""
        if not is_object_name(claim.name):
            raise FinalTaskError(
                f"task '{request.path}': '{claim.name}' cannot name a volume claim; use lower "
                "case letters, digits, '-' and '.'",
                reason=Reason.INVALID_INPUT,
            )
        objects = self.context.objects
        if objects is None or claim.name not in objects.given.claims:
            directory = self.directory.claims / claim.name
            if claim.action == "create":
                directory.mkdir(parents=True, exist_ok=True)
            else:
                shutil.rmtree(directory, ignore_errors=True)
                self.deleted_by[ObjectKind.CLAIM, claim.name] = request.path
        return PodOutcome(phase=NodePhase.SUCCEEDED)

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
            paths=LocalPaths(directory / "io", workspace=Path(self.context.workspace)),
            now=self.now,
            read_image=self.commands.runner.image_reader(stop),
        )
        if before is not None:
            if step.decision is Decision.ADOPTED and step.failure is not None:
                # No other attempt follows, so keep the directory of the last one.
                self.left[request.path], before = before, directory
            shutil.rmtree(before, ignore_errors=True)
        self._tell_missing(request, step)
        finished = self._finish(step, request, directory, stop)
        for warning in finished.warnings:
            self.emit(Notice(message=f"{request.path}: {warning}"))
        if finished.failure is None:
            shutil.rmtree(self.left.pop(request.path), ignore_errors=True)
        return self._outcome(finished, adopted=step.decision is Decision.ADOPTED)

    def _list_volumes(self, request: PodRequest) -> tuple[LocalVolume, ...]:
        if not self.pipeline.kubernetes:
            return ()
        resolver = self._resolver(request)
        pod = make_local_pod(resolver, resolver.tree.at(request.path))
        return () if pod is None else pod.volumes

    def _tell_missing(self, request: PodRequest, step: Step) -> None:
        """Name objects of the cluster whose names became known after the run began."""
        if step.decision is not Decision.RUN or not self.pipeline.kubernetes:
            return
        resolver = self._resolver(request)
        for one in list_missing_objects(resolver, resolver.tree.at(request.path)):
            if one in self.told:
                continue
            self.told.add(one)
            kind, name = one
            if task := self.deleted_by.get(one):
                reason = f"was deleted by task '{task}'; let that task run after this one"
            else:
                reason = f"is not on this machine; give {kind.format_option(name)}"
            self.emit(Notice(message=f"{request.path}: {kind} '{name}' {reason}"))

    def _finish(
        self, step: Step, request: PodRequest, directory: Path, stop: StopSignal
    ) -> StepOutcome:
        """Run the command of a step, if it has to run, and store what came of it."""
        if step.decision is not Decision.RUN:
            return finish(step, None, stores=self.stores, store=self.store, now=self.now)
        volumes = self._list_volumes(request)
        with self.commands.run(step, request, directory, stop, volumes=volumes) as ended:
            return finish(
                step,
                ended.end,
                stores=self.stores,
                store=self.store,
                now=self.now,
                locate=ended.locate,
            )

    def _outcome(self, finished: StepOutcome, *, adopted: bool) -> PodOutcome:
        if finished.failure is None:
            outcome = PodOutcome(
                phase=NodePhase.SUCCEEDED,
                outputs={CONTROL: finished.control} if finished.control else {},
                cached=finished.record.state is AttemptState.CACHED,
            )
        else:
            outcome = _failed(finished.failure)
        return replace(outcome, record=finished.record, adopted=adopted)

    def _resolver(self, request: PodRequest) -> Resolver:
        if request.upstream is None:
            return self.resolver
        return Resolver(
            self.pipeline,
            self.context,
            self.records,
            phases=read_upstream_statuses(request.upstream, request.path, self.pipeline),
        )


def _failed(failure: Failure) -> PodOutcome:
    """Return the outcome of a pod that failed."""
    # Nothing evicts a local task: if one was stopped, the run was.
    is_final = failure.final or failure.reason is Reason.CANCELED
    return PodOutcome(
        phase=NodePhase.FAILED,
        message=format_pod_message(failure.message, final=is_final),
        failure=failure,
    )

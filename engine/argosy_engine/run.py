"""Run a compiled workflow on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

from argosy_driver.planning.needed_objects import find_missing_objects
from argosy_driver.planning.rerun import find_outdated
from argosy_engine.assembly import assemble_run
from argosy_engine.containers.program import ContainerProgram, connect
from argosy_engine.home.local_run import LocalRun, create_run, load_run
from argosy_engine.home.run_directory import RunDirectory
from argosy_engine.notices import list_notices
from argosy_engine.pods.emitter import Emitter
from argosy_engine.scheduling.signals import stop_on_signals
from argosy_engine.settings import RunnerName, RunSettings
from argosy_engine.workflow.reading import read_workflow
from argosy_runs.events import Listener, Notice, RunFinished, RunStarted, ignore
from argosy_runs.journal import EngineStarted, RunEnded
from argosy_runs.local.home import find_run
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_runs.viewing.run_result import make_run_result
from argosy_schemas.formats.packed_ir import pack, unpack
from argosy_schemas.names import RunId
from argosy_schemas.values import JsonValue
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store


def run_workflow(
    workflow: Mapping[str, JsonValue],
    ir: bytes,
    *,
    settings: RunSettings,
    parameters: Mapping[str, str] | None = None,
    artifacts: Mapping[str, str] | None = None,
    listener: Listener = ignore,
    run_id: RunId | None = None,
) -> RunResult:
    """Run ``workflow`` to its end and return what became of it.

    SIGINT and SIGTERM stop the run while it lasts, when called in the main thread: the first ends
    what runs and lets the run end as CANCELED, the second kills at once. Handlers are restored.

    Args:
        workflow: What the compiler made, unchanged.
        ir: The packed IR that belongs to it.
        settings: Where and how.
        parameters: Name to text, as ``argo submit -p`` takes it: a STRING as it is, all else JSON.
        artifacts: Input artifact of the pipeline to URI or local path.
        listener: Called with every event.
        run_id: The id of the run, which no other run of the home has; ``None``: a new one.

    Raises:
        InvalidArgumentError: A parameter is missing, not declared, or of the wrong type; or nothing
            can be stored at the root.
        MachineError: The home cannot be written, or the runner's program cannot be used.
        StoreError: The root cannot be reached.
    """
    program = _connect(settings)
    run = create_run(
        read_workflow(workflow),
        workflow,
        ir,
        settings=settings,
        parameters=parameters,
        artifacts=artifacts,
        run_id=run_id,
    )
    directory = RunDirectory(settings.home, run.spec.run_id)
    directory.create(run.spec, ir)
    return _work(run, directory, settings, listener, program, resumed=False)


def resume_run(
    run: str, *, settings: RunSettings, again: Sequence[str] = (), listener: Listener = ignore
) -> RunResult:
    """Resume a run that was stopped, killed or failed, and return what became of it.

    Tasks that have a success record do not run again. Root and cache setting are the run's own.

    Args:
        run: The id of the run, or as many of its first characters as no other run shares.
        settings: As for :func:`run_workflow`.
        again: The paths of tasks that run again with all that follows them, whatever they did
            before, and without the cache.
        listener: Called with every event.

    Raises:
        InvalidArgumentError: No run, or more than one, has such an id; or an engine works on it; or
            the run has no such task.
        MachineError: As for :func:`run_workflow`.
    """
    directory = RunDirectory(settings.home, find_run(settings.home, run))
    if again:
        with directory.locked():
            _outdate_results(directory, again)
    spec, ir = directory.read()
    workflow = read_workflow(spec.workflow)
    stored = load_run(spec, workflow, ir, settings=settings)
    return _work(stored, directory, settings, listener, _connect(settings), resumed=True)


def _outdate_results(directory: RunDirectory, again: Sequence[str]) -> None:
    """Write down which results of a run do not count any more: also for an engine after this."""
    spec, ir = directory.read()
    pipeline = unpack(ir)
    records = RunRecords(open_store(directory.home), spec.run_id, known=pipeline.known)
    outdated = find_outdated(pipeline, records, again)
    directory.replace_ir(pack(replace(pipeline, known=replace(pipeline.known, outdated=outdated))))


def _work(
    run: LocalRun,
    directory: RunDirectory,
    settings: RunSettings,
    listener: Listener,
    program: ContainerProgram | None,
    *,
    resumed: bool,
) -> RunResult:
    """Do what is left to do of a run."""
    run_id, pipeline = run.spec.run_id, run.spec.pipeline
    emit = Emitter(listener)
    with ExitStack() as stack:
        stack.enter_context(directory.locked())
        missing = find_missing_objects(run.pipeline, run.context)
        assembly = assemble_run(
            run,
            directory,
            stack,
            settings=settings,
            now=_now,
            emit=emit,
            resumed=resumed,
            told=missing.keys(),
            program=program,
        )
        started_at = _now()
        assembly.reporter.take(EngineStarted(at=started_at, process=os.getpid(), resumed=resumed))
        emit(RunStarted(run_id=run_id, pipeline=pipeline, at=started_at, resumed=resumed))
        messages = tuple(list_notices(run, settings, missing))
        for message in messages:
            emit(Notice(message=message))
        with stop_on_signals(assembly.engine.request_stop):
            assembly.engine.run()
            ended_at = _now()
            result = make_run_result(
                run.spec,
                assembly.view,
                assembly.values,
                log_root=str(directory.home),
                ended_at=ended_at,
            )
            assembly.reporter.take(RunEnded(at=ended_at, state=result.state, error=result.error))
        if result.state is RunState.SUCCEEDED:
            directory.clear_work()
        emit(RunFinished(run_id=run_id, state=result.state, at=ended_at, error=result.error))
        return replace(result, notices=messages, listener_failure=emit.failure)


def _connect(settings: RunSettings) -> ContainerProgram | None:
    """Return the program that runs containers, before anything of a run is written."""
    if settings.runner is RunnerName.PROCESS:
        return None
    return connect(settings.runner, os.environ)


def _now() -> datetime:
    return datetime.now(UTC)

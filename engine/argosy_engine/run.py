"""Run a compiled workflow on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.told import Told
from argosy_engine.assembly import Assembly, Books, assemble, open_books
from argosy_engine.controller.phase import Phase
from argosy_engine.events import Listener, Notice, RunFinished, RunStarted, ignore
from argosy_engine.home.given_run import GivenRun, described_run, new_run
from argosy_engine.home.run_directory import RunDirectory, find_run
from argosy_engine.notices import notices
from argosy_engine.pods.emitter import Emitter
from argosy_engine.results import RunResult, TaskResult
from argosy_engine.scheduling.signals import stopping_on_signals
from argosy_engine.settings import RunSettings
from argosy_engine.states import RunState, TaskState
from argosy_engine.summary import Summary
from argosy_engine.task_nodes import failed_phases, index_nodes
from argosy_engine.workflow.reading import read_workflow
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.values import JsonValue

_LATEST = datetime.max.replace(tzinfo=UTC)


def run_workflow(
    workflow: Mapping[str, JsonValue],
    ir: bytes,
    *,
    settings: RunSettings,
    parameters: Mapping[str, str] | None = None,
    artifacts: Mapping[str, str] | None = None,
    listener: Listener = ignore,
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
        listener: Told of everything that happens.

    Raises:
        EngineRefusal: The workflow uses something that this engine does not interpret.
        InvalidArgumentError: A parameter is missing, not declared, or of the wrong type; or nothing
            can be stored at the root.
        MachineError: The home cannot be written.
        StoreError: The root cannot be reached.
    """
    given = new_run(
        read_workflow(workflow),
        workflow,
        ir,
        settings=settings,
        parameters=parameters,
        artifacts=artifacts,
    )
    directory = RunDirectory(settings.home, given.description.run_id)
    directory.create(given.description, ir)
    return _work(given, directory, settings, listener, resumed=False)


def resume_run(run: str, *, settings: RunSettings, listener: Listener = ignore) -> RunResult:
    """Go on with a run that was stopped, killed or failed, and return what became of it.

    Tasks that have a success record do not run again. Root and cache setting are the run's own.

    Args:
        run: The id of the run, or as many of its first characters as no other run shares.
        settings: As for :func:`run_workflow`.
        listener: Told of everything that happens.

    Raises:
        InvalidArgumentError: No run, or more than one, has such an id; or an engine works on it.
    """
    directory = RunDirectory(settings.home, find_run(settings.home, run))
    description, ir = directory.read()
    workflow = read_workflow(description.workflow)
    given = described_run(description, workflow, ir, settings=settings)
    return _work(given, directory, settings, listener, resumed=True)


def _work(
    given: GivenRun,
    directory: RunDirectory,
    settings: RunSettings,
    listener: Listener,
    *,
    resumed: bool,
) -> RunResult:
    """Do what is left to do of a run."""
    run_id, pipeline = given.description.run_id, given.description.pipeline
    emit = Emitter(listener)
    with ExitStack() as stack:
        stack.enter_context(directory.locked())
        books = open_books(given, directory, stack, at=_now(), resumed=resumed)
        emit(RunStarted(run_id=run_id, pipeline=pipeline, at=books.started_at, resumed=resumed))
        told = tuple(notices(given.workflow, given.pipeline, settings))
        for sentence in told:
            emit(Notice(message=sentence))
        assembly = assemble(
            given,
            directory,
            books,
            stack,
            settings=settings,
            now=_now,
            emit=emit,
            resumed=resumed,
        )
        with stopping_on_signals(assembly.engine.request_stop):
            phase = assembly.engine.run()
            result = _result(given, books, assembly, phase)
        if result.state is RunState.SUCCEEDED:
            directory.clear_work()
        emit(
            RunFinished(
                run_id=run_id, state=result.state, at=result.finished_at, error=result.error
            )
        )
        return replace(result, notices=told, listener_failure=emit.failure)


def _result(given: GivenRun, books: Books, assembly: Assembly, phase: Phase) -> RunResult:
    """Return what became of a run that has come to its end."""
    finished_at = _now()
    interpreter, stop_failure = assembly.interpreter, assembly.engine.stop_failure
    assert interpreter.root is not None
    nodes = index_nodes(interpreter.root, interpreter.exit_root)
    # A final status is an input that no record of its own holds.
    phases = Told(failed_phases(nodes))
    summary = Summary(
        nodes=nodes,
        ledger=books.ledger,
        resolver=Resolver(given.pipeline, given.facts, assembly.records, phases=phases),
        records=assembly.records,
        stop_failure=stop_failure,
    )
    tasks = summary.tasks()
    state, error = _state(phase, tasks, stop_failure)
    return RunResult(
        run_id=given.description.run_id,
        pipeline=given.description.pipeline,
        state=state,
        started_at=books.started_at,
        finished_at=finished_at,
        error=error,
        outputs=summary.outputs(),
        tasks=tasks,
    )


def _state(
    phase: Phase, tasks: tuple[TaskResult, ...], stopped: Failure | None
) -> tuple[RunState, str | None]:
    """Return the state of a run, and what to say of it."""
    if stopped is not None and stopped.reason is Reason.CANCELED:
        return RunState.CANCELED, stopped.message
    if stopped is not None:
        return RunState.FAILED, stopped.message
    failed = {task.path: task for task in tasks if task.state is TaskState.FAILED}
    # A DAG failed because something in it did, which says more.
    holders: set[str] = set()
    for path in failed:
        outer = path.rpartition("/")[0]
        while outer and outer not in holders:
            holders.add(outer)
            outer = outer.rpartition("/")[0]
    own = [task for path, task in failed.items() if path not in holders]
    if own:
        first = min(own, key=lambda task: task.finished_at or _LATEST)
        return RunState.FAILED, f"'{first.path}' failed: {first.error}"
    if phase is not Phase.SUCCEEDED:
        return RunState.FAILED, f"the workflow ended as {phase.value}"
    return RunState.SUCCEEDED, None


def _now() -> datetime:
    return datetime.now(UTC)

"""Run a compiled workflow on this machine."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argosy_driver.resolver import Resolver
from argosy_driver.run import Run
from argosy_driver.run_parameters import (
    check_artifact_names,
    parse_run_artifacts,
)
from argosy_driver.told import Told
from argosy_engine.emitter import Emitter
from argosy_engine.engine import Engine
from argosy_engine.environments.environments import Environments
from argosy_engine.events import Listener, Notice, RunFinished, RunStarted, ignore
from argosy_engine.interpreter import Interpreter
from argosy_engine.journal import Journal, attempts_before
from argosy_engine.known_records import KnownRecords
from argosy_engine.ledger import Ledger
from argosy_engine.local_commands import LocalCommands
from argosy_engine.local_pods import LocalPods
from argosy_engine.notices import notices
from argosy_engine.phase import Phase
from argosy_engine.pipeline_tasks import PipelineTasks
from argosy_engine.reading import read_workflow
from argosy_engine.results import RunResult, TaskResult
from argosy_engine.run_directory import RunDescription, RunDirectory, find_run, unwritable
from argosy_engine.settings import PIPELINE_ROOT, RunSettings
from argosy_engine.signals import stopping_on_signals
from argosy_engine.states import RunState, TaskState
from argosy_engine.summary import Summary
from argosy_engine.task_nodes import failed_phases, index_nodes
from argosy_engine.telling import Telling
from argosy_engine.watchdog import Watchdog
from argosy_engine.workflow import Workflow
from argosy_schemas.ir import Pipeline
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.packed_ir import unpack
from argosy_schemas.records import Failure, Reason
from argosy_schemas.run_parameters import parse_run_parameters
from argosy_schemas.values import JsonValue
from argosy_store.locations import read_location
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

_LATEST = datetime.max.replace(tzinfo=UTC)
_ARTIFACTS = "artifacts"
"""Below the home: the pipeline root of runs that were given none."""


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
        InvalidArgumentError: A parameter is missing, not declared, or of the wrong type.
        MachineError: The home cannot be written.
        StoreError: The root cannot be reached.
    """
    read = read_workflow(workflow)
    pipeline = unpack(ir)
    check_artifact_names(pipeline, artifacts or {})
    given = {**(parameters or {}), **(artifacts or {})}
    run_id = RunId(str(uuid.uuid4()))
    description = RunDescription(
        run_id=run_id,
        # As Kubernetes does with `generateName`.
        name=f"{read.name}-{secrets.token_hex(3)[:5]}",
        pipeline=pipeline.name,
        created_at=datetime.now(UTC),
        parameters=given,
        root=root_of(pipeline, settings),
        cache=settings.cache,
        workflow=workflow,
    )
    # Refused before anything is written.
    run_facts = run_facts_of(description, read, pipeline, settings)
    read_location(description.root)
    directory = RunDirectory(settings.home, run_id)
    directory.create(description, ir)
    return _work(directory, description, read, pipeline, run_facts, settings, listener)


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
    read = read_workflow(description.workflow)
    pipeline = unpack(ir)
    run_facts = run_facts_of(description, read, pipeline, settings)
    return _work(
        directory, description, read, pipeline, run_facts, settings, listener, resumed=True
    )


def _work(
    directory: RunDirectory,
    description: RunDescription,
    workflow: Workflow,
    pipeline: Pipeline,
    run_facts: Run,
    settings: RunSettings,
    listener: Listener,
    *,
    resumed: bool = False,
) -> RunResult:
    """Do what is left to do of a run."""
    emit = Emitter(listener)
    with ExitStack() as stack:
        stack.enter_context(directory.locked())
        directory.clear_work()
        started_at = _now()
        try:
            if pipeline.pipeline_config.get("workspace"):
                directory.workspace.mkdir(exist_ok=True)
            ledger = Ledger(attempts_before(directory.journal))
            journal = Journal(directory.journal)
            stack.callback(journal.close)
            journal.engine_started(started_at, resumed=resumed)
        except OSError as problem:
            raise unwritable(directory.path, problem) from problem
        emit(
            RunStarted(
                run_id=description.run_id,
                pipeline=description.pipeline,
                at=started_at,
                resumed=resumed,
            )
        )
        told = tuple(notices(workflow, pipeline, settings))
        for sentence in told:
            emit(Notice(message=sentence))
        stores = stack.enter_context(Stores(description.root))
        home = settings.home.absolute()
        store = stores.open(home)
        records = KnownRecords(RunRecords(store, description.run_id))
        resolver = Resolver(pipeline, run_facts, records)
        interpreter = Interpreter(
            workflow,
            parameters=description.parameters,
            variables={"name": description.name, "uid": description.run_id},
        )
        pipeline_tasks = PipelineTasks(pipeline)

        def on_skip(path: TaskPath) -> None:
            # Before the run went on it may have run, and its result would count as that of a branch
            # that was taken.
            if resumed:
                records.delete_success(path)

        pods = LocalPods(
            pipeline=pipeline,
            run_facts=run_facts,
            records=records,
            store=store,
            home=home,
            stores=stores,
            directory=directory,
            resolver=resolver,
            commands=LocalCommands(
                run_name=description.name,
                home=home,
                environments=Environments(keep_pins=settings.keep_pins),
                inherited=os.environ if settings.environment is None else settings.environment,
                watchdog=stack.enter_context(Watchdog()),
                grace=settings.grace,
                emit=emit,
            ),
            now=_now,
            emit=emit,
        )
        engine = Engine(
            interpreter,
            pods,
            jobs=settings.jobs,
            now=_now,
            observer=Telling(
                workflow=workflow,
                journal=journal,
                ledger=ledger,
                emit=emit,
                pipeline_tasks=pipeline_tasks,
                undecided=resolver.undecided,
                on_skip=on_skip,
            ),
            deadline=None
            if workflow.deadline_seconds is None
            else timedelta(seconds=workflow.deadline_seconds),
            grace=settings.grace,
        )
        with stopping_on_signals(engine.request_stop):
            phase = engine.run()
            finished_at = _now()
            assert interpreter.root is not None
            nodes = index_nodes(interpreter.root, interpreter.exit_root)
            summary = Summary(
                pipeline=pipeline,
                nodes=nodes,
                ledger=ledger,
                # A final status is an input that no record of its own holds.
                resolver=Resolver(pipeline, run_facts, records, phases=Told(failed_phases(nodes))),
                records=records,
                stop_failure=engine.stop_failure,
                pipeline_tasks=pipeline_tasks,
            )
            tasks = summary.tasks()
            state, error = _state(phase, tasks, engine.stop_failure)
            result = RunResult(
                run_id=description.run_id,
                pipeline=description.pipeline,
                state=state,
                started_at=started_at,
                finished_at=finished_at,
                error=error,
                outputs=summary.outputs(),
                tasks=tasks,
                notices=told if emit.failure is None else (*told, emit.failure),
            )
        if state is RunState.SUCCEEDED:
            directory.clear_work()
        emit(RunFinished(run_id=description.run_id, state=state, at=finished_at, error=error))
        return result


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


def run_facts_of(
    description: RunDescription, workflow: Workflow, pipeline: Pipeline, settings: RunSettings
) -> Run:
    """Return what driver and resolver need to know of a run.

    Raises:
        InvalidArgumentError: A parameter or artifact is wrong.
    """
    inputs = pipeline.root.inputs
    texts: dict[str, str | None] = {
        name: workflow.arguments.get(name) for name in (*inputs.parameters, *inputs.artifacts)
    }
    texts.update(description.parameters)
    return Run(
        id=description.run_id,
        name=description.name,
        created_at=description.created_at,
        root=description.root,
        parameters=parse_run_parameters(pipeline, texts),
        artifacts=parse_run_artifacts(pipeline, texts),
        workspace=str(RunDirectory(settings.home, description.run_id).workspace),
        cache=description.cache,
    )


def root_of(pipeline: Pipeline, settings: RunSettings) -> str:
    """Return where the artifacts of a run go."""
    root = settings.root
    if root == PIPELINE_ROOT:
        root = pipeline.default_pipeline_root or None
    if root is None:
        return str(settings.home.absolute() / _ARTIFACTS)
    return root if "://" in root else str(Path(root).absolute())


def _now() -> datetime:
    return datetime.now(UTC)

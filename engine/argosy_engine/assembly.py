"""Assemble the parts that work on a run: its view, records, pods and engine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from argosy_driver.planning.needed_objects import NamedObject
from argosy_driver.resolving.resolver import Resolver
from argosy_engine.containers.images import Images
from argosy_engine.containers.program import ContainerProgram
from argosy_engine.containers.run_arguments import Mount
from argosy_engine.containers.runner import ContainerRunner
from argosy_engine.controller.interpreter import Interpreter
from argosy_engine.environments.environments import Environments
from argosy_engine.home.journal import JournalWriter
from argosy_engine.home.local_run import LocalRun
from argosy_engine.home.run_directory import RunDirectory, make_unwritable_error
from argosy_engine.pods.commands import LocalCommands
from argosy_engine.pods.emitter import Emitter
from argosy_engine.pods.local import LocalPods
from argosy_engine.pods.process_runner import ProcessRunner
from argosy_engine.pods.runner import Runner
from argosy_engine.pods.watchdog import Watchdog
from argosy_engine.reporter import Reporter
from argosy_engine.scheduling.loop import Engine
from argosy_engine.settings import RunSettings
from argosy_runs.journal import JournalReader
from argosy_runs.local.home import make_absolute
from argosy_runs.viewing.task_nodes import NodeIndex
from argosy_runs.viewing.values import TaskValues
from argosy_runs.viewing.view import RunView
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.names import TaskPath
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

_CACHED_RECORDS: Final = 20_000
"""Enough for most runs to read each record once; a record is small, large values are apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The parts of a run that the caller drives and asks."""

    engine: Engine
    reporter: Reporter
    view: RunView
    values: TaskValues


def assemble_run(
    run: LocalRun,
    directory: RunDirectory,
    stack: ExitStack,
    *,
    settings: RunSettings,
    now: Callable[[], datetime],
    emit: Emitter,
    resumed: bool,
    told: Iterable[NamedObject],
    program: ContainerProgram | None,
) -> Assembly:
    """Return the parts of a run whose directory is locked; ``stack`` closes what has to be closed.

    Args:
        run: The run.
        directory: Its directory.
        stack: Closes what is opened.
        settings: Where and how.
        now: Returns the time in UTC.
        emit: Told of everything that happens.
        resumed: Whether it was begun before.
        told: Missing objects of which the caller was told.
        program: Runs main commands in containers; ``None``: they are processes.

    Raises:
        MachineError: The directory cannot be written.
        StoreError: The root cannot be reached.
    """
    journal = _prepare(run, directory, stack)
    stores = stack.enter_context(Stores(run.spec.root))
    store = stores.open(directory.home)
    records = RunRecords(
        store, run.spec.run_id, known=run.pipeline.known, cached_records=_CACHED_RECORDS
    )
    nodes = NodeIndex()
    values = TaskValues(run.pipeline, run.context, records, nodes)
    view = RunView(
        values.tree,
        nodes,
        values,
        exit_tasks=WorkflowDocument(run.spec.workflow).exit_tasks,
        known=run.pipeline.known,
    )
    for entry in JournalReader(directory.journal).read():
        view.take(entry)

    def on_skip(path: TaskPath) -> None:
        # The task may have run before the run was resumed. Its result would still count, although
        # its branch is not taken now.
        if resumed:
            records.delete_success(path)

    reporter = Reporter(
        journal=journal,
        view=view,
        values=values,
        home=directory.home,
        emit=emit,
        on_skip=on_skip,
    )
    pods = LocalPods(
        pipeline=run.pipeline,
        context=run.context,
        records=records,
        store=store,
        home=directory.home,
        stores=stores,
        directory=directory,
        resolver=Resolver(run.pipeline, run.context, records),
        commands=_commands(run, directory, settings, stack, emit, program),
        now=now,
        emit=emit,
        told=set(told),
    )
    seconds = run.workflow.deadline_seconds
    engine = Engine(
        Interpreter(
            run.workflow,
            parameters=run.spec.parameters,
            variables={"name": run.spec.name, "uid": run.spec.run_id},
        ),
        pods,
        jobs=settings.jobs,
        now=now,
        observer=reporter,
        deadline=None if seconds is None else timedelta(seconds=seconds),
        grace=settings.grace,
        stop_requested=directory.take_stop_request,
    )
    return Assembly(engine=engine, reporter=reporter, view=view, values=values)


def _prepare(run: LocalRun, directory: RunDirectory, stack: ExitStack) -> JournalWriter:
    """Make the directory of a run ready for an engine, and open its journal."""
    directory.clear_work()
    # A request that came too late for the previous engine.
    directory.take_stop_request()
    try:
        if run.pipeline.pipeline_config.workspace is not None:
            directory.workspace.mkdir(exist_ok=True)
        journal = JournalWriter(directory.journal)
    except OSError as problem:
        raise make_unwritable_error(directory.path, problem) from problem
    stack.callback(journal.close)
    return journal


def _commands(
    run: LocalRun,
    directory: RunDirectory,
    settings: RunSettings,
    stack: ExitStack,
    emit: Emitter,
    program: ContainerProgram | None,
) -> LocalCommands:
    inherited = os.environ if settings.environment is None else settings.environment
    if program is None:
        watchdog = Watchdog()
        runner: Runner = ProcessRunner(
            environments=Environments(keep_pins=settings.keep_pins), inherited=inherited
        )
    else:
        # New for each engine: the watchdog of one that was killed must not remove our containers.
        label = f"argosy.engine={secrets.token_hex(8)}"
        watchdog = Watchdog(program.make_removal(label), program.environment)
        runner = ContainerRunner(
            program=program,
            images=Images(program, emit),
            label=label,
            mounts=tuple(_make_mounts(run, directory)),
            inherited=inherited,
        )
    return LocalCommands(
        run_name=run.spec.name,
        home=make_absolute(settings.home),
        runner=runner,
        watchdog=stack.enter_context(watchdog),
        grace=settings.grace,
        emit=emit,
    )


def _make_mounts(run: LocalRun, directory: RunDirectory) -> Iterator[Mount]:
    """Yield what all containers of a run see."""
    for own in (directory.workspace, directory.claims):
        yield Mount(path=own, is_writable=True)
    if run.context.objects is not None:
        given = run.context.objects.given
        yield from (Mount(path=Path(path), is_writable=True) for path in given.claims.values())
        for path in (*given.secrets.values(), *given.config_maps.values()):
            yield Mount(path=Path(path))
    scheme, _, root = run.spec.root.rpartition("://")
    if scheme in ("", "file"):
        # A component may pass on the path of an artifact as text.
        yield Mount(path=Path(root))

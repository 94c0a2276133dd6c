"""Put together what a run is made of: books, records, pods, and the engine that drives them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from argosy_driver.resolving.resolver import Resolver
from argosy_engine.controller.interpreter import Interpreter
from argosy_engine.environments.environments import Environments
from argosy_engine.home.given_run import GivenRun
from argosy_engine.home.journal import Journal, attempts_before
from argosy_engine.home.known_records import KnownRecords
from argosy_engine.home.run_directory import RunDirectory, unwritable
from argosy_engine.ledger import Ledger
from argosy_engine.pods.commands import LocalCommands
from argosy_engine.pods.emitter import Emitter
from argosy_engine.pods.local import LocalPods
from argosy_engine.pods.watchdog import Watchdog
from argosy_engine.scheduling.loop import Engine
from argosy_engine.settings import RunSettings
from argosy_engine.telling import Telling
from argosy_schemas.names import TaskPath
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is taken down while a run lasts."""

    started_at: datetime
    """When this engine began to work on it."""
    journal: Journal
    ledger: Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The parts of a run that are asked when it has come to its end."""

    interpreter: Interpreter
    engine: Engine
    records: KnownRecords


def open_books(
    given: GivenRun, directory: RunDirectory, stack: ExitStack, *, at: datetime, resumed: bool
) -> Books:
    """Open the books in the run's directory, which has to be locked; ``stack`` closes them.

    Raises:
        MachineError: The directory cannot be written.
    """
    directory.clear_work()
    try:
        if given.pipeline.pipeline_config.get("workspace"):
            directory.workspace.mkdir(exist_ok=True)
        ledger = Ledger(attempts_before(directory.journal))
        journal = Journal(directory.journal)
        stack.callback(journal.close)
        journal.engine_started(at, resumed=resumed)
    except OSError as problem:
        raise unwritable(directory.path, problem) from problem
    return Books(started_at=at, journal=journal, ledger=ledger)


def assemble(
    given: GivenRun,
    directory: RunDirectory,
    books: Books,
    stack: ExitStack,
    *,
    settings: RunSettings,
    now: Callable[[], datetime],
    emit: Emitter,
    resumed: bool,
) -> Assembly:
    """Return the parts of a run; ``stack`` closes what has to be closed.

    Raises:
        StoreError: The root cannot be reached.
    """
    home = settings.home.absolute()
    stores = stack.enter_context(Stores(given.description.root))
    store = stores.open(home)
    records = KnownRecords(RunRecords(store, given.description.run_id))
    resolver = Resolver(given.pipeline, given.facts, records)
    interpreter = Interpreter(
        given.workflow,
        parameters=given.description.parameters,
        variables={"name": given.description.name, "uid": given.description.run_id},
    )

    def on_skip(path: TaskPath) -> None:
        # Before the run went on it may have run, and its result would count as that of a branch
        # that was taken.
        if resumed:
            records.delete_success(path)

    pods = LocalPods(
        pipeline=given.pipeline,
        run_facts=given.facts,
        records=records,
        store=store,
        home=home,
        stores=stores,
        directory=directory,
        resolver=resolver,
        commands=_commands(given, settings, stack, emit),
        now=now,
        emit=emit,
    )
    telling = Telling(
        workflow=given.workflow,
        journal=books.journal,
        ledger=books.ledger,
        emit=emit,
        tree=resolver.tree,
        undecided=resolver.undecided,
        on_skip=on_skip,
    )
    seconds = given.workflow.deadline_seconds
    engine = Engine(
        interpreter,
        pods,
        jobs=settings.jobs,
        now=now,
        observer=telling,
        deadline=None if seconds is None else timedelta(seconds=seconds),
        grace=settings.grace,
    )
    return Assembly(interpreter=interpreter, engine=engine, records=records)


def _commands(
    given: GivenRun, settings: RunSettings, stack: ExitStack, emit: Emitter
) -> LocalCommands:
    return LocalCommands(
        run_name=given.description.name,
        home=settings.home.absolute(),
        environments=Environments(keep_pins=settings.keep_pins),
        inherited=os.environ if settings.environment is None else settings.environment,
        watchdog=stack.enter_context(Watchdog()),
        grace=settings.grace,
        emit=emit,
    )

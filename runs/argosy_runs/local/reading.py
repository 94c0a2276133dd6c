"""Read what became of a run on this machine: while it lasts, after its end, and after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from argosy_runs.journal import EngineStarted, JournalReader
from argosy_runs.local.home import RunFiles, find_run
from argosy_runs.results import RunResult
from argosy_runs.viewing.run_result import make_run_result
from argosy_runs.viewing.run_spec import make_run_context
from argosy_runs.viewing.task_nodes import NodeIndex
from argosy_runs.viewing.values import TaskValues
from argosy_runs.viewing.view import Abandonment, RunView
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.names import RunId
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store

_KILLED = Abandonment(
    cause="the engine was killed",
    error="the engine was killed; resume the run to go on with it",
)


_CACHED_RECORDS: Final = 20_000
"""Of a run that is followed: more than most have, so that each record is read once."""


def read_run(home: Path, run: str) -> RunResult:
    """Return what became of a run so far.

    After its end it is what the run itself returned. While an engine works on it, tasks may be
    PENDING or RUNNING. Where its engine was killed, what ran then is CANCELED.

    Args:
        home: Where it was started.
        run: Its id, or as many of its first characters as no other run shares.

    Raises:
        InvalidArgumentError: There is no such run, more than one, or it cannot be read.
        FormatError: Its journal is damaged, or of a newer release.
        StoreError: The home cannot be read.
    """
    return RunFollower(home, find_run(home, run)).read()


class RunFollower:
    """Reads a run as often as asked, each line of its journal once. For one thread."""

    def __init__(self, home: Path, run_id: RunId) -> None:
        """Read what the run was given.

        Args:
            home: Where it was started.
            run_id: Its id.

        Raises:
            InvalidArgumentError: It cannot be read.
            StoreError: The home cannot be read.
        """
        self._files = RunFiles(home, run_id)
        self._spec, ir = self._files.read()
        self._pipeline = unpack(ir)
        self._store = open_store(self._files.home)
        self._begin()

    def _begin(self) -> None:
        """Forget what was read."""
        pipeline = self._pipeline
        context = make_run_context(self._spec, pipeline, workspace=self._files.workspace)
        records = RunRecords(
            self._store, self._spec.run_id, known=pipeline.known, cached_records=_CACHED_RECORDS
        )
        nodes = NodeIndex()
        self._values = TaskValues(pipeline, context, records, nodes)
        self._view = RunView(
            self._values.tree,
            nodes,
            self._values,
            exit_tasks=WorkflowDocument(self._spec.workflow).exit_tasks,
            known=pipeline.known,
        )
        self._journal = JournalReader(self._files.journal)

    def read(self) -> RunResult:
        """Return what became of the run so far, as :func:`read_run`.

        Raises:
            FormatError: Its journal is damaged, or of a newer release.
            StoreError: The home cannot be read.
        """
        # Read before the journal: an engine that ends meanwhile has written all of it.
        is_locked = self._files.is_locked()
        self._take_entries()
        is_killed = not is_locked and not self._view.is_over
        if is_killed:
            self._view.abandon(_KILLED)
        result = make_run_result(
            self._spec,
            self._view,
            self._values,
            log_root=str(self._files.home),
            ended_at=self._view.updated_at or self._spec.created_at,
        )
        if is_killed:
            # Another engine may go on with it.
            self._begin()
        return result

    def _take_entries(self) -> None:
        entries = list(self._journal.read())
        is_resumed = self._view.started_at is not None and any(
            isinstance(entry, EngineStarted) for entry in entries
        )
        if is_resumed:
            # It may have replaced records that were read.
            self._begin()
            entries = list(self._journal.read())
        for entry in entries:
            self._view.take(entry)

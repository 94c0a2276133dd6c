"""Read what became of a run on this machine: while it lasts, after its end, and after a kill."""

from __future__ import annotations

from pathlib import Path

from argosy_runs.journal import JournalReader
from argosy_runs.local.home import RunFiles, find_run
from argosy_runs.results import RunResult
from argosy_runs.viewing.run_result import make_run_result
from argosy_runs.viewing.run_spec import make_run_context
from argosy_runs.viewing.task_nodes import NodeIndex
from argosy_runs.viewing.values import TaskValues
from argosy_runs.viewing.view import Abandonment, RunView
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.formats.packed_ir import unpack
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store

_KILLED = Abandonment(
    cause="the engine was killed",
    error="the engine was killed; resume the run to go on with it",
)


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
    files = RunFiles(home, find_run(home, run))
    # Read before the journal: an engine that ends meanwhile has written all of it.
    is_locked = files.is_locked()
    spec, ir = files.read()
    pipeline = unpack(ir)
    context = make_run_context(spec, pipeline, workspace=files.workspace)
    records = RunRecords(open_store(files.home), spec.run_id, known=pipeline.known)
    nodes = NodeIndex()
    values = TaskValues(pipeline, context, records, nodes)
    view = RunView(
        values.tree,
        nodes,
        values,
        exit_tasks=WorkflowDocument(spec.workflow).exit_tasks,
        known=pipeline.known,
    )
    for entry in JournalReader(files.journal).read():
        view.take(entry)
    if not is_locked and not view.is_over:
        view.abandon(_KILLED)
    ended_at = view.updated_at or spec.created_at
    return make_run_result(spec, view, values, log_root=str(files.home), ended_at=ended_at)

"""The runs of a namespace: from its Workflows, and from the records in their stores."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from argosy_cluster.cluster import Cluster, Document, find_object
from argosy_cluster.resources import NAMESPACES, WORKFLOWS
from argosy_cluster.runs.diagnoses import diagnose_tasks
from argosy_cluster.runs.kept_workflows import read_kept_workflow
from argosy_cluster.runs.logs import ClusterLogReader, read_last_pod_lines
from argosy_cluster.runs.reading import RunReader
from argosy_cluster.runs.workflows import Sources, find_sources, is_over, make_entry, read_age
from argosy_cluster.watching import follow
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.argo.waiting import explain_waiting
from argosy_runs.causes import Explanation, explain_run, find_causes, select_causes
from argosy_runs.log_lines import keep_last_lines
from argosy_runs.places import (
    Deletion,
    RunEntry,
    RunLog,
    RunReference,
    select_latest,
    write_command,
)
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.stored import (
    ArtifactRoot,
    References,
    delete_artifacts,
    delete_cache_entries,
    delete_records,
)
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.errors import (
    AccessDeniedError,
    ClusterError,
    InvalidArgumentError,
    MissingNameError,
    MissingObjectError,
    StoreError,
)
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.pod import PIPELINE_LABEL, ROOT_PARAMETER
from argosy_store.locations import join_uri
from argosy_store.objects import ObjectStore

_RUN_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATIENCE_SECONDS: Final = 5.0
"""How long a store may take to answer: a person waits, and much is known without it."""


class ClusterRuns:
    """The runs of one namespace. For one thread."""

    # The methods of `RunPlace` are documented there, once.

    def __init__(
        self,
        cluster: Cluster,
        *,
        store_url: str | None = None,
        only_store: str | None = None,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        """Ask nothing yet.

        Args:
            cluster: Where the workflows are.
            store_url: Where to look for runs whose workflow is gone; ``None``: nowhere.
            only_store: The store of all runs, whatever their workflows say; ``None``: these say it.
            patience_seconds: How long a store may take to answer.
        """
        self.cluster = cluster
        self.store_url = store_url
        self.reader = RunReader(cluster, patience_seconds=patience_seconds, only_store=only_store)
        self._selected: Document | None = None
        """The workflow that was read to select a run; the next call that needs it takes it."""
        self._sources: dict[str, Sources] = {}
        """Where IR and store of runs are, by the name of the workflow; that never changes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.reader.close()
        self.cluster.close()

    @property
    def label(self) -> str:
        return f"namespace '{self.cluster.namespace}' of cluster '{self.cluster.name}'"

    def list(self) -> Sequence[RunEntry]:
        rows = self.cluster.list_rows(WORKFLOWS, labels=PIPELINE_LABEL)
        # Of a run that was retried, the workflow that works on it now.
        newest: dict[RunId, tuple[tuple[str, int], RunEntry]] = {}
        for row in rows:
            entry, at = make_entry(row), read_age(row)
            if entry.run_id not in newest or at >= newest[entry.run_id][0]:
                newest[entry.run_id] = at, entry
        if not newest:
            self._check_namespace()
        entries = (entry for _, entry in newest.values())
        return sorted(entries, key=lambda each: (each.created_at, each.run_id), reverse=True)

    def _check_namespace(self) -> None:
        """Refuse a namespace that does not exist: a list of it is empty as well."""
        # Who may not read namespaces is told nothing about them.
        with contextlib.suppress(AccessDeniedError):
            self.cluster.get(NAMESPACES, self.cluster.namespace)

    def select(self, text: str) -> RunReference:
        if text.startswith("@"):
            return _refer(select_latest(text, self.list, label=self.label))
        try:
            # Most often it is the name of a workflow, and no list is needed.
            found: Any = self.cluster.get(WORKFLOWS, text)
        except MissingNameError:
            pass
        else:
            self._selected = found
            metadata = found["metadata"]
            return RunReference(run_id=read_run_identity(metadata).run_id, name=metadata["name"])
        entries = [entry for entry in self.list() if entry.run_id.startswith(text)]
        if len(entries) > 1:
            raise InvalidArgumentError(
                f"'{text}' fits {len(entries)} runs, '{entries[0].name}' and '{entries[1].name}' "
                "among them; give more characters, or a name"
            )
        if entries:
            return _refer(entries[0])
        if _RUN_ID.fullmatch(text) and self._recorded(RunId(text)) is not None:
            return RunReference(run_id=RunId(text))
        raise MissingObjectError(
            f"there is no run '{text}' in {self.label}; '{self.command('list')}' shows those that "
            "there are"
        )

    def read(self, run: RunReference, *, with_values: bool = True) -> RunResult:
        if run.name is None:
            found = self._recorded(run.run_id, with_values=with_values)
            if found is None:
                raise _make_gone_error(run)
            return found
        return self.reader.read(self._take_selected(run), with_values=with_values)

    def _take_selected(self, run: RunReference) -> Document:
        """Return the workflow of a run as it was selected, once; afterwards as it is."""
        found, self._selected = self._peek_selected(run), None
        return self.workflow(run) if found is None else found

    def _peek_selected(self, run: RunReference) -> Document | None:
        found = self._selected
        is_same = found is not None and find_object(found, "metadata").get("name") == run.name
        return found if is_same else None

    def _sources_of(self, run: RunReference) -> Sources:
        """Return where IR and store of a run are, which never changes."""
        if run.label not in self._sources:
            self._sources[run.label] = find_sources(self._peek_selected(run) or self.workflow(run))
        return self._sources[run.label]

    def explain(self, run: RunReference, *, task: str | None, tail: int) -> Explanation:
        if run.name is None:
            return self._explain_recorded(run, task=task, tail=tail)
        workflow = self._take_selected(run)
        result = self.reader.read(workflow, with_values=False)
        go_on = self.command("retry", run)
        diagnoses = diagnose_tasks(self.cluster, workflow, result, go_on=go_on)
        causes = find_causes(result, diagnoses.by_path, go_on=go_on)
        wanted = select_causes(causes, task)
        waiting = explain_waiting(
            workflow, now=datetime.now(UTC), options=shlex.join(self.cluster.options)
        )
        notices = [*result.notices, *diagnoses.notices]
        _, store = self.reader.store_of(find_sources(workflow))
        last_lines: dict[TaskPath, tuple[str, ...]] = {}
        for cause in wanted:
            path = cause.task.path
            try:
                last_lines[path] = _read_last_lines(
                    self.cluster, diagnoses.pods.get(path), store, run.run_id, cause.task, tail
                )
            except (StoreError, ClusterError) as error:
                last_lines[path] = ()
                notices.append(f"the log of '{path}' cannot be read: {error}")
        return Explanation(
            run=result,
            causes=wanted,
            summary=explain_run(result, causes) if waiting is None else waiting,
            last_lines=last_lines,
            logs=self.command("logs", run),
            notices=tuple(dict.fromkeys(notices)),
        )

    def _explain_recorded(self, run: RunReference, *, task: str | None, tail: int) -> Explanation:
        """Explain a run whose workflow is gone, by its records."""
        result = self.read(run, with_values=False)
        causes = find_causes(result, go_on=self.command("retry", run))
        wanted = select_causes(causes, task)
        store = None if self.store_url is None else self.reader.open(self.store_url)
        return Explanation(
            run=result,
            causes=wanted,
            summary=explain_run(result, causes),
            last_lines={
                cause.task.path: _read_last_lines(
                    self.cluster, None, store, run.run_id, cause.task, tail
                )
                for cause in wanted
            },
            logs=self.command("logs", run),
            notices=result.notices,
        )

    def _recorded(self, run_id: RunId, *, with_values: bool = False) -> RunResult | None:
        """Return what the records of a run without a workflow say; ``None``: there are none."""
        if self.store_url is None:
            return None
        return self.reader.read_recorded(self.store_url, run_id, with_values=with_values)

    def workflow(self, run: RunReference) -> Document:
        """Return the Workflow of a run.

        Raises:
            MissingObjectError: It is gone.
            ClusterError: The cluster does not give it.
        """
        if run.name is None:
            raise _make_gone_error(run)
        # What was selected is older.
        self._selected = None
        return self.cluster.get(WORKFLOWS, run.label)

    def is_over(self, run: RunReference) -> bool:
        return run.name is None or is_over(self.workflow(run))

    def follow(self, run: RunReference) -> Iterator[RunResult]:
        if run.name is None:
            yield self.read(run, with_values=False)
            return
        for workflow in follow(self.cluster, WORKFLOWS, self._take_selected(run)):
            yield self.reader.read(workflow, with_values=False)
            if is_over(workflow):
                return
        raise MissingObjectError(
            f"workflow '{run.label}' was deleted while the run was followed; its records may be in "
            "its store"
        )

    def open_log(
        self, run: RunReference, task: str | None = None, *, sdk_lines: bool = False
    ) -> RunLog:
        if run.name is None:
            cluster = None
            store = None if self.store_url is None else self.reader.open(self.store_url)
        else:
            cluster = self.cluster
            _, store = self.reader.store_of(self._sources_of(run))
        return ClusterLogReader(
            cluster,
            store,
            workflow=run.label,
            run_id=run.run_id,
            task=task,
            sdk_lines=sdk_lines,
        )

    def command(self, verb: str, run: RunReference | None = None) -> str:
        return write_command(verb, run, self.cluster.options)

    def stop(self, run: RunReference, *, at_once: bool) -> None:
        workflow = self.workflow(run)
        find_sources(workflow)
        if is_over(workflow):
            status: Any = workflow["status"]
            raise InvalidArgumentError(
                f"run '{run.label}' has ended ({status['phase']}); only a run that has not ended "
                "can be stopped"
            )
        shutdown = "Terminate" if at_once else "Stop"
        self.cluster.patch(WORKFLOWS, run.label, {"spec": {"shutdown": shutdown}})

    def delete(self, run: RunReference, *, artifacts: bool) -> Deletion:
        if run.name is None:
            return self._delete_recorded(run, artifacts=artifacts)
        workflow = self.workflow(run)
        find_sources(workflow)
        if not is_over(workflow):
            raise InvalidArgumentError(
                f"run '{run.label}' has not ended; stop it first with '{self.command('stop', run)}'"
            )
        notices: tuple[str, ...] = ()
        deleted, kept = 0, tuple[str, ...]()
        try:
            url, store = self.reader.store_of(find_sources(workflow))
            if store is None:
                raise StoreError("the workflow does not name it", retryable=False)
            references = References(store, [run.run_id])
            if artifacts:
                deleted, kept = self._delete_artifacts(workflow, run.run_id, url, store, references)
            kept += _delete_records(run.run_id, store, references)
        except StoreError as error:
            # Somebody who may not reach the store must be able to clean up the namespace.
            notices = (f"its records stay in the store, which cannot be used from here: {error}",)
        # Last: until then the run is there, and can be deleted again.
        self.cluster.delete(WORKFLOWS, run.label)
        if read_run_identity(find_object(workflow, "metadata")).is_retried:
            self._delete_earlier(run.run_id)
        return Deletion(
            run_id=run.run_id, deleted_artifacts=deleted, kept=tuple(sorted(kept)), notices=notices
        )

    def _delete_recorded(self, run: RunReference, *, artifacts: bool) -> Deletion:
        """Delete the records of a run whose workflow is gone, and its artifacts by the copy."""
        if self.store_url is None:
            raise _make_gone_error(run)
        store = self.reader.open(self.store_url)
        references = References(store, [run.run_id])
        workflow = read_kept_workflow(run.run_id, store) if artifacts else None
        deleted, kept, notices = 0, tuple[str, ...](), tuple[str, ...]()
        try:
            if workflow is not None:
                deleted, kept = self._delete_artifacts(
                    workflow, run.run_id, self.store_url, store, references
                )
            elif artifacts:
                notices = ("its artifacts stay: only its workflow knew their root",)
        except (InvalidArgumentError, MissingObjectError) as error:
            notices = (f"its artifacts stay, since its pipeline cannot be read: {error}",)
        kept += _delete_records(run.run_id, store, references)
        return Deletion(
            run_id=run.run_id, deleted_artifacts=deleted, kept=tuple(sorted(kept)), notices=notices
        )

    def _delete_earlier(self, run_id: RunId) -> None:
        """Delete the other workflows that worked on a run."""
        for row in list(self.cluster.list_rows(WORKFLOWS, labels=PIPELINE_LABEL)):
            if read_run_identity(row).run_id == run_id:
                with contextlib.suppress(MissingObjectError):
                    self.cluster.delete(WORKFLOWS, str(row["name"]))

    def _delete_artifacts(
        self,
        workflow: Document,
        run_id: RunId,
        url: str,
        store: ObjectStore,
        references: References,
    ) -> tuple[int, tuple[str, ...]]:
        """Delete the artifacts of a run that no other uses; return their number and what stays."""
        metadata: Any = workflow["metadata"]
        pipeline = self.reader.read_pipeline(find_sources(workflow), store, metadata["name"])
        root = WorkflowDocument(workflow).arguments.get(ROOT_PARAMETER)
        place = root or pipeline.default_pipeline_root or join_uri(url, "artifacts")
        return delete_artifacts(
            ArtifactRoot(url=place, pipeline=pipeline.name, run_id=run_id), references
        )


def _delete_records(run_id: RunId, store: ObjectStore, references: References) -> tuple[str, ...]:
    """Delete what the store says of a run; return what stays, since another run uses it."""
    delete_cache_entries(run_id, store)
    return tuple(delete_records(run_id, store, references))


def _read_last_lines(
    cluster: Cluster,
    pod: str | None,
    store: ObjectStore | None,
    run_id: RunId,
    task: TaskResult,
    count: int,
) -> tuple[str, ...]:
    """Return the last lines of the last attempt at a task, as stored, else from its pod."""
    if store is not None and task.log is not None:
        # Behind the URL of the store.
        key = task.log[task.log.index(f"/runs/{run_id}/") + 1 :]
        data = store.get(key) or b""
        return keep_last_lines(data.decode(errors="replace").splitlines(), task.path, count)
    return () if pod is None else read_last_pod_lines(cluster, pod, task.path, count)


def _make_gone_error(run: RunReference) -> MissingObjectError:
    return MissingObjectError(
        f"the workflow of run '{run.run_id}' was deleted; only its records are left, use 'get', "
        "'logs', 'why', 'retry' or 'delete'"
    )


def _refer(entry: RunEntry) -> RunReference:
    return RunReference(run_id=entry.run_id, name=entry.name)

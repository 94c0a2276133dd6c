"""Go on with a run in a new workflow, in which all that has its result is known.

Argo's own ``retry`` needs the old Workflow and starts pods again that drivers then end. Here the
new workflow belongs to the old run: its drivers and readers find what the run did before, and what
it knows has no pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from argosy_cluster.cluster import Document, find_object, find_objects
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.kept_workflows import keep_workflow, read_kept_workflow
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import find_sources, is_over, read_attempt
from argosy_cluster.submission.known_results import (
    PATIENCE_SECONDS,
    adapt_options,
    make_paths,
    write_known_records,
)
from argosy_cluster.submission.run_volumes import check_workspace, find_made_claims
from argosy_cluster.submission.submitting import make_suffix, name_workflow, submit_workflow
from argosy_compiler.compile import compile_pipeline
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions, options_from_json
from argosy_driver.planning.rerun import find_outdated
from argosy_driver.planning.settled import Settled, find_settled_tasks
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.run_parameters import parse_run_artifacts
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.checking.run_parameters import parse_run_parameters
from argosy_schemas.errors import (
    InvalidArgumentError,
    MissingNameError,
    MissingObjectError,
    StoreError,
)
from argosy_schemas.formats.retried_run import RetriedRun
from argosy_schemas.ir.known import KnownResults
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import RunId
from argosy_schemas.pod import (
    ATTEMPT_LABEL,
    CACHE_PARAMETER,
    IR_PARAMETER,
    ITEMS_PARAMETER,
    OPTIONS_ANNOTATION,
    ROOT_PARAMETER,
)
from argosy_store.locations import join_uri
from argosy_store.objects import ObjectStore
from argosy_store.packed_irs import put_ir
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

_COMPILED: Final = frozenset(
    {"entrypoint", "onExit", "arguments", "templates", "podMetadata", "ttlStrategy"}
    | {"volumeClaimTemplates", "activeDeadlineSeconds"}
)
"""Fields of a workflow's spec that the compiler writes."""
_OF_A_RUN: Final = frozenset({"shutdown", "suspend"})
"""Fields that say what became of a run."""
_ARGO_LABELS: Final = "workflows.argoproj.io/"
_LONGEST_NAME: Final = 57
"""Six characters come behind it, and 63 are the limit of labels, which have names of workflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """A workflow that goes on with a run."""

    compiled: CompiledPipeline
    workflow: Document
    """The compiled one with arguments and labels."""
    settled: Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriedWorkflow:
    """What goes on with a run."""

    run_id: RunId
    name: str
    """The name of the new workflow."""
    known: int
    """How many container tasks need no pod, since their results are known."""
    notices: Sequence[str] = ()
    """What could not be done, although the run goes on."""


def retry_run(
    runs: ClusterRuns, text: str, *, again: Sequence[str] = (), store_url: str | None = None
) -> RetriedWorkflow:
    """Create a workflow that goes on with a run which failed, was stopped, or lost its workflow.

    Args:
        runs: Of the namespace.
        text: The run, as :meth:`ClusterRuns.select` takes it; without a workflow, its whole id.
        again: Paths of tasks that run again, with all that follows them.
        store_url: Where the records of a run without a workflow are.

    Raises:
        InvalidArgumentError: The run has not ended, or has succeeded and nothing is to run again;
            or as :func:`prepare_retry`.
        MissingObjectError: There is no such run.
        StoreError: Its records cannot be read, or those of results that are known not written.
        ClusterError: The cluster refuses the workflow, or cannot be reached.
    """
    return go_on(runs, _find_workflow(runs, text, store_url, again), again=again)


def go_on(
    runs: ClusterRuns,
    workflow: Document,
    *,
    again: Sequence[str] = (),
    name: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> RetriedWorkflow:
    """Create a workflow that goes on with the run of another one, which has ended.

    Args:
        runs: Of the namespace.
        workflow: The newest one that worked on the run; it need not be there any more.
        again: Paths of tasks that run again, with all that follows them.
        name: Of the new workflow; ``None``: that of the first one and some letters.
        labels: Of the new workflow, besides those of the other one.

    Raises:
        InvalidArgumentError: As :func:`prepare_retry`.
        StoreError: The records of the run cannot be read.
        ClusterError: The cluster refuses the workflow, or cannot be reached.
    """
    sources = find_sources(workflow)
    url, store = runs.reader.store_of(sources)
    label = find_object(workflow, "metadata")["name"]
    if store is None:
        raise InvalidArgumentError(f"nothing names the store of run '{label}'; submit it anew")
    pipeline = runs.reader.read_pipeline(sources, store, label)
    check_workspace(pipeline, *_find_first(runs, workflow))
    with Stores(url, patience_seconds=PATIENCE_SECONDS) as stores:
        retry = prepare_retry(
            workflow, pipeline, url=url, store=store, stores=stores, again=again, name=name
        )
    if retry.compiled.ir_digest is not None:
        put_ir(store, retry.compiled.ir)
    attempt = read_attempt(find_object(workflow, "metadata")) + 1
    labels = {ATTEMPT_LABEL: str(attempt), **(labels or {})}
    labelled = name_workflow(retry.workflow, labels=labels)
    run_id = read_run_identity(find_object(workflow, "metadata")).run_id
    # Before there is a workflow, whose pods read them.
    write_known_records(retry.settled.records, run_id, store=store)
    created = submit_workflow(runs.cluster, labelled, config_map=retry.compiled.config_map)
    notices: tuple[str, ...] = ()
    try:
        keep_workflow(created, run_id, store)
    except StoreError as error:
        notices = (f"the run cannot be retried once its workflow is gone: {error}",)
    return RetriedWorkflow(
        run_id=run_id,
        name=find_object(created, "metadata")["name"],
        known=len(retry.settled.records),
        notices=notices,
    )


def _find_workflow(
    runs: ClusterRuns, text: str, store_url: str | None, again: Sequence[str]
) -> Document:
    """Return the newest workflow of a run that may be retried."""
    try:
        selected = runs.select(text)
        workflow = runs.workflow(selected)
    except MissingObjectError:
        if store_url is None:
            raise
        with Stores(store_url, patience_seconds=PATIENCE_SECONDS) as stores:
            kept = read_kept_workflow(RunId(text), stores.open(store_url))
        if kept is None:
            raise
        return kept
    if not is_over(workflow):
        raise InvalidArgumentError(
            f"run '{selected.label}' has not ended; wait for its end, or stop it with "
            f"'{runs.command('stop', selected)}'"
        )
    if not again and find_object(workflow, "status").get("phase") == "Succeeded":
        raise InvalidArgumentError(
            f"run '{selected.label}' succeeded; name a task that is to run again with --from"
        )
    return workflow


def _find_first(runs: ClusterRuns, workflow: Document) -> tuple[str, Document | None]:
    """Return the name of the first workflow of a run, and that workflow; ``None``: it is gone."""
    identity = read_run_identity(find_object(workflow, "metadata"))
    if not identity.is_retried:
        return identity.name, workflow
    try:
        first = runs.cluster.get(WORKFLOWS, identity.name)
    except MissingNameError:
        return identity.name, None
    is_same = read_run_identity(find_object(first, "metadata")).run_id == identity.run_id
    return identity.name, first if is_same else None


def prepare_retry(
    workflow: Document,
    pipeline: Pipeline,
    *,
    url: str,
    store: ObjectStore,
    stores: Stores,
    again: Sequence[str] = (),
    name: str | None = None,
) -> Retry:
    """Return the workflow that goes on with the run of another one, which has ended.

    Args:
        workflow: The newest one that worked on the run.
        pipeline: Of its IR.
        url: Of its store.
        store: Likewise.
        stores: Opens artifacts.
        again: Paths of tasks that run again, with all that follows them.
        name: Of the new workflow; ``None``: that of the first one and some letters.

    Raises:
        InvalidArgumentError: The run has no such task, or lost a volume claim.
        StoreError: Its records cannot be read.
    """
    identity = read_run_identity(find_object(workflow, "metadata"))
    has_claim = find_made_claims(pipeline, workflow, identity.name, again)
    arguments = {
        name: value
        for name, value in WorkflowDocument(workflow).arguments.items()
        if value is not None
    }
    records = RunRecords(store, identity.run_id, known=pipeline.known)
    outdated = find_outdated(pipeline, records, again)
    earlier = {path: one for path, one in pipeline.known.records.items() if path not in outdated}
    pipeline = replace(pipeline, known=KnownResults(outdated=outdated))
    texts = {
        name: arguments.get(name)
        for name in (*pipeline.root.inputs.parameters, *pipeline.root.inputs.artifacts)
    }
    root = arguments.get(ROOT_PARAMETER) or pipeline.default_pipeline_root
    run = RunContext(
        id=identity.run_id,
        name=identity.name,
        created_at=identity.created_at,
        root=root or join_uri(url, "artifacts"),
        parameters=parse_run_parameters(pipeline, texts),
        artifacts=parse_run_artifacts(pipeline, texts),
        cache=arguments.get(CACHE_PARAMETER) != "false",
    )
    stores.add_root(run.root)
    settled = find_settled_tasks(
        pipeline,
        run,
        store=store,
        stores=stores,
        make_paths=make_paths,
        earlier=RunRecords(
            store, identity.run_id, known=KnownResults(records=earlier, outdated=outdated)
        ),
        has_claim=has_claim,
    )
    name = _make_name(identity.name) if name is None else name
    options = replace(
        adapt_options(_read_options(workflow), url),
        retried=RetriedRun(
            id=identity.run_id,
            name=identity.name,
            created_at=identity.created_at,
            workflow=name,
        ),
    )
    compiled = compile_pipeline(pipeline, options, known=settled.tasks, arguments=arguments)
    named = name_workflow(compiled.workflow, labels=dict(_list_labels(workflow)))
    spec = dict(find_object(named, "spec"))
    spec["arguments"] = {"parameters": list(_give(named, arguments, set(texts)))}
    filled = {**named, "spec": {**_read_own_settings(workflow), **spec}}
    return Retry(compiled=compiled, workflow=filled, settled=settled)


def _read_options(workflow: Document) -> CompileOptions:
    text = find_object(workflow, "metadata", "annotations").get(OPTIONS_ANNOTATION)
    return CompileOptions() if text is None else options_from_json(text)


def _give(
    workflow: Document, arguments: Mapping[str, str], inputs: set[str]
) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a workflow with the values that the one before it had."""
    declared = find_objects(workflow, "spec", "arguments", "parameters")
    for one in declared:
        name = one["name"]
        is_kept = name in arguments and name != IR_PARAMETER and not _is_list(name)
        yield {**one, "value": arguments[name]} if is_kept else dict(one)
    # Not declared are those that drivers take from the IR unless somebody gives them.
    for name in sorted((inputs & arguments.keys()) - {one["name"] for one in declared}):
        yield {"name": name, "value": arguments[name]}


def _is_list(name: str) -> bool:
    """Return whether the compiler wrote a list of the pipeline into a parameter."""
    return name.startswith(ITEMS_PARAMETER)


def _list_labels(workflow: Document) -> Iterator[tuple[str, str]]:
    labels: Mapping[str, str] = find_object(workflow, "metadata", "labels")
    return ((key, value) for key, value in labels.items() if not key.startswith(_ARGO_LABELS))


def _read_own_settings(workflow: Document) -> dict[str, Any]:
    """Return what somebody added to the workflow that was compiled, e.g. by ``--patch``."""
    spec = find_object(workflow, "spec")
    return {
        key: value for key, value in spec.items() if key not in _COMPILED and key not in _OF_A_RUN
    }


def _make_name(name: str) -> str:
    return f"{name[:_LONGEST_NAME].rstrip('-.')}-{make_suffix()}"

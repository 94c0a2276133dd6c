"""Submit a pipeline to a cluster: compile it, check what it is given, create the workflow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from argosy._cluster_options import check_cluster_options
from argosy._compiling import compile_for_argo
from argosy._pipelines import Pipeline, PipelineSource, read
from argosy_cluster.cluster import Cluster, Document
from argosy_cluster.runs.kept_workflows import keep_workflow
from argosy_cluster.runs.store_urls import read_store_url
from argosy_cluster.submission.known_results import (
    PATIENCE_SECONDS,
    PlannedArguments,
    adapt_options,
    find_known_results,
    write_known_records,
)
from argosy_cluster.submission.submitting import name_workflow, submit_workflow
from argosy_cluster.targets import Target, connect_cluster
from argosy_compiler.objects.arguments import escape_argument, give_arguments
from argosy_compiler.objects.merging import patch_workflow
from argosy_compiler.options import CompileOptions
from argosy_driver.planning.settled import Settled
from argosy_driver.resolving.run_parameters import check_artifact_names, parse_run_artifacts
from argosy_schemas.checking.run_parameters import parse_run_parameters, write_run_parameters
from argosy_schemas.errors import InvalidArgumentError, StoreError
from argosy_schemas.names import RunId
from argosy_schemas.pod import CACHE_PARAMETER
from argosy_schemas.values import JsonValue
from argosy_store.stores import Stores

_WITHOUT_CACHE: Final[Mapping[str, JsonValue]] = {
    "spec": {"arguments": {"parameters": [{"name": CACHE_PARAMETER, "value": "false"}]}}
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedRun:
    """A run that a cluster has taken."""

    run_id: RunId
    """Empty after a dry run of a cluster that gives none."""
    name: str
    """Of its workflow."""
    namespace: str
    workflow: Mapping[str, JsonValue]
    """As the cluster has it."""
    known: int = 0
    """How many container tasks need no pod, since their results are known."""
    notices: tuple[str, ...] = ()
    """What could not be done on the way, one sentence each."""


def submit(
    pipeline: Pipeline | PipelineSource,
    arguments: Mapping[str, JsonValue] | None = None,
    *,
    options: CompileOptions,
    artifacts: Mapping[str, str] | None = None,
    cache: bool = True,
    pods_for_cached: bool = False,
    name: str | None = None,
    labels: Mapping[str, str] | None = None,
    namespace: str | None = None,
    context: str | None = None,
    kubeconfig: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
) -> SubmittedRun:
    """Submit a pipeline to a cluster with Argo, and return the run without waiting for it.

    The right to create Workflows is enough. A pipeline that is too large to travel inside its
    workflow is put into the store before.

    Args:
        pipeline: What :func:`argosy.read` returned, or takes.
        arguments: As for :func:`argosy.run`.
        options: As for :func:`argosy.compile`; a store must be named.
        artifacts: Input artifact of the pipeline to its URI, which pods can reach.
        cache: Whether results of earlier runs may be reused.
        pods_for_cached: Whether cached tasks have pods, although their results are known.
        name: Of the workflow; ``None``: that of the pipeline and some letters.
        labels: Of the workflow, besides its own.
        namespace: ``None``: that of the context.
        context: Of the kubeconfig; ``None``: the current one.
        kubeconfig: ``None``: what ``KUBECONFIG`` names, else ``~/.kube/config``, else the account
            of the pod that this process runs in.
        dry_run: Whether the cluster only checks the workflow. Nothing is put into the store.

    Raises:
        InvalidPipelineError: As for :func:`argosy.compile`.
        InvalidArgumentError: An argument is missing, not declared or of the wrong type, an option
            is wrong, or there is no such context.
        StoreError: The pipeline has to be put into the store, and that fails.
        ClusterError: The cluster refuses the workflow, or cannot be reached.
    """
    chosen = pipeline if isinstance(pipeline, Pipeline) else read(pipeline)
    target = Target(
        namespace=namespace,
        context=context,
        kubeconfig=None if kubeconfig is None else os.fspath(kubeconfig),
    )
    with closing(connect_cluster(target)) as cluster:
        return submit_pipeline(
            chosen,
            write_run_parameters(chosen.ir, arguments or {}),
            cluster=cluster,
            options=options,
            artifacts=artifacts or {},
            cache=cache,
            pods_for_cached=pods_for_cached,
            name=name,
            labels=labels or {},
            dry_run=dry_run,
        )


def submit_pipeline(
    pipeline: Pipeline,
    texts: Mapping[str, str],
    *,
    cluster: Cluster,
    options: CompileOptions,
    artifacts: Mapping[str, str],
    cache: bool,
    pods_for_cached: bool,
    name: str | None,
    labels: Mapping[str, str],
    patches: Sequence[Mapping[str, JsonValue]] = (),
    dry_run: bool,
) -> SubmittedRun:
    """Submit a pipeline, as :func:`submit` does.

    Args:
        pipeline: It has been read.
        texts: Its parameters as the workflow takes them.
        cluster: Where.
        options: As for :func:`submit`.
        artifacts: Likewise.
        cache: Likewise.
        pods_for_cached: Likewise.
        name: Likewise.
        labels: Likewise.
        patches: Parts of a workflow that are merged into it.
        dry_run: As for :func:`submit`.

    Raises:
        InvalidPipelineError: As :func:`submit`.
        InvalidArgumentError: Likewise.
        StoreError: Likewise.
        ClusterError: Likewise.
    """
    if options.store is None and options.store_from is None:
        raise InvalidArgumentError(
            "a run on a cluster needs a store that all its pods reach; name it with --store URL or "
            "--store-from KIND/NAME"
        )
    check_cluster_options(options)
    _check_inputs(pipeline, texts, artifacts)
    given = {
        key: escape_argument(key, text, pipeline.ir) for key, text in {**texts, **artifacts}.items()
    }
    found = _Known()
    if cache and not pods_for_cached:
        found = _find_known(pipeline, cluster, options, given)
    if found.settled.tasks:
        options = adapt_options(options, found.url)
    compiled = compile_for_argo(
        pipeline, options, puts_ir=not dry_run, known=found.settled.tasks, arguments=given
    )
    workflow = give_arguments(compiled.workflow, pipeline.ir, given)
    for patch in patches:
        workflow = patch_workflow(workflow, patch)
    if not cache:
        workflow = patch_workflow(workflow, _WITHOUT_CACHE)
    created: Any = submit_workflow(
        cluster,
        name_workflow(workflow, name=name, labels=labels),
        config_map=compiled.config_map,
        dry_run=dry_run,
    )
    metadata = created["metadata"]
    run_id = RunId(str(metadata.get("uid") or ""))
    notices = found.notices if dry_run else (*found.notices, *_keep(found, run_id, created))
    return SubmittedRun(
        run_id=run_id,
        name=str(metadata["name"]),
        namespace=str(metadata.get("namespace") or cluster.namespace),
        workflow=created,
        known=len(found.settled.records),
        notices=notices,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    settled: Settled = field(default_factory=Settled)
    url: str = ""
    """Of the store; empty: nothing is known."""
    notices: tuple[str, ...] = ()


def _find_known(
    pipeline: Pipeline, cluster: Cluster, options: CompileOptions, texts: Mapping[str, str]
) -> _Known:
    """Return what is known of a run; a store that cannot be read from here is a notice."""
    if options.store is not None:
        url = options.store
    else:
        assert options.store_from is not None
        url = read_store_url(cluster, options.store_from)
    if not url:
        return _Known()
    try:
        settled = find_known_results(pipeline.ir, options, PlannedArguments(texts=texts), url=url)
    except StoreError as error:
        return _Known(
            notices=(
                "the store cannot be read from here, so each cached task has its pod, as with "
                f"--pods-for-cached: {error}",
            )
        )
    return _Known(settled=settled, url=url)


def _keep(found: _Known, run_id: RunId, workflow: Document) -> Iterator[str]:
    """Keep what the run can go on with when its workflow, or a run that it knows, is gone."""
    if not found.url:
        return
    try:
        with Stores(found.url, patience_seconds=PATIENCE_SECONDS) as stores:
            store = stores.open(found.url)
            keep_workflow(workflow, run_id, store)
            write_known_records(found.settled.records, run_id, store=store)
    except StoreError as error:
        yield (
            "the store cannot be written from here, so the run cannot be retried once its workflow "
            f"is gone: {error}"
        )


def _check_inputs(
    pipeline: Pipeline, texts: Mapping[str, str], artifacts: Mapping[str, str]
) -> None:
    """Refuse what a run on this machine refuses, and artifacts that no pod can read."""
    check_artifact_names(pipeline.ir, artifacts)
    local = [
        f"artifact '{name}': '{uri}' is on this machine, where no pod can read it; upload it, and "
        "give its s3://, minio://, gs:// or az:// URI"
        for name, uri in sorted(artifacts.items())
        if "://" not in uri or uri.startswith(("file://", "memory://"))
    ]
    if local:
        raise InvalidArgumentError("\n".join(local))
    parse_run_parameters(pipeline.ir, texts)
    parse_run_artifacts(pipeline.ir, artifacts)

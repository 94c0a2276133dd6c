"""The Workflows of runs: each pipeline is compiled once for all of its runs."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from argosy_cluster.cluster import Document
from argosy_cluster.submission.known_results import (
    PlannedArguments,
    adapt_options,
    find_known_results,
)
from argosy_cluster.submission.submitting import name_workflow
from argosy_compiler.argo.cluster_names import make_name_prefix
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.objects.arguments import escape_argument, give_arguments
from argosy_compiler.options import CompileOptions
from argosy_compiler.sources import compile_source, read_source
from argosy_compiler.workflow_size import check_workflow_size
from argosy_driver.planning.settled import Settled
from argosy_schemas.checking.run_parameters import write_run_parameters
from argosy_schemas.errors import InvalidArgumentError, StoreError
from argosy_schemas.formats.dataclass_json import time_to_json
from argosy_schemas.formats.records import AttemptRecord
from argosy_schemas.formats.retried_run import RetriedRun
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.logger import Logger
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.pod import ATTEMPT_LABEL, CACHE_PARAMETER, ROOT_PARAMETER, RUN_LABEL
from argosy_schemas.values import to_json
from argosy_service.engines.argo.names import check_run_id, make_workflow_name
from argosy_service.engines.protocol import RunOrder
from argosy_service.spec_documents import make_source
from argosy_store.locations import parse_pipeline_root

_LOGGER: Final = Logger("service.argo")

_K = TypeVar("_K")
_V = TypeVar("_V")
_MAX_SPEC_BYTES: Final = 128 * 2**20
_KEPT: Final = 64

# What is compiled says these of its run; no text of users can be like them.
_NO_RUN: Final = RetriedRun(
    id=RunId("argosy-run-f0a7c2d4b8e1"),
    name="argosy-name-f0a7c2d4b8e1",
    workflow="argosy-workflow-f0a7c2d4b8e1",
    created_at=datetime(1583, 2, 19, 4, 41, 7, tzinfo=UTC),
)
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
"""Of drivers; see :mod:`argosy_compiler.argo.run_identity`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    text: str
    """The JSON of the workflow, with :data:`_NO_RUN` in place of a run."""
    prefix: str
    pipeline: Pipeline
    compiled: CompiledPipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWorkflow:
    """The first Workflow of a run."""

    document: Document
    compiled: CompiledPipeline
    """What else it needs."""
    records: Mapping[TaskPath, AttemptRecord]
    """Success records of the tasks that need no pod, since their results are known."""


class MadeOnce(Generic[_K, _V]):
    """What was made for keys, each once; who wants another one does not wait. For many threads."""

    def __init__(self, *, most: int) -> None:
        """Keep nothing yet.

        Args:
            most: How many are kept; those that were wanted last.
        """
        self._most = most
        self._kept = OrderedDict[_K, Future[_V]]()
        self._lock = threading.Lock()

    def get(self, key: _K, make: Callable[[], _V]) -> _V:
        """Return what is kept for a key, else make it; an error is not kept."""
        with self._lock:
            found = self._kept.pop(key, None)
            future = Future[_V]() if found is None else found
            self._kept[key] = future
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        if found is None:
            try:
                future.set_result(make())
            except BaseException as error:
                with self._lock:
                    if self._kept.get(key) is future:
                        del self._kept[key]
                future.set_exception(error)
        return future.result()


class WorkflowMaker:
    """Makes the Workflows of runs; for many threads."""

    def __init__(self, options: CompileOptions, *, cache: bool) -> None:
        self._options = options
        self._cache = cache
        self._kept = MadeOnce[tuple[str, str], _Compiled](most=_KEPT)

    def name(self, order: RunOrder) -> str:
        """Return the name of the Workflow that begins the run now.

        Raises:
            InvalidArgumentError: The id of the run cannot be that of pods.
            InvalidPipelineError: No workflow can express the pipeline.
        """
        check_run_id(order.run_id)
        return make_workflow_name(self._compile(order).prefix, order.run_id, order.ends)

    def make(self, order: RunOrder, *, store_url: str | None = None) -> RunWorkflow:
        """Return the first Workflow of a run, whether or not it was begun before.

        Args:
            order: The run.
            store_url: Where results of earlier runs are looked for, so that tasks which have one
                need no pod; ``None``: nowhere.

        Raises:
            InvalidArgumentError: The id, a parameter or the pipeline root cannot be used.
            InvalidPipelineError: No workflow can express the pipeline.
        """
        check_run_id(order.run_id)
        found = self._compile(order)
        pipeline = found.pipeline
        _check_root(order.pipeline_root or pipeline.default_pipeline_root)
        name = make_workflow_name(found.prefix, order.run_id, 0)
        given = write_run_parameters(pipeline, order.parameters)
        compiled, settled = found.compiled, self._find_known(pipeline, order, given, store_url)
        if settled.tasks and store_url is not None:
            run = RetriedRun(
                id=RunId(order.run_id), name=name, workflow=name, created_at=order.created_at
            )
            options = replace(adapt_options(self._options_of(order), store_url), retried=run)
            compiled = compile_source(
                make_source(order.spec),
                pipeline,
                options,
                known=settled.tasks,
                arguments=_escape(given, pipeline),
            )
            check_workflow_size(compiled)
            workflow: Any = compiled.workflow
        else:
            workflow = json.loads(_fill_in(found.text, order, name))
        workflow = give_arguments(workflow, pipeline, given)
        for parameter in workflow["spec"]["arguments"]["parameters"]:
            if parameter["name"] == ROOT_PARAMETER and order.pipeline_root:
                parameter["value"] = order.pipeline_root
            if parameter["name"] == CACHE_PARAMETER and not self._cache:
                parameter["value"] = "false"
        labels = {RUN_LABEL: order.run_id, ATTEMPT_LABEL: "0"}
        return RunWorkflow(
            document=name_workflow(workflow, name=name, labels=labels),
            compiled=compiled,
            records=settled.records,
        )

    def _find_known(
        self, pipeline: Pipeline, order: RunOrder, given: Mapping[str, str], url: str | None
    ) -> Settled:
        """Return what is known of a run; nothing where its store cannot be read from here."""
        if url is None or not self._cache:
            return Settled()
        options = replace(self._options, root=order.pipeline_root or self._options.root)
        arguments = PlannedArguments(texts=_escape(given, pipeline))
        try:
            return find_known_results(pipeline, options, arguments, url=url)
        except StoreError as error:
            _LOGGER.info("run %s: each task has its pod: %s", order.run_id, error)
            return Settled()

    def _options_of(self, order: RunOrder) -> CompileOptions:
        if not order.service_account:
            return self._options
        return replace(self._options, service_account=order.service_account)

    def _compile(self, order: RunOrder) -> _Compiled:
        key = order.spec, order.service_account
        return self._kept.get(key, lambda: self._make(order))

    def _make(self, order: RunOrder) -> _Compiled:
        source = make_source(order.spec)
        pipeline = read_source(source, max_size_bytes=_MAX_SPEC_BYTES)
        options = replace(self._options_of(order), retried=_NO_RUN)
        compiled = compile_source(source, pipeline, options)
        check_workflow_size(compiled)
        return _Compiled(
            text=to_json(compiled.workflow),
            prefix=make_name_prefix(pipeline.name),
            pipeline=pipeline,
            compiled=compiled,
        )


def _fill_in(text: str, order: RunOrder, name: str) -> str:
    """Return the JSON of a workflow that is compiled for all runs, as one run has it."""
    for placeholder, value in (
        (_NO_RUN.id, order.run_id),
        (_NO_RUN.name, name),
        (_NO_RUN.workflow, name),
        (time_to_json(_NO_RUN.created_at), time_to_json(order.created_at)),
        (
            _NO_RUN.created_at.strftime(_TIME_FORMAT),
            order.created_at.astimezone(UTC).strftime(_TIME_FORMAT),
        ),
    ):
        text = text.replace(placeholder, value)
    return text


def _escape(given: Mapping[str, str], pipeline: Pipeline) -> dict[str, str]:
    return {name: escape_argument(name, text, pipeline) for name, text in given.items()}


def _check_root(root: str) -> None:
    """Refuse a pipeline root that would send the credentials of the store elsewhere."""
    if "?" not in root:
        return
    try:
        parse_pipeline_root(root)
    except StoreError as error:
        raise InvalidArgumentError(f"the pipeline root cannot be used: {error}") from error

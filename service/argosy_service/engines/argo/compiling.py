"""The Workflows of runs: each pipeline is compiled once for all of its runs."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from argosy_cluster.cluster import Document
from argosy_cluster.submitting import name_workflow
from argosy_compiler.argo.cluster_names import make_name_prefix
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.objects.arguments import give_arguments
from argosy_compiler.options import CompileOptions
from argosy_compiler.sources import compile_source, read_source
from argosy_compiler.workflow_size import check_workflow_size
from argosy_schemas.checking.run_parameters import write_run_parameters
from argosy_schemas.errors import InvalidArgumentError, StoreError
from argosy_schemas.formats.dataclass_json import time_to_json
from argosy_schemas.formats.retried_run import RetriedRun
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import RunId
from argosy_schemas.pod import CACHE_PARAMETER, ROOT_PARAMETER, RUN_LABEL
from argosy_schemas.values import to_json
from argosy_service.engines.argo.names import ATTEMPT_LABEL, check_run_id, make_workflow_name
from argosy_service.engines.protocol import RunOrder
from argosy_service.spec_documents import make_source
from argosy_store.locations import parse_pipeline_root

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


class WorkflowMaker:
    """Makes the Workflows of runs; for many threads."""

    def __init__(self, options: CompileOptions, *, cache: bool) -> None:
        self._options = options
        self._cache = cache
        self._kept = OrderedDict[tuple[str, str], _Compiled]()
        self._lock = threading.Lock()

    def name(self, order: RunOrder) -> str:
        """Return the name of the Workflow that begins the run now.

        Raises:
            InvalidArgumentError: The id of the run cannot be that of pods.
            InvalidPipelineError: No workflow can express the pipeline.
        """
        check_run_id(order.run_id)
        return make_workflow_name(self._compile(order).prefix, order.run_id, order.ends)

    def make(self, order: RunOrder) -> RunWorkflow:
        """Return the first Workflow of a run, whether or not it was begun before.

        Raises:
            InvalidArgumentError: The id, a parameter or the pipeline root cannot be used.
            InvalidPipelineError: No workflow can express the pipeline.
        """
        check_run_id(order.run_id)
        found = self._compile(order)
        _check_root(order.pipeline_root or found.pipeline.default_pipeline_root)
        name = make_workflow_name(found.prefix, order.run_id, 0)
        text = found.text
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
        workflow: Any = json.loads(text)
        given = write_run_parameters(found.pipeline, order.parameters)
        workflow = give_arguments(workflow, found.pipeline, given)
        for parameter in workflow["spec"]["arguments"]["parameters"]:
            if parameter["name"] == ROOT_PARAMETER and order.pipeline_root:
                parameter["value"] = order.pipeline_root
            if parameter["name"] == CACHE_PARAMETER and not self._cache:
                parameter["value"] = "false"
        labels = {RUN_LABEL: order.run_id, ATTEMPT_LABEL: "0"}
        return RunWorkflow(
            document=name_workflow(workflow, name=name, labels=labels), compiled=found.compiled
        )

    def _compile(self, order: RunOrder) -> _Compiled:
        key = order.spec, order.service_account
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None:
                found = self._make(order)
            self._kept[key] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return found

    def _make(self, order: RunOrder) -> _Compiled:
        source = make_source(order.spec)
        pipeline = read_source(source, max_size_bytes=_MAX_SPEC_BYTES)
        options = replace(self._options, retried=_NO_RUN)
        if order.service_account:
            options = replace(options, service_account=order.service_account)
        compiled = compile_source(source, pipeline, options)
        check_workflow_size(compiled)
        return _Compiled(
            text=to_json(compiled.workflow),
            prefix=make_name_prefix(pipeline.name),
            pipeline=pipeline,
            compiled=compiled,
        )


def _check_root(root: str) -> None:
    """Refuse a pipeline root that would send the credentials of the store elsewhere."""
    if "?" not in root:
        return
    try:
        parse_pipeline_root(root)
    except StoreError as error:
        raise InvalidArgumentError(f"the pipeline root cannot be used: {error}") from error

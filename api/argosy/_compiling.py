"""Compile a pipeline for Argo: the workflow, checked against what a cluster can use and hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from argosy._cluster_options import check_cluster_options, check_pipeline_root
from argosy._pipelines import Pipeline, PipelineSource, read
from argosy_compiler.compile import PassListener
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions
from argosy_compiler.sources import compile_source, locate_problems
from argosy_compiler.workflow_size import check_workflow_size
from argosy_schemas.ir.known import KnownTask
from argosy_schemas.names import TaskPath

_PATIENCE_SECONDS: Final = 10.0
"""How long a store may take to answer: a person waits here, not a step."""


def compile(
    pipeline: Pipeline | PipelineSource, options: CompileOptions | None = None
) -> CompiledPipeline:
    """Compile a pipeline to an Argo ``Workflow``.

    Equal pipelines and options give equal workflows. With ``options.store``, a pipeline that is too
    large to travel inside its workflow is put into that store; nothing else is written.

    Args:
        pipeline: What :func:`argosy.read` returned, or takes.
        options: ``None``: the defaults, which work on Argo 3.5 to 4.1.

    Raises:
        InvalidPipelineError: It breaks rules of the format, or no workflow can express it; all
            problems, with file and line.
        InvalidArgumentError: The options do not fit the pipeline, or no cluster can use them.
        StoreError: The store refuses the pipeline, or cannot be reached.
    """
    checked = options or CompileOptions()
    check_cluster_options(checked)
    return compile_for_argo(pipeline if isinstance(pipeline, Pipeline) else read(pipeline), checked)


def compile_for_argo(
    pipeline: Pipeline,
    options: CompileOptions,
    *,
    inspect: Callable[[CompiledPipeline], None] | None = None,
    on_pass: PassListener | None = None,
    puts_ir: bool = True,
    known: Mapping[TaskPath, KnownTask] | None = None,
    arguments: Mapping[str, str] | None = None,
) -> CompiledPipeline:
    """Compile a pipeline with options that have been checked.

    Args:
        pipeline: It has been read.
        options: As :func:`argosy._cluster_options.check_cluster_options` lets them pass.
        inspect: Called before the size of the workflow is checked, so that the caller can show its
            size also when it is too large.
        on_pass: Called after each pass of the compiler.
        puts_ir: Whether an IR that travels by reference is put into the store.
        known: As for :func:`argosy_compiler.compile.compile_pipeline`.
        arguments: Likewise.

    Raises:
        InvalidPipelineError: As :func:`compile`.
        InvalidArgumentError: Likewise.
        StoreError: Likewise.
    """
    source, ir = pipeline.source, pipeline.ir
    if not options.root:
        with locate_problems(source):
            check_pipeline_root(ir)
    compiled = compile_source(
        source, ir, options, known=known, arguments=arguments, on_pass=on_pass
    )
    if inspect is not None:
        inspect(compiled)
    with locate_problems(source):
        check_workflow_size(compiled)
    if puts_ir and compiled.ir_digest is not None and options.store is not None:
        _put_ir(options.store, compiled.ir)
    return compiled


def _put_ir(url: str, ir: bytes) -> None:
    # Only a pipeline that travels by reference needs the store.
    from argosy_store.packed_irs import put_ir
    from argosy_store.stores import Stores

    with Stores(url, patience_seconds=_PATIENCE_SECONDS) as stores:
        put_ir(stores.open(url), ir)

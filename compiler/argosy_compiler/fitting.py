"""Refuse a workflow that Argo could not hold, before anybody submits it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.compiled import Compiled
from argosy_compiler.linting.limits import MAX_WORKFLOW_BYTES
from argosy_compiler.options import NO_LIMIT, CompileOptions, IrPlacement
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.values import to_json


def check_fits(compiled: Compiled, pipeline: Pipeline, options: CompileOptions) -> None:
    """Check the size of the workflow. The embedded engine takes any.

    Args:
        compiled: What came of ``pipeline`` with ``options``.
        pipeline: Compiled again, to advise what makes it small enough.
        options: Likewise.

    Raises:
        InvalidPipelineError: It is larger than the object in which Argo keeps it.
    """
    size = len(to_json(compiled.workflow).encode())
    most = MAX_WORKFLOW_BYTES
    if size <= most:
        return
    advice = ["run a part as a pipeline of its own"]
    advice += (text for text, other in _others(compiled, options) if _fits(pipeline, other))
    raise InvalidPipelineError(
        Problem(
            path=ROOT,
            message=f"makes a workflow of {size:,} bytes, and Argo takes {most:,}"
            f" together with its status; {', or '.join(advice)}",
        )
    )


def _others(compiled: Compiled, options: CompileOptions) -> Iterator[tuple[str, CompileOptions]]:
    """Yield options that may make a smaller workflow, with how to ask for them."""
    defaults = CompileOptions()
    limited = replace(
        options,
        max_dag_tasks=min(options.max_dag_tasks, defaults.max_dag_tasks),
        max_templates=min(options.max_templates, defaults.max_templates),
    )
    if options.inline_dags or options.max_templates == NO_LIMIT:
        text = "compile without --argo, where templates that are alike are written once"
        yield text, replace(limited, inline_dags=False)
    else:
        text = "compile with --argo for a line from 4.0 on, where large DAGs stay whole"
        yield text, replace(limited, inline_dags=True)
    if compiled.ir_digest is None and compiled.config_map is None:
        text = "keep the pipeline outside with --ir store"
        yield text, replace(options, ir=IrPlacement.STORE)


def _fits(pipeline: Pipeline, options: CompileOptions) -> bool:
    try:
        workflow = compile_pipeline(pipeline, options).workflow
    except InvalidPipelineError:
        return False  # another limit stands in the way
    return len(to_json(workflow).encode()) <= MAX_WORKFLOW_BYTES

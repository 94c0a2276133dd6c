"""Refuse a workflow that Argo could not hold, before anybody submits it."""

from __future__ import annotations

from argosy_compiler.compiled import Compiled
from argosy_compiler.linting.limits import MAX_WORKFLOW_BYTES
from argosy_compiler.options import CompileOptions
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir import Pipeline
from argosy_schemas.ir_json import ROOT
from argosy_schemas.packed_ir import to_base64
from argosy_schemas.values import to_json


def check_fits(compiled: Compiled, pipeline: Pipeline, options: CompileOptions) -> None:
    """Check the size of the workflow. The embedded engine takes any.

    Args:
        compiled: What came of ``pipeline`` with ``options``.
        pipeline: Asked for what could make it smaller.
        options: Likewise.

    Raises:
        InvalidPipelineError: It is larger than the object in which Argo keeps it.
    """
    size = len(to_json(compiled.workflow).encode())
    if size <= MAX_WORKFLOW_BYTES:
        return
    advice = ["run a part as a pipeline of its own"]
    dags = [one.dag for one in (pipeline.root, *pipeline.components.values()) if one.dag]
    if not options.inline_dags and any(len(dag.tasks) > options.max_dag_tasks for dag in dags):
        advice.append("compile with --argo for a line from 4.0 on, where large DAGs stay whole")
    if compiled.ir_digest is None and compiled.config_map is None:
        rest = size - len(to_base64(compiled.ir))
        if rest <= MAX_WORKFLOW_BYTES:
            advice.append("keep the pipeline outside with --ir store")
    raise InvalidPipelineError(
        Problem(
            path=ROOT,
            message=f"makes a workflow of {size:,} bytes, and Argo takes {MAX_WORKFLOW_BYTES:,}"
            f" together with its status; {', or '.join(advice)}",
        )
    )

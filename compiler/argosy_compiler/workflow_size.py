"""Check the size of a workflow: Argo keeps it in one object, together with its status."""

from __future__ import annotations

from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.linting.limits import MAX_WORKFLOW_BYTES
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.values import to_json


def check_workflow_size(compiled: CompiledPipeline) -> None:
    """Check that Argo can hold the workflow. The embedded engine takes any size.

    Raises:
        InvalidPipelineError: It is larger than the object in which Argo keeps it.
    """
    size = len(to_json(compiled.workflow).encode())
    if size <= MAX_WORKFLOW_BYTES:
        return
    advice = "run a part as a pipeline of its own"
    if compiled.ir_digest is None and compiled.config_map is None:
        advice += ", or keep the IR outside with --ir store"
    raise InvalidPipelineError(
        Problem(
            path=ROOT,
            message=f"makes a workflow of {size:,} bytes, and Argo takes {MAX_WORKFLOW_BYTES:,}"
            f" together with its status; {advice}",
        )
    )

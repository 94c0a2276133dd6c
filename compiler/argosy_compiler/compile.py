"""The compiler: a pipeline in, an Argo Workflow out, by a visible list of passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from argosy_compiler.compilation import Compilation, DagVariant
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions
from argosy_compiler.passes.add_exit_twins import add_exit_twins
from argosy_compiler.passes.arrange_dags import arrange_dags
from argosy_compiler.passes.assemble_workflow import assemble_workflow
from argosy_compiler.passes.bound_nodes import bound_nodes
from argosy_compiler.passes.count_nodes import count_nodes
from argosy_compiler.passes.fit_limits import fit_limits
from argosy_compiler.passes.guard_known import guard_known
from argosy_compiler.passes.list_dag_variants import list_dag_variants
from argosy_compiler.passes.place_ir import place_ir
from argosy_compiler.passes.refuse_problems import refuse_problems
from argosy_compiler.passes.resolve_control_flow import resolve_control_flow
from argosy_compiler.passes.show_outputs import show_outputs
from argosy_compiler.structure import read_structure
from argosy_schemas.formats.packed_ir import REFERENCE_PREFIX
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.known import KnownTask
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import TaskPath

PASSES: Final[tuple[Callable[[Compilation], Compilation], ...]] = (
    resolve_control_flow,
    list_dag_variants,
    count_nodes,
    bound_nodes,
    refuse_problems,
    place_ir,
    arrange_dags,
    guard_known,
    add_exit_twins,
    fit_limits,
    show_outputs,
    assemble_workflow,
)
"""Each takes what the one before returned, and never changes it."""

PassListener: TypeAlias = Callable[[str, Compilation], None]
"""Called with the name of a pass and the compilation that it returned."""


def compile_pipeline(
    pipeline: Pipeline,
    options: CompileOptions | None = None,
    *,
    known: Mapping[TaskPath, KnownTask] | None = None,
    arguments: Mapping[str, str] | None = None,
    on_pass: PassListener | None = None,
) -> CompiledPipeline:
    """Return the Argo Workflow of ``pipeline``.

    Args:
        pipeline: As :func:`argosy_schemas.reading.pipeline.read_pipeline` returns it.
        options: ``None``: the defaults.
        known: The settled tasks of the run that the workflow is for, which need no pod; ``None``:
            the workflow is for any run.
        arguments: Parameters of that run, name to text; the workflow fails with others. Those that
            are left out have their defaults.
        on_pass: Called after each pass, before any with ``pipeline`` as the name.

    Raises:
        InvalidPipelineError: The pipeline says what no workflow can; all problems of the
            passes before ``refuse_problems``, or of one after it.
        InvalidArgumentError: The options do not fit the pipeline, e.g. its IR is too large.
    """
    structure = read_structure(pipeline, known)
    compilation = Compilation(
        pipeline=structure.pipeline,
        options=options or CompileOptions(),
        structure=structure,
        arguments=arguments or {},
    )
    if on_pass is not None:
        on_pass("pipeline", compilation)
    for run in PASSES:
        compilation = run(compilation)
        if on_pass is not None:
            on_pass(run.__name__, compilation)
    referred = compilation.ir_text.startswith(REFERENCE_PREFIX)
    return CompiledPipeline(
        workflow=compilation.workflow,
        ir=compilation.ir,
        ir_digest=compilation.ir_text.removeprefix(REFERENCE_PREFIX) if referred else None,
        config_map=compilation.config_map,
        notes=compilation.notes,
        counts=compilation.node_counts[DagVariant(component=ROOT)],
    )

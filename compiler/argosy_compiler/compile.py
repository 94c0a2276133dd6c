"""The compiler: a pipeline in, an Argo Workflow out, by a visible list of passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from argosy_compiler.compiled import Compiled
from argosy_compiler.options import CompileOptions
from argosy_compiler.passes.add_exit_twins import add_exit_twins
from argosy_compiler.passes.arrange_dags import arrange_dags
from argosy_compiler.passes.assemble_workflow import assemble_workflow
from argosy_compiler.passes.bound_loops import bound_loops
from argosy_compiler.passes.count_nodes import count_nodes
from argosy_compiler.passes.decide import decide
from argosy_compiler.passes.enumerate_uses import enumerate_uses
from argosy_compiler.passes.fit_limits import fit_limits
from argosy_compiler.passes.place_ir import place_ir
from argosy_compiler.passes.refuse import refuse
from argosy_compiler.plan import Plan, Use
from argosy_compiler.structure import structure_of
from argosy_schemas.formats.packed_ir import REFERENCE_PREFIX
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Pipeline

PASSES: Final[tuple[Callable[[Plan], Plan], ...]] = (
    decide,
    enumerate_uses,
    count_nodes,
    bound_loops,
    refuse,
    place_ir,
    arrange_dags,
    add_exit_twins,
    fit_limits,
    assemble_workflow,
)
"""Each takes the plan that the one before returned, and never changes it."""

PassListener: TypeAlias = Callable[[str, Plan], None]
"""Called with the name of a pass and the plan that it returned."""


def compile_pipeline(
    pipeline: Pipeline,
    options: CompileOptions | None = None,
    *,
    on_pass: PassListener | None = None,
) -> Compiled:
    """Return the Argo Workflow of ``pipeline``.

    Args:
        pipeline: As :func:`argosy_schemas.reading.pipeline.read_pipeline` returns it.
        options: ``None``: the defaults.
        on_pass: Called after each pass, before any with ``pipeline`` as the name.

    Raises:
        InvalidPipelineError: The pipeline says what no workflow can; all problems of the
            passes before ``refuse``, or of one after it.
        InvalidArgumentError: The options do not fit the pipeline, e.g. its IR is too large.
    """
    plan = Plan(
        pipeline=pipeline,
        options=options or CompileOptions(),
        structure=structure_of(pipeline),
    )
    if on_pass is not None:
        on_pass("pipeline", plan)
    for run in PASSES:
        plan = run(plan)
        if on_pass is not None:
            on_pass(run.__name__, plan)
    referred = plan.ir_text.startswith(REFERENCE_PREFIX)
    return Compiled(
        workflow=plan.workflow,
        ir=plan.ir,
        ir_digest=plan.ir_text.removeprefix(REFERENCE_PREFIX) if referred else None,
        config_map=plan.config_map,
        notes=plan.notes,
        counts=plan.node_counts[Use(component=ROOT)],
    )

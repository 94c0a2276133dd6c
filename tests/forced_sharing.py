"""Compile with templates shared as if Argo took no more than one."""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler import PASSES, Compiled, CompileOptions
from argosy_compiler.passes.share_templates import share_templates, shared_templates
from argosy_compiler.plan import Plan
from argosy_compiler.structure import structure_of
from argosy_schemas.ir import Pipeline

ANY_NUMBER = 1_000_000


def compile_shared(pipeline: Pipeline, options: CompileOptions, *, named: bool = True) -> Compiled:
    plan = Plan(
        pipeline=pipeline,
        options=replace(options, max_templates=ANY_NUMBER),
        structure=structure_of(pipeline),
    )
    for run in PASSES:
        if run is share_templates:
            plan = replace(plan, templates=tuple(shared_templates(plan.templates, named=named)))
        else:
            plan = run(plan)
    return Compiled(workflow=plan.workflow, ir=plan.ir, notes=plan.notes)

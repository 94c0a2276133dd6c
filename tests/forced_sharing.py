"""Compile with templates shared, as if Argo took no more than one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from argosy_compiler import PASSES, Compiled, CompileOptions
from argosy_compiler.passes.share_templates import share_templates, shared_templates
from argosy_compiler.plan import Plan, Use
from argosy_compiler.structure import structure_of
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Pipeline

ANY_NUMBER = 1_000_000


def compile_shared(pipeline: Pipeline, options: CompileOptions, *, named: bool = True) -> Compiled:
    def share(plan: Plan) -> Plan:
        return replace(plan, templates=tuple(shared_templates(plan.templates, named=named)))

    return _compile(pipeline, options, {share_templates: share})


def _compile(
    pipeline: Pipeline,
    options: CompileOptions,
    instead: dict[Callable[[Plan], Plan], Callable[[Plan], Plan]],
) -> Compiled:
    plan = Plan(
        pipeline=pipeline,
        options=replace(options, max_templates=ANY_NUMBER),
        structure=structure_of(pipeline),
    )
    for run in PASSES:
        plan = instead.get(run, run)(plan)
    counts = plan.node_counts[Use(component=ROOT)]
    return Compiled(workflow=plan.workflow, ir=plan.ir, counts=counts, notes=plan.notes)

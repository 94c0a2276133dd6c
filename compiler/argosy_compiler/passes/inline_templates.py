"""Write inline what stock Argo 4 does not take in templates of its own.

That is a DAG that stays whole although it is large (:mod:`argosy_compiler.passes.split_dags`), and
where sharing leaves too many templates, as many as there are too many.
"""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.compiled import Note
from argosy_compiler.large.inlining import inlined
from argosy_compiler.plan import Plan
from argosy_schemas.ir.from_json import ROOT


def inline_templates(plan: Plan) -> Plan:
    """Return the plan with what is inline, if that is allowed: see ``CompileOptions``."""
    options = plan.options
    if not options.inline_dags:
        return plan
    templates = inlined(
        plan.templates, max_templates=options.max_templates, max_tasks=options.max_dag_tasks
    )
    notes = plan.notes
    if len(plan.templates) > options.max_templates:
        held = {one["name"] for one in plan.templates} - {one["name"] for one in templates}
        note = Note(
            path=f"{ROOT}.dag",
            message=f"has {len(plan.templates):,} templates that differ in more than texts, of"
            f" which {len(held):,} are written inline; Argo before 4.0.5"
            " would wait forever for them",
        )
        notes = (*notes, note)
    return replace(plan, templates=templates, notes=notes)

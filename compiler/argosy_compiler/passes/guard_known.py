"""Let a workflow with known results fail where it is run with other arguments.

``argo resubmit -p`` makes another run of a workflow with other parameters. Results that were known
for the first ones would be wrong for it, and so would be the wish to use no cache. A task of the
root compares, and ends in an error that says so; else it is skipped. It has no pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from argosy_compiler.argo.expressions import make_constant, make_tag
from argosy_compiler.argo.names import Names
from argosy_compiler.argo.stand_ins import make_stand_in, make_stand_in_template
from argosy_compiler.argo.template_names import MET_TEMPLATE
from argosy_compiler.compilation import Compilation, Template
from argosy_compiler.passes.assemble_workflow import make_parameters
from argosy_expressions.terms import quote
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.pod import CACHE_PARAMETER

GUARD: Final = "known-results"
_MESSAGE: Final = (
    "this workflow leaves out tasks whose results were known for other arguments; submit the"
    " pipeline anew with argosy submit, not by argo resubmit"
)


def guard_known(compilation: Compilation) -> Compilation:
    """Return the compilation with a guard in the root, if results are known."""
    if not compilation.structure.known:
        return compilation
    templates = [
        _add_guard(compilation, one) if one["name"] == ROOT else one
        for one in compilation.templates
    ]
    if all(one["name"] != MET_TEMPLATE for one in templates):
        templates.append(make_stand_in_template())
    return replace(compilation, templates=tuple(templates))


def _add_guard(compilation: Compilation, root: Template) -> Template:
    dag: Mapping[str, Any] = root["dag"]
    name = Names(task["name"] for task in dag["tasks"]).new(GUARD)
    conditions = " && ".join(_list_conditions(compilation))
    guard = {
        **make_stand_in(name, ""),
        "when": make_tag(f"{conditions} ? 'false' : {quote(_MESSAGE)}"),
    }
    guarded = {**dag, "tasks": [*dag["tasks"], guard]}
    if "target" in dag:
        guarded["target"] = f"{dag['target']} {name}"
    return {**root, "dag": guarded}


def _list_conditions(compilation: Compilation) -> Iterator[str]:
    declared = {one["name"]: one.get("value") for one in make_parameters(compilation)}
    inputs = compilation.pipeline.root.inputs
    for name in (CACHE_PARAMETER, *sorted({*inputs.parameters, *inputs.artifacts})):
        value = compilation.arguments.get(name, declared.get(name))
        yield f"workflow.parameters[{quote(name)}] == {make_constant(value)}"

"""Compile with templates shared, as if Argo took no more than one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from argosy_compiler import CompiledPipeline, CompileOptions, compile_pipeline
from argosy_compiler.large.sharing import share_templates
from argosy_schemas.ir.model import Pipeline

ANY_NUMBER = 1_000_000


def compile_shared(pipeline: Pipeline, options: CompileOptions) -> CompiledPipeline:
    compiled = compile_pipeline(pipeline, replace(options, max_templates=ANY_NUMBER))
    workflow: Any = compiled.workflow
    spec = {**workflow["spec"], "templates": share_templates(workflow["spec"]["templates"])}
    return replace(compiled, workflow={**workflow, "spec": spec})

"""From the IR of a Kubeflow pipeline to an Argo Workflow."""

from argosy_compiler.compile import PASSES, compile_pipeline
from argosy_compiler.compiled_pipeline import CompiledPipeline, Note
from argosy_compiler.options import CompileOptions, IrPlacement

__all__ = [
    "PASSES",
    "CompileOptions",
    "CompiledPipeline",
    "IrPlacement",
    "Note",
    "compile_pipeline",
]

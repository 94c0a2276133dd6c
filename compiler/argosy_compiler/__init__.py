"""From the IR of a Kubeflow pipeline to an Argo Workflow.

A name is imported when it is first used: help texts need the options, and not the compiler.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argosy_compiler.compile import PASSES, compile_pipeline
    from argosy_compiler.compiled_pipeline import CompiledPipeline, Note
    from argosy_compiler.options import CompileOptions, IrPlacement

_MODULES = {
    "PASSES": "argosy_compiler.compile",
    "CompileOptions": "argosy_compiler.options",
    "CompiledPipeline": "argosy_compiler.compiled_pipeline",
    "IrPlacement": "argosy_compiler.options",
    "Note": "argosy_compiler.compiled_pipeline",
    "compile_pipeline": "argosy_compiler.compile",
}

__all__ = [
    "PASSES",
    "CompileOptions",
    "CompiledPipeline",
    "IrPlacement",
    "Note",
    "compile_pipeline",
]


def __getattr__(name: str) -> object:
    """Import a name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'argosy_compiler' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_MODULES[name]), name)

"""Raise all problems that the passes before have found."""

from __future__ import annotations

from argosy_compiler.compilation import Compilation
from argosy_schemas.errors import InvalidPipelineError


def refuse_problems(compilation: Compilation) -> Compilation:
    """Return the compilation unchanged.

    Raises:
        InvalidPipelineError: Something is wrong with the pipeline.
    """
    if compilation.problems:
        raise InvalidPipelineError(*compilation.problems)
    return compilation

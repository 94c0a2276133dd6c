"""Read and compile the source of a pipeline; each problem names file and line.

Lines are those of the file that the caller named. What the SDK compiles from a ``.py`` file has
lines that nobody sees, so there the problem names the file alone.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from argosy_compiler.compile import PassListener, compile_pipeline
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.control_flow.conditions import check_conditions
from argosy_compiler.options import CompileOptions
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.ir.known import KnownTask
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import TaskPath
from argosy_schemas.reading.pipeline import add_lines, read_pipeline
from argosy_schemas.source import Source


def read_source(source: Source, *, max_size_bytes: int) -> Pipeline:
    """Return the pipeline of a source.

    Raises:
        InvalidPipelineError: It breaks rules of the format; all of them, by line.
    """
    try:
        return read_pipeline(
            source.data, file=source.file, max_size_bytes=max_size_bytes, also=check_conditions
        )
    except InvalidPipelineError as error:
        raise _without_generated_lines(error, source) from error


def compile_source(
    source: Source,
    pipeline: Pipeline,
    options: CompileOptions,
    *,
    known: Mapping[TaskPath, KnownTask] | None = None,
    arguments: Mapping[str, str] | None = None,
    on_pass: PassListener | None = None,
) -> CompiledPipeline:
    """Return the workflow of a pipeline that was read from ``source``.

    Arguments are those of :func:`argosy_compiler.compile.compile_pipeline`.

    Raises:
        InvalidPipelineError: No workflow can express it; all problems, by line.
        InvalidArgumentError: The options do not fit it.
    """
    with locate_problems(source):
        return compile_pipeline(
            pipeline, options, known=known, arguments=arguments, on_pass=on_pass
        )


@contextmanager
def locate_problems(source: Source) -> Generator[None]:
    """Add file and line to the problems of a pipeline that was read from ``source``."""
    try:
        yield
    except InvalidPipelineError as error:
        located = add_lines(error, source.data, file=source.file)
        raise _without_generated_lines(located, source) from error


def _without_generated_lines(error: InvalidPipelineError, source: Source) -> InvalidPipelineError:
    if not source.is_generated:
        return error
    return type(error)(*(replace(problem, line=None) for problem in error.problems))

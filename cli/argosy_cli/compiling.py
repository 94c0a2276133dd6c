"""What a person named, read and compiled; what is wrong with it has file and line.

Lines are those of the file that was given. What the SDK compiles of a ``.py`` file has lines that
nobody sees: then the file alone is named.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from argosy_cli.source import Source
from argosy_schemas.errors import InvalidPipelineError

if TYPE_CHECKING:
    from argosy_compiler import Compiled, CompileOptions
    from argosy_schemas.findings import Findings
    from argosy_schemas.ir.model import Pipeline


def read(source: Source, *, max_size_bytes: int) -> Pipeline:
    """Return the pipeline of a source.

    Raises:
        InvalidPipelineError: It breaks rules of the format; all of them, by line.
    """
    from argosy_schemas.reading.pipeline import read_pipeline

    try:
        return read_pipeline(
            source.data, file=source.file, max_size_bytes=max_size_bytes, also=_check_conditions
        )
    except InvalidPipelineError as error:
        raise _told(error, source) from error


def compiled(source: Source, pipeline: Pipeline, options: CompileOptions) -> Compiled:
    """Return the workflow of a pipeline that was read from ``source``.

    Raises:
        InvalidPipelineError: It says what no workflow can; all of it, by line.
        InvalidArgumentError: The options do not fit it.
    """
    from argosy_compiler import compile_pipeline

    with placed(source):
        return compile_pipeline(pipeline, options)


@contextmanager
def placed(source: Source) -> Generator[None]:
    """Give file and line to what is found in a pipeline that was read from ``source``."""
    try:
        yield
    except InvalidPipelineError as error:
        from argosy_schemas.reading.pipeline import add_lines

        raise _told(add_lines(error, source.data, file=source.file), source) from error


def _told(error: InvalidPipelineError, source: Source) -> InvalidPipelineError:
    if not source.is_generated:
        return error
    return type(error)(*(replace(problem, line=None) for problem in error.problems))


def _check_conditions(spec: Mapping[str, Any], reached: Sequence[str], findings: Findings) -> None:
    # The compiler does so as well, for a pipeline that is well-formed; most often it is.
    from argosy_compiler.decisions.conditions import check_conditions

    check_conditions(spec, reached, findings)

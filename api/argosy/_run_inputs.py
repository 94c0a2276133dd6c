"""What a run or a plan needs of a pipeline and of Python values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from argosy._pipelines import Pipeline, PipelineSource, to_source
from argosy._sources import MAX_SIZE_BYTES
from argosy_engine.home.compile_cache import RunnablePipeline, compile_cached
from argosy_schemas.checking.run_parameters import write_run_parameters
from argosy_schemas.formats.packed_ir import unpack
from argosy_schemas.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    """A compiled pipeline, and what it is given, as the engine takes them."""

    pipeline: RunnablePipeline
    parameters: Mapping[str, str]
    artifacts: Mapping[str, str]


def prepare_run_inputs(
    pipeline: Pipeline | PipelineSource,
    arguments: Mapping[str, JsonValue] | None,
    artifacts: Mapping[str, str | os.PathLike[str]] | None,
    home: Path,
) -> RunInputs:
    """Compile a pipeline, or take it from the cache below ``home``, and write values as texts.

    Raises:
        InvalidPipelineError: The pipeline breaks rules of the format, or cannot run.
        InvalidArgumentError: There is no such file, or a value is not JSON.
        MachineError: A ``.py`` file needs ``kfp``, which is not installed.
    """
    compiled = compile_cached(to_source(pipeline), home=home, max_size_bytes=MAX_SIZE_BYTES)
    return RunInputs(
        pipeline=compiled,
        parameters=write_run_parameters(unpack(compiled.ir), arguments) if arguments else {},
        artifacts={name: os.fspath(uri) for name, uri in (artifacts or {}).items()},
    )

"""A pipeline that has been read and checked, and can be compiled, planned and run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from argosy._sources import MAX_SIZE_BYTES, SdkPipeline, load_source
from argosy_schemas.ir.model import ArtifactSpec, ParameterSpec
from argosy_schemas.ir.model import Pipeline as PipelineIr
from argosy_schemas.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A pipeline whose format is right; :func:`read` makes it."""

    name: str
    source: Source = field(repr=False)
    """Internal: the bytes that it was read from."""
    ir: PipelineIr = field(repr=False)
    """Internal: the whole of it."""

    @property
    def display_name(self) -> str:
        """What its author calls it; empty if that is only its name."""
        return self.ir.display_name

    @property
    def description(self) -> str:
        """What its author says of it; may be empty."""
        return self.ir.description

    @property
    def parameters(self) -> Mapping[str, ParameterSpec]:
        """The parameters that a run takes, by name."""
        return self.ir.root.inputs.parameters

    @property
    def artifacts(self) -> Mapping[str, ArtifactSpec]:
        """The artifacts that a run takes, by name."""
        return self.ir.root.inputs.artifacts


PipelineSource: TypeAlias = str | os.PathLike[str] | bytes | SdkPipeline
"""What :func:`read` takes."""


def read(pipeline: PipelineSource, *, max_size_bytes: int = MAX_SIZE_BYTES) -> Pipeline:
    """Read and check a pipeline.

    Args:
        pipeline: The path of what the KFP SDK compiled (``.yaml``, ``.yml``, ``.json``) or of a
            ``.py`` file with one ``@dsl.pipeline`` (``FILE.py:NAME`` picks one of several); the
            bytes of a compiled pipeline; or what ``@dsl.pipeline`` returned. The last two forms of
            source code need ``kfp``. A ``.py`` file is executed, in a process of its own.
        max_size_bytes: Refuse a larger compiled pipeline.

    Raises:
        InvalidPipelineError: It breaks rules of the format; all of them, with file and line.
        InvalidArgumentError: There is no such file, or Argosy does not read its kind.
        MachineError: A ``.py`` file needs ``kfp``, which is not installed.
    """
    return check_source(load_source(pipeline, max_size_bytes=max_size_bytes), max_size_bytes)


def check_source(source: Source, max_size_bytes: int) -> Pipeline:
    """Read and check what has been loaded.

    Raises:
        InvalidPipelineError: As :func:`read`.
    """
    # 0.2 s with the checks of the schema, which a run of a pipeline that ran before does not need.
    from argosy_compiler.sources import read_source

    ir = read_source(source, max_size_bytes=max_size_bytes)
    return Pipeline(name=ir.name, source=source, ir=ir)


def to_source(pipeline: Pipeline | PipelineSource) -> Source:
    """Return the source of a pipeline, whether it has been read or not."""
    return pipeline.source if isinstance(pipeline, Pipeline) else load_source(pipeline)

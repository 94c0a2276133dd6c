"""The inputs that a caller gives to a run: text in, checked values out."""

from __future__ import annotations

from collections.abc import Mapping

from argosy_schemas.ir import Pipeline
from argosy_schemas.records import Artifact
from argosy_schemas.values import JsonValue


def parse_run_parameters(
    pipeline: Pipeline, texts: Mapping[str, str | None]
) -> dict[str, JsonValue]:
    """Return the parameters of a run by name, checked against what the pipeline declares.

    Args:
        pipeline: Declares them.
        texts: Name to text: a STRING as it is, all else JSON. ``None``: not given. May also hold
            the pipeline's input artifacts, which are left to :func:`parse_run_artifacts`.

    Returns:
        A parameter without text has its default, or ``None`` where it is optional.

    Raises:
        InvalidArgumentError: One is missing, not declared, of the wrong type, or not among the
            literals; all of them are named, one a line.
    """
    raise NotImplementedError


def parse_run_artifacts(
    pipeline: Pipeline, texts: Mapping[str, str | None]
) -> dict[str, tuple[Artifact, ...]]:
    """Return the input artifacts of a run by name.

    Args:
        pipeline: Declares them.
        texts: Name to URI or local path. Names of parameters are passed over.

    Raises:
        InvalidArgumentError: A required one is missing.
    """
    raise NotImplementedError

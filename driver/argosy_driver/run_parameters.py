"""The inputs that a caller gives to a run: text in, checked values out."""

from __future__ import annotations

import os
from collections.abc import Mapping

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir import ParameterSpec, Pipeline
from argosy_schemas.names import ArtifactUri
from argosy_schemas.parameters import ParameterValueError, parse_argument
from argosy_schemas.records import Artifact
from argosy_schemas.values import UNSET, JsonValue


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
    declared = pipeline.root.inputs
    problems = _undeclared(pipeline, texts)
    values: dict[str, JsonValue] = {}
    for name, spec in declared.parameters.items():
        try:
            values[name] = _parsed(name, spec, texts.get(name))
        except InvalidArgumentError as error:
            problems.append(str(error))
    if problems:
        raise InvalidArgumentError("\n".join(problems))
    return values


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
    found: dict[str, tuple[Artifact, ...]] = {}
    problems: list[str] = []
    for name, spec in pipeline.root.inputs.artifacts.items():
        text = texts.get(name)
        if text:
            uri = text if "://" in text else f"file://{os.path.abspath(text)}"
            artifact = Artifact(name=name, uri=ArtifactUri(uri), type=spec.type)
            found[name] = (artifact,)
        elif not spec.optional:
            problems.append(f"artifact '{name}' is required; give its URI")
    if problems:
        raise InvalidArgumentError("\n".join(problems))
    return found


def _parsed(name: str, spec: ParameterSpec, text: str | None) -> JsonValue:
    if text is None:
        if spec.default is not UNSET:
            return spec.default
        if spec.optional:
            return None
        raise InvalidArgumentError(
            f"parameter '{name}' is required; give a value of type {spec.type}"
        )
    try:
        return parse_argument(text, spec)
    except ParameterValueError as error:
        raise InvalidArgumentError(f"parameter '{name}': {error}") from error


def _undeclared(pipeline: Pipeline, texts: Mapping[str, str | None]) -> list[str]:
    declared = pipeline.root.inputs
    known = sorted({*declared.parameters, *declared.artifacts})
    unknown = [name for name in texts if name not in known]
    if not unknown:
        return []
    # On errors only; it takes a while to import.
    from difflib import get_close_matches

    problems: list[str] = []
    for name in sorted(unknown):
        near = get_close_matches(name, known, n=1)
        advice = f"did you mean '{near[0]}'?" if near else f"it has {_listed(known)}"
        problems.append(f"the pipeline has no parameter '{name}'; {advice}")
    return problems


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) if names else "none"

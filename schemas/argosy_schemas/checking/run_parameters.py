"""Check the parameters of a run against those that the pipeline declares."""

from __future__ import annotations

from collections.abc import Mapping

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir.model import ParameterType, Pipeline
from argosy_schemas.ir.parameters import ParameterValueError, parse_argument
from argosy_schemas.values import UNSET, JsonValue, to_json


def parse_run_parameters(
    pipeline: Pipeline, texts: Mapping[str, str | None]
) -> dict[str, JsonValue]:
    """Return the parameters of a run by name, from text: a STRING as it is, other types as JSON.

    Args:
        pipeline: The pipeline that declares them.
        texts: Name to text, ``None`` for no value; the names of input artifacts are ignored.

    Returns:
        A parameter without a value has its default, or ``None`` where it is optional.

    Raises:
        InvalidArgumentError: A parameter is missing, not declared, of the wrong type, or not among
            the literals; the message has one line for each of them.
    """
    arguments = {name: text for name, text in texts.items() if text is not None}
    problems = _find_undeclared(pipeline, arguments)
    values: dict[str, JsonValue] = {}
    for name, spec in pipeline.root.inputs.parameters.items():
        if name in arguments:
            try:
                values[name] = parse_argument(arguments[name], spec)
            except ParameterValueError as error:
                problems.append(f"parameter '{name}': {error}")
        elif spec.default is not UNSET:
            values[name] = spec.default
        elif spec.optional:
            values[name] = None
        else:
            problems.append(f"parameter '{name}' is required; give a value of type {spec.type}")
    if problems:
        raise InvalidArgumentError("\n".join(problems))
    return values


def check_arguments(pipeline: Pipeline, texts: Mapping[str, str]) -> None:
    """Check the texts of some parameters; others get theirs later.

    Raises:
        InvalidArgumentError: As :func:`parse_run_parameters`, but for parameters that are missing.
    """
    problems = _find_undeclared(pipeline, texts)
    for name, spec in pipeline.root.inputs.parameters.items():
        if name in texts:
            try:
                parse_argument(texts[name], spec)
            except ParameterValueError as error:
                problems.append(f"parameter '{name}': {error}")
    if problems:
        raise InvalidArgumentError("\n".join(problems))


def list_parameter_types(pipeline: Pipeline) -> dict[str, ParameterType]:
    """Return the parameters of a pipeline by name, with their types."""
    return {name: spec.type for name, spec in pipeline.root.inputs.parameters.items()}


def write_run_parameters(pipeline: Pipeline, values: Mapping[str, JsonValue]) -> dict[str, str]:
    """Return the parameters of a run as the texts that a workflow takes, by name.

    A workflow takes a STRING as it is and every other type as JSON. A STRING whose value is not a
    text becomes the JSON of that value, as in the KFP backend, and ``None`` for a STRING leaves the
    parameter out. An undeclared name stays: the run refuses it.

    Raises:
        InvalidArgumentError: A value is not JSON, e.g. NaN or a set; all of them, one a line.
    """
    declared = list_parameter_types(pipeline)
    texts: dict[str, str] = {}
    problems: list[str] = []
    for name, value in values.items():
        is_text = declared.get(name) in (ParameterType.STRING, None)
        if isinstance(value, str) and is_text:
            texts[name] = value
        elif value is not None or declared.get(name) is not ParameterType.STRING:
            try:
                texts[name] = to_json(value)
            except (TypeError, ValueError) as error:
                problems.append(f"parameter '{name}' is not a JSON value: {error}")
    if problems:
        raise InvalidArgumentError("\n".join(problems))
    return texts


def _find_undeclared(pipeline: Pipeline, arguments: Mapping[str, str]) -> list[str]:
    declared = pipeline.root.inputs
    known = sorted({*declared.parameters, *declared.artifacts})
    unknown = sorted(name for name in arguments if name not in known)
    if not unknown:
        return []
    # Only on errors: the import takes a while.
    from difflib import get_close_matches

    problems: list[str] = []
    for name in unknown:
        near = get_close_matches(name, known, n=1)
        advice = f"did you mean '{near[0]}'?" if near else f"it has {_join_names(known)}"
        problems.append(f"the pipeline has no parameter '{name}'; {advice}")
    return problems


def _join_names(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) if names else "none"

"""The parameters of a run, checked against what the pipeline declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir.model import ParameterSpec, ParameterType, Pipeline
from argosy_schemas.ir.parameters import ParameterValueError, check_argument, parse_argument
from argosy_schemas.values import UNSET, JsonValue, to_json

T = TypeVar("T")


def check_run_parameters(
    pipeline: Pipeline, given: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return the parameters of a run by name, from values.

    Args:
        pipeline: Declares them.
        given: Name to value; a name of an input artifact is passed over.

    Returns:
        A parameter that is not given has its default, or ``None`` where it is optional.

    Raises:
        InvalidArgumentError: One is missing, not declared, of the wrong type, or not among the
            literals; all of them are named, one a line.
    """
    return _checked(pipeline, given, check_argument)


def parse_run_parameters(
    pipeline: Pipeline, texts: Mapping[str, str | None]
) -> dict[str, JsonValue]:
    """Return the parameters of a run by name, from texts: a STRING as it is, all else JSON.

    As :func:`check_run_parameters`; ``None`` stands for a parameter that is not given.
    """
    given = {name: text for name, text in texts.items() if text is not None}
    return _checked(pipeline, given, parse_argument)


def write_run_parameters(pipeline: Pipeline, values: Mapping[str, JsonValue]) -> dict[str, str]:
    """Return the parameters of a run as the texts that a workflow takes, by name.

    A workflow takes a STRING as it is and every other type as JSON. A value for a STRING that is no
    text becomes its JSON, as the KFP backend coerces it, and ``None`` for a STRING leaves the
    parameter out. An undeclared name stays: the run refuses it.

    Raises:
        InvalidArgumentError: A value is not JSON, e.g. NaN or a set; all of them, one a line.
    """
    declared = {name: spec.type for name, spec in pipeline.root.inputs.parameters.items()}
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


def _checked(
    pipeline: Pipeline, given: Mapping[str, T], read: Callable[[T, ParameterSpec], JsonValue]
) -> dict[str, JsonValue]:
    problems = _undeclared(pipeline, given)
    values: dict[str, JsonValue] = {}
    for name, spec in pipeline.root.inputs.parameters.items():
        if name in given:
            try:
                values[name] = read(given[name], spec)
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


def _undeclared(pipeline: Pipeline, given: Mapping[str, T]) -> list[str]:
    declared = pipeline.root.inputs
    known = sorted({*declared.parameters, *declared.artifacts})
    unknown = sorted(name for name in given if name not in known)
    if not unknown:
        return []
    # On errors only; it takes a while to import.
    from difflib import get_close_matches

    problems: list[str] = []
    for name in unknown:
        near = get_close_matches(name, known, n=1)
        advice = f"did you mean '{near[0]}'?" if near else f"it has {_listed(known)}"
        problems.append(f"the pipeline has no parameter '{name}'; {advice}")
    return problems


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) if names else "none"

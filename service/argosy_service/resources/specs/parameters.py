"""The parameters of a run against those that its pipeline declares."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Value

from argosy_schemas.checking.run_parameters import (
    list_parameter_types,
    parse_run_parameters,
    write_run_parameters,
)
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir.model import ParameterType, Pipeline
from argosy_schemas.values import JsonValue, normalize
from argosy_service.errors import InvalidRequestError


def check_parameters(pipeline: Pipeline, parameters: Mapping[str, Value]) -> None:
    """Refuse parameters that are missing, not declared, of the wrong type or no literal.

    Raises:
        InvalidRequestError: One line for each of them.
    """
    values = to_json_values(parameters)
    types = list_parameter_types(pipeline)
    problems = [
        f"parameter '{name}': it is a {types[name]}, and its value is no text; give a text"
        for name, value in values.items()
        if types.get(name) is ParameterType.STRING and not isinstance(value, str)
    ]
    try:
        parse_run_parameters(pipeline, write_run_parameters(pipeline, values))
    except InvalidArgumentError as error:
        problems += str(error).splitlines()
    if problems:
        raise InvalidRequestError("\n".join(problems))


def to_json_values(parameters: Mapping[str, Value]) -> dict[str, JsonValue]:
    """Return parameters as JSON values."""
    return {name: normalize(json_format.MessageToDict(value)) for name, value in parameters.items()}

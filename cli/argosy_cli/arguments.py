"""What a person gives a run: parameters and artifacts, from options and files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard, cast

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir import ParameterType
from argosy_schemas.values import JsonValue, to_json


def parse_assignments(words: Sequence[str], *, option: str) -> dict[str, str]:
    """Return ``NAME=VALUE`` words as a mapping; the last of a name wins.

    Raises:
        InvalidArgumentError: A word has no ``=``, or nothing before it.
    """
    assignments: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise InvalidArgumentError(f"{option} '{word}': write it as NAME=VALUE")
        assignments[name] = value
    return assignments


def read_parameters_file(path: Path) -> Mapping[str, Any]:
    """Return the JSON or YAML object in ``path``.

    Raises:
        InvalidArgumentError: The file cannot be read, or holds no object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgumentError(f"--params-file '{path}' cannot be read: {error}") from error
    content: Any = _parse(text, path)
    if content is None:
        return {}
    if not _is_object(content):
        raise InvalidArgumentError(
            f"--params-file '{path}' must hold an object of parameter names and values"
        )
    return content


def _is_object(content: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(content, dict) and all(isinstance(key, str) for key in cast("Any", content))


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        if path.suffix == ".json":
            raise InvalidArgumentError(f"--params-file '{path}' is no JSON: {error}") from error
    import yaml  # 17 ms, and most runs have no YAML parameters

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = " ".join(str(error).split())
        raise InvalidArgumentError(f"--params-file '{path}' is no YAML: {message}") from error


def parameter_texts(
    declared: Mapping[str, ParameterType], given: Mapping[str, JsonValue], texts: Mapping[str, str]
) -> dict[str, str]:
    """Return each given parameter as the text that a workflow takes; ``texts`` goes before.

    A workflow takes a STRING as it is and every other type as JSON. A value of the file for a
    STRING that is no text is kept as its JSON, as the KFP backend coerces it, and its ``null`` is a
    parameter not given; an undeclared name passes, for the run to refuse it.
    """
    written = {
        name: value
        if isinstance(value, str) and declared.get(name) in (ParameterType.STRING, None)
        else to_json(value)
        for name, value in given.items()
        if value is not None or declared.get(name) is not ParameterType.STRING
    }
    return written | dict(texts)

"""What a person gives a run: parameters and artifacts, from options and files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard, cast

from argosy_schemas.errors import InvalidArgumentError


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

"""What a person gives a run: parameters and artifacts, from options and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.values import JsonValue, to_json

DEFAULT_HOME = ".argosy"
"""Of runs, in the directory that a command is called in."""


def parse_assignments(words: Sequence[str], *, option: str) -> dict[str, str]:
    """Return ``NAME=VALUE`` words as a mapping; the last of a name wins.

    Raises:
        InvalidArgumentError: A word has no ``=``, or nothing before it, or is no UTF-8.
    """
    assignments: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise InvalidArgumentError(f"{option} '{word}': write it as NAME=VALUE")
        # Python keeps a byte that is no UTF-8 as half of a surrogate pair; no record could hold it.
        if any("\ud800" <= character <= "\udfff" for character in word):
            shown = ascii(name)[1:-1]
            raise InvalidArgumentError(f"{option} '{shown}' is no UTF-8; encode it as such")
        assignments[name] = value
    return assignments


def read_parameters_file(path: Path) -> Mapping[str, JsonValue]:
    """Return the JSON or YAML object in ``path``.

    Raises:
        InvalidArgumentError: The file cannot be read, is no JSON or YAML, or holds no object.
    """
    # With YAML it costs 17 ms, and most runs have no file of parameters.
    from argosy_schemas.reading.documents import read_values

    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidArgumentError(f"--params-file '{path}' cannot be read: {reason}") from error
    try:
        documents = read_values(
            data, file=f"--params-file '{path}'", is_json=path.suffix == ".json"
        )
    except InvalidPipelineError as error:
        raise InvalidArgumentError(str(error)) from error
    match documents:
        case [] | [None]:
            return {}
        case [Mapping() as members]:
            return members
        case _:
            raise InvalidArgumentError(
                f"--params-file '{path}' must hold an object of parameter names and values"
            )


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

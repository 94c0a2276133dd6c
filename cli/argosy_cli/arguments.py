"""Arguments of commands: the pipeline, its parameters and artifacts, from options and files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import argosy._sources as sources
from argosy_driver.stand_ins import StandIns, make_stand_ins
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError
from argosy_schemas.ir.model import ParameterType, Pipeline
from argosy_schemas.source import Source
from argosy_schemas.values import JsonValue


def load_argument(name: str, *, max_size_bytes: int) -> Source:
    """Return the compiled pipeline behind a path, ``FILE.py:NAME``, or ``-`` for standard input.

    Raises:
        InvalidArgumentError: There is no such file, or Argosy does not read its kind.
        InvalidPipelineError: It is larger than ``max_size_bytes``, or the SDK refuses it.
        MachineError: A ``.py`` file needs the KFP SDK, which is not installed.
    """
    if name != "-":
        return sources.load_source(name, max_size_bytes=max_size_bytes)
    data = sys.stdin.buffer.read(max_size_bytes + 1)
    return sources.limit_source("<stdin>", data, max_size_bytes)


def parse_assignments(
    words: Sequence[str], *, option: str, value_name: str = "VALUE"
) -> dict[str, str]:
    """Return ``NAME=VALUE`` words as a mapping; the last value of a name wins.

    Raises:
        InvalidArgumentError: A word has no ``=``, has no name before it, or is not UTF-8.
    """
    assignments: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise InvalidArgumentError(f"{option} '{word}': write it as NAME={value_name}")
        # Python turns a byte that is not UTF-8 into half of a surrogate pair; no record holds one.
        if any("\ud800" <= character <= "\udfff" for character in word):
            shown = ascii(name)[1:-1]
            raise InvalidArgumentError(f"{option} '{shown}' is not UTF-8; encode it as UTF-8")
        assignments[name] = value
    return assignments


def parse_stand_ins(
    *,
    claims: Sequence[str],
    secrets: Sequence[str],
    config_maps: Sequence[str],
    env_file: Path | None,
) -> StandIns:
    """Return what options give in place of objects of a cluster.

    Raises:
        InvalidArgumentError: A word is not an assignment, a directory does not exist, or the file
            cannot be read.
    """
    return make_stand_ins(
        claims=parse_assignments(claims, option="--claim", value_name="DIR"),
        secrets=parse_assignments(secrets, option="--secret", value_name="DIR"),
        config_maps=parse_assignments(config_maps, option="--config-map", value_name="DIR"),
        env_file=env_file,
    )


def read_patch_file(path: Path) -> Mapping[str, JsonValue]:
    """Return the JSON or YAML object in a file of ``--patch``.

    Raises:
        InvalidArgumentError: The file cannot be read, is not JSON or YAML, or holds no object.
    """
    from argosy_schemas.reading.documents import read_values

    try:
        documents = read_values(
            path.read_bytes(), file=f"--patch '{path}'", is_json=path.suffix == ".json"
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidArgumentError(f"--patch '{path}' cannot be read: {reason}") from error
    except InvalidPipelineError as error:
        raise InvalidArgumentError(str(error)) from error
    match documents:
        case [Mapping() as members]:
            return members
        case _:
            raise InvalidArgumentError(
                f"--patch '{path}' must hold one object, a part of a workflow"
            )


def parse_parameters(
    assignments: Sequence[str], file: Path | None, read_pipeline: Callable[[], Pipeline]
) -> dict[str, str]:
    """Return the parameters of a run: those of ``--params-file``, which those of ``--param`` hide.

    Args:
        assignments: ``NAME=VALUE`` words of ``--param``.
        file: Of ``--params-file``; ``None``: it is not given.
        read_pipeline: Returns the pipeline; called where a file is given.

    Raises:
        InvalidArgumentError: A word is not an assignment, or the file or a value in it cannot be
            read.
    """
    parameters = parse_assignments(assignments, option="--param")
    if file is None:
        return parameters
    from argosy_schemas.checking.run_parameters import list_parameter_types, write_run_parameters

    pipeline = read_pipeline()
    values = read_parameters_file(file, list_parameter_types(pipeline))
    return write_run_parameters(pipeline, values) | parameters


def read_parameters_file(
    path: Path, declared: Mapping[str, ParameterType]
) -> Mapping[str, JsonValue]:
    """Return the JSON or YAML object in ``path``.

    The type of a parameter decides what an unquoted scalar of YAML means: ``3.10`` is text for a
    STRING, and ``012`` twelve for a number.

    Args:
        path: A file whose name ends in ``.json`` holds JSON, another one either.
        declared: The parameters of the pipeline, and their types.

    Raises:
        InvalidArgumentError: The file cannot be read, is not JSON or YAML, or holds no object.
    """
    # The import of YAML takes 17 ms, and most runs have no parameters file.
    from argosy_schemas.reading.documents import read_values
    from argosy_schemas.reading.yaml_values import read_plain_scalars

    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidArgumentError(f"--params-file '{path}' cannot be read: {reason}") from error
    is_json = path.suffix == ".json"
    try:
        documents = read_values(data, file=f"--params-file '{path}'", is_json=is_json)
    except InvalidPipelineError as error:
        raise InvalidArgumentError(str(error)) from error
    match documents:
        case [] | [None]:
            return {}
        case [Mapping() as members]:
            plain = {} if is_json else read_plain_scalars(data.decode("utf-8-sig"))
            return {
                name: _read_by_type(value, plain.get(name), declared.get(name))
                for name, value in members.items()
            }
        case _:
            raise InvalidArgumentError(
                f"--params-file '{path}' must hold an object of parameter names and values"
            )


def _read_by_type(value: JsonValue, text: str | None, kind: ParameterType | None) -> JsonValue:
    """Return the value of a parameter.

    Args:
        value: What YAML or JSON says.
        text: What is written, if that is an unquoted scalar of YAML.
        kind: The declared type; ``None``: there is no such parameter.
    """
    if text is None or value is None:
        return value
    match kind:
        case ParameterType.STRING:
            return text
        case ParameterType.NUMBER_INTEGER | ParameterType.NUMBER_DOUBLE:
            for read in (int, float):
                with suppress(ValueError):
                    return read(text)
            return text
        case _:
            return value

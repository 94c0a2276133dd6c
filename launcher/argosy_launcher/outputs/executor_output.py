"""Read the file in which a KFP executor reports the outputs of a component.

It is ``ExecutorOutput`` of ``pipeline_spec.proto`` as JSON, in proto's camelCase or the SDK's
snake_case (``ir-semantics`` 7.6). Unknown keys are errors, since a misspelt key would silently lose
an output. The types of values are checked later, against the outputs that the component declares.

Python writes NaN and Infinity, which JSON does not have: the first threshold of scikit-learn's ROC
curves is infinite. Metadata keeps them as the strings "NaN", "Infinity" and "-Infinity", as
proto-JSON writes such numbers; a parameter must not have them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.parameters import describe_json_type
from argosy_schemas.values import (
    MAX_DEPTH,
    JsonValue,
    find_non_finite,
    is_deeper,
    name_non_finite,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedArtifact:
    """One artifact as a component reports it; fields that it does not report are empty."""

    name: str = ""
    uri: str = ""
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Not normalized: ``1.0`` stays ``1.0``. NaN and Infinity are strings."""
    custom_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOutput:
    """The outputs that a component reports, by name."""

    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    artifacts: Mapping[str, tuple[ReportedArtifact, ...]] = field(
        default_factory=dict[str, tuple[ReportedArtifact, ...]]
    )


def parse_executor_output(data: bytes, *, path: str) -> ExecutorOutput:
    """Return the outputs in the file.

    Args:
        data: The bytes of the file; an empty file reports no outputs.
        path: The path of the file, for messages.

    Raises:
        TaskError: It is not the JSON of an ``ExecutorOutput``, or a parameter has NaN or Infinity.
    """
    if not data.strip():
        return ExecutorOutput()
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        detail = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _make_error(path, f"is not JSON ({detail}); write one JSON object") from error
    if data.count(b"[") + data.count(b"{") > _MAX_DEPTH and is_deeper(document, _MAX_DEPTH):
        raise _make_error(
            path, f"is nested more than {MAX_DEPTH} levels deep; write flatter values"
        )
    top = _read_object(document, path, "the file")
    _refuse_unknown(top, _TOP_KEYS, path, "the file")
    parameters = _read_object(
        _get_either(top, "parameterValues", "parameter_values"), path, _PARAMETERS
    )
    for name, value in parameters.items():
        _refuse_non_finite(value, name, path)
    lists = _read_object(top.get("artifacts"), path, "'artifacts'")
    return ExecutorOutput(
        parameters=parameters,
        artifacts={name: _read_artifacts(value, name, path) for name, value in lists.items()},
    )


_PARAMETERS = "'parameterValues'"
_MAX_DEPTH = MAX_DEPTH + 5
"""Metadata begins on the sixth level."""
_TOP_KEYS = {"parameterValues", "parameter_values", "artifacts", "parameters"}
_ARTIFACT_KEYS = {
    "name",
    "uri",
    "metadata",
    "custom_path",
    "customPath",
    # Fields of the proto without effect (``ir-semantics`` 7.6).
    "type",
    "properties",
    "custom_properties",
    "customProperties",
}


def _read_artifacts(value: Any, name: str, path: str) -> tuple[ReportedArtifact, ...]:
    where = f"'artifacts.{name}'"
    holder = _read_object(value, path, where)
    _refuse_unknown(holder, {"artifacts"}, path, where)
    items: Any = holder.get("artifacts")
    if items is None:
        return ()
    if not isinstance(items, list):
        raise _make_error(
            path, f"has {describe_json_type(items)} for 'artifacts.{name}.artifacts'; write a list"
        )
    return tuple(
        _read_artifact(item, f"'artifacts.{name}.artifacts[{index}]'", path)
        for index, item in enumerate(cast("list[object]", items))
    )


def _read_artifact(value: Any, where: str, path: str) -> ReportedArtifact:
    members = _read_object(value, path, where)
    _refuse_unknown(members, _ARTIFACT_KEYS, path, where)
    return ReportedArtifact(
        name=_read_text(members.get("name"), path, f"{where[:-1]}.name'"),
        uri=_read_text(members.get("uri"), path, f"{where[:-1]}.uri'"),
        metadata=_keep_non_finite(
            _read_object(members.get("metadata"), path, f"{where[:-1]}.metadata'")
        ),
        custom_path=_read_text(
            _get_either(members, "custom_path", "customPath"), path, f"{where[:-1]}.custom_path'"
        ),
    )


def _read_object(value: Any, path: str, where: str) -> dict[str, Any]:
    """Return a JSON object; ``null`` and a missing one count as empty, as in proto-JSON."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _make_error(path, f"has {describe_json_type(value)} for {where}; write an object")
    return cast("dict[str, Any]", value)


def _read_text(value: Any, path: str, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _make_error(path, f"has {describe_json_type(value)} for {where}; write a string")
    # Names of files and objects are made of it.
    if "\0" in value or not _is_unicode(value):
        raise _make_error(
            path, f"has a NUL character or half of a surrogate pair in {where}; write plain text"
        )
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _get_either(members: Mapping[str, Any], first: str, second: str) -> Any:
    value = members.get(first)
    return members.get(second) if value is None else value


def _refuse_unknown(members: Mapping[str, Any], known: set[str], path: str, where: str) -> None:
    unknown = sorted(set(members) - known)
    if unknown:
        raise _make_error(
            path, f"has the unknown key '{unknown[0]}' in {where}; remove or rename it"
        )


def _refuse_non_finite(value: Any, name: str, path: str) -> None:
    found = find_non_finite(value)
    if found is not None:
        where, number = found
        place = f"output parameter '{name}'" + (f" at '{where}'" if where else "")
        raise _make_error(
            path,
            f"has {number} in {place}, which is not a JSON number; write a finite number or null",
        )


def _keep_non_finite(value: Any) -> Any:
    """Return a JSON value with NaN and Infinity as strings."""
    if isinstance(value, float):
        return value if math.isfinite(value) else name_non_finite(value)
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {key: _keep_non_finite(item) for key, item in members.items()}
    if isinstance(value, list):
        return [_keep_non_finite(item) for item in cast("list[object]", value)]
    return value


def _make_error(path: str, problem: str) -> TaskError:
    return TaskError(f"executor output '{path}' {problem}", reason=Reason.INVALID_OUTPUT)

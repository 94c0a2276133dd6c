"""Read the file in which a KFP executor says what a component produced.

It is ``ExecutorOutput`` of ``pipeline_spec.proto`` as JSON, in proto's camelCase or the SDK's
snake_case (``ir-semantics`` 7.6). The shape is held strictly, since a misspelt key would lose an
output without a word. Values are not checked here: their types are the component's affair.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.parameters import describe_json_type
from argosy_schemas.values import MAX_DEPTH, JsonValue

MAX_EXECUTOR_OUTPUT_BYTES = 256 * 1024 * 1024
"""Above it the launcher would need more memory for the JSON than its container has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedArtifact:
    """What a component says of one artifact; empty where it says nothing."""

    name: str = ""
    uri: str = ""
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Verbatim: ``1.0`` stays ``1.0``."""
    custom_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOutput:
    """What a component says it produced, by output name."""

    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    artifacts: Mapping[str, tuple[ReportedArtifact, ...]] = field(
        default_factory=dict[str, tuple[ReportedArtifact, ...]]
    )


def parse_executor_output(data: bytes, *, path: str) -> ExecutorOutput:
    """Return what the file says.

    Args:
        data: The bytes of the file; none count as a file that says nothing.
        path: Where the component wrote it, for messages.

    Raises:
        TaskError: It is not the JSON of an ``ExecutorOutput``, or holds NaN or Infinity.
    """
    if not data.strip():
        return ExecutorOutput()
    try:
        document = json.loads(data, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        detail = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _invalid(path, f"is not JSON ({detail}); write one JSON object") from error
    if data.count(b"[") + data.count(b"{") > _MAX_DEPTH and _is_deeper(document, _MAX_DEPTH):
        raise _invalid(path, f"is nested more than {MAX_DEPTH} levels deep; write flatter values")
    top = _object(document, path, "the file")
    _refuse_unknown(top, _TOP_KEYS, path, "the file")
    parameters = _object(_either(top, "parameterValues", "parameter_values"), path, _PARAMETERS)
    lists = _object(top.get("artifacts"), path, "'artifacts'")
    return ExecutorOutput(
        parameters=parameters,
        artifacts={name: _artifacts(value, name, path) for name, value in lists.items()},
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
    # Known to the proto, without effect (``ir-semantics`` 7.6).
    "type",
    "properties",
    "custom_properties",
    "customProperties",
}


def _is_deeper(document: JsonValue, levels: int) -> bool:
    """Return whether more than ``levels`` lists and objects lie in one another."""
    level: list[JsonValue] = [document]
    for _ in range(levels + 1):
        inner: list[JsonValue] = []
        for holder in level:
            if isinstance(holder, Mapping):
                inner.extend(holder.values())
            elif isinstance(holder, Sequence) and not isinstance(holder, str):
                inner.extend(holder)
        if not inner:
            return False
        level = inner
    return True


def _artifacts(value: Any, name: str, path: str) -> tuple[ReportedArtifact, ...]:
    where = f"'artifacts.{name}'"
    holder = _object(value, path, where)
    _refuse_unknown(holder, {"artifacts"}, path, where)
    items: Any = holder.get("artifacts")
    if items is None:
        return ()
    if not isinstance(items, list):
        raise _invalid(
            path, f"has {describe_json_type(items)} for 'artifacts.{name}.artifacts'; write a list"
        )
    return tuple(
        _artifact(item, f"'artifacts.{name}.artifacts[{index}]'", path)
        for index, item in enumerate(cast("list[object]", items))
    )


def _artifact(value: Any, where: str, path: str) -> ReportedArtifact:
    members = _object(value, path, where)
    _refuse_unknown(members, _ARTIFACT_KEYS, path, where)
    return ReportedArtifact(
        name=_text(members.get("name"), path, f"{where[:-1]}.name'"),
        uri=_text(members.get("uri"), path, f"{where[:-1]}.uri'"),
        metadata=_object(members.get("metadata"), path, f"{where[:-1]}.metadata'"),
        custom_path=_text(
            _either(members, "custom_path", "customPath"), path, f"{where[:-1]}.custom_path'"
        ),
    )


def _object(value: Any, path: str, where: str) -> dict[str, Any]:
    """Return a JSON object; ``null`` and absence count as an empty one, as in proto-JSON."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _invalid(path, f"has {describe_json_type(value)} for {where}; write an object")
    return cast("dict[str, Any]", value)


def _text(value: Any, path: str, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _invalid(path, f"has {describe_json_type(value)} for {where}; write a string")
    return value


def _either(members: Mapping[str, Any], first: str, second: str) -> Any:
    value = members.get(first)
    return members.get(second) if value is None else value


def _refuse_unknown(members: Mapping[str, Any], known: set[str], path: str, where: str) -> None:
    unknown = sorted(set(members) - known)
    if unknown:
        raise _invalid(path, f"has the unknown key '{unknown[0]}' in {where}; remove or rename it")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        _refuse_constant(text)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"'{name}' is not a JSON number; write a finite number or null")


def _invalid(path: str, problem: str) -> TaskError:
    return TaskError(f"executor output '{path}' {problem}", reason=Reason.INVALID_OUTPUT)
